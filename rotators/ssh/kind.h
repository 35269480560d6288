/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of key is made: what the target's key_type says, else what the current key is; an RSA key then of as many
 * bits, rounded up to 2048, 3072 or 4096.
 */
#ifndef ROTATORS_SSH_KIND_H
#define ROTATORS_SSH_KIND_H

#include "base/ssh_public.h"

struct key_kind {
	enum key_family family;
	unsigned bits; /* 0: as found */
};
/* "ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "rsa-3072", "rsa-4096". */
extern const char *const key_kind_names[8]; /* NULL at the end */
struct key_kind key_kind_named(size_t index);
/* What is made for WANTED where the present key is CURRENT (NULL: none). */
struct key_kind key_kind_choose(struct key_kind wanted, const struct ssh_public *current);
const char *key_kind_text(struct key_kind kind);
/* Are keys of both kinds taken, or neither, whatever the host's rules for kinds are? */
bool key_kind_equal(struct key_kind a, struct key_kind b);

#endif
