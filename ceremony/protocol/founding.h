/* SPDX-License-Identifier: Apache-2.0 */
/* What `init` fixed; every charter repeats it. */
#ifndef CEREMONY_PROTOCOL_FOUNDING_H
#define CEREMONY_PROTOCOL_FOUNDING_H

#include "base/json_in.h"
#include "vault/documents/charter.h"

struct founding {
	struct digest init; /* a nonce */
	char name[VAULT_NAME_MAX + 1];
	bool training;
	char copy[4096]; /* ceremony/server/vault/copy_sink.h */
};
/* Members "init", "name", "training" and "copy". */
void put_founding(struct json *object, const struct founding *founding);
void in_founding(struct json_in *in, struct founding *ret_founding);
/* All but "init": what the founder chooses. */
void in_founding_choice(struct json_in *in, struct founding *ret_founding);

#endif
