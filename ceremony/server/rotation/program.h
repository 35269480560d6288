/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a definition names. */
#ifndef CEREMONY_SERVER_ROTATION_PROGRAM_H
#define CEREMONY_SERVER_ROTATION_PROGRAM_H

#include "ceremony/server/vault/session.h"
#include "rotators/contract/rotator.h"
#include "vault/documents/definition.h"

/* As rotator_find_defined; ERR_VERSION: it speaks another contract than the one that was agreed to. */
enum err_code program_of(const struct session *session, const struct definition *definition,
    struct rotator_found *ret_found, struct err *err) MUST_CHECK;
/* What a rotator of DEFINITION is started with: PROGRAM, its target, and how long a verb may take. */
struct rotator_start program_start(const struct session *session,
    const struct definition *definition, const struct rotator_found *program);

#endif
