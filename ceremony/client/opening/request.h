/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a ceremony of 1 to 500 secrets. */
#ifndef CEREMONY_CLIENT_OPENING_REQUEST_H
#define CEREMONY_CLIENT_OPENING_REQUEST_H

#include "base/text.h"
#include "ceremony/client/opening/choose.h"
#include "vault/documents/id.h"

struct ask_result {
	char id[ID_HEX_SIZE];
	char words[TEXT_WORDS_SIZE];
	size_t count; /* secrets; LEFT: more that one ceremony could not take */
	size_t left;
	int64_t deadline;
	char quorum[QUORUM_TEXT_MAX + 1]; /* of the first */
};
/* What ask_run will ask for; PLAN is a struct ask_plan. */
void ask_foresee(struct client *client, const void *plan);
/* Verify the secrets, sign the request (touch 1 of 1), verify the host's ceremony statement.
 * ERR_USAGE: a list that is empty, too long, or names a secret or recipient twice;
 * ERR_NOT_FOUND: no such secret or token, or nothing to do; ERR_REFUSED: a secret or token that
 * cannot be used now.  All of these come before PIN and touch. */
enum err_code ask_run(struct client *client, const struct ask_plan *plan,
    struct ask_result *ret_result, struct err *err) MUST_CHECK;

#endif
