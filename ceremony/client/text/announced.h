/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition announces, in words for people. */
#ifndef CEREMONY_CLIENT_TEXT_ANNOUNCED_H
#define CEREMONY_CLIENT_TEXT_ANNOUNCED_H

#include "base/announcement.h"
#include "base/bytes.h"
#include "vault/documents/definition.h"

enum { ANNOUNCED_TEXT_SIZE = 400 };
/* "the old value goes when the new one works; changed by the credential itself; dead when the target refuses it ...". */
void announced_text(const struct announcement *announced, char ret_text[ANNOUNCED_TEXT_SIZE]);
/* "its host_key, user": which members of the target tell its account from others.  Appended; all: nothing. */
void announced_account(const struct announcement *announced, struct buf *text);

/* "ssh-key, which comes with Halligan": which rotator DEFINITION names.  Appended. */
void announced_rotator(const struct definition *definition, struct buf *text);

#endif
