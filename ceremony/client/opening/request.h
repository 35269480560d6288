/* SPDX-License-Identifier: Apache-2.0 */
/* Requesting a secret. */
#ifndef CEREMONY_CLIENT_OPENING_REQUEST_H
#define CEREMONY_CLIENT_OPENING_REQUEST_H

#include "base/text.h"
#include "ceremony/client/opening/list.h"

struct ask_plan {
	const char *secret, *reason, *incident;
	int64_t duration;        /* seconds */
	const char *host, *user; /* where and as whom this is asked, for the officers to read */
};
struct ask_result {
	char id[ID_HEX_SIZE];
	char words[TEXT_WORDS_SIZE];
	int64_t deadline;
	char quorum[QUORUM_TEXT_MAX + 1];
};
/* Verify the secret, sign the request (touch 1 of 1), verify the host's ceremony statement. */
enum err_code ask_run(struct client *client, const struct ask_plan *plan,
    struct ask_result *ret_result, struct err *err) MUST_CHECK;

#endif
