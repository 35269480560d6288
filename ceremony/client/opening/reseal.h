/* SPDX-License-Identifier: Apache-2.0 */
/* What should be sealed again, and the request for one batch ceremony that does it. */
#ifndef CEREMONY_CLIENT_OPENING_RESEAL_H
#define CEREMONY_CLIENT_OPENING_RESEAL_H

#include "base/text.h"
#include "ceremony/client/opening/list.h"
#include "ceremony/protocol/statements_host.h"

struct reseal_row { /* the server's word; officers verify what they approve */
	struct item open;
	char why[NOTE_TEXT_MAX + 1]; /* "" when nothing speaks for it */
	int64_t left;                /* since when a token that left has an envelope; 0 */
	bool can;                    /* a batch can open it; else CANNOT says why not */
	char cannot[NOTE_TEXT_MAX + 1];
};
struct reseal_list {
	struct reseal_row *rows;
	size_t count, capacity;
};
void reseal_list_done(struct reseal_list *list);
#define RESEAL_LIST CLEANUP(reseal_list_done) struct reseal_list
/* What should be sealed again and why, in name order; ALL: every secret. */
enum err_code reseal_list_fetch(struct client *client, bool all, struct reseal_list *ret_list,
    struct err *err) MUST_CHECK;

struct reseal_plan {
	enum mode mode;
	const char *reason;
	bool all;                 /* every secret, not only those that should be */
	const char *const *names; /* only these; count 0: whatever the list has */
	size_t name_count;
	const char *host, *user;
};
struct reseal_result {
	char id[ID_HEX_SIZE];
	char words[TEXT_WORDS_SIZE];
	size_t count;
	int64_t deadline;
};
/* Sign the request (touch 1 of 1) as an operator or officer, verify the host's statement.
 * ERR_NOT_FOUND: there is nothing to do. */
enum err_code reseal_request(struct client *client, const struct reseal_plan *plan,
    struct reseal_result *ret_result, struct err *err) MUST_CHECK;
/* What became of a batch (ID or a prefix; NULL: the only open one), told to the person. */
enum err_code reseal_show(struct client *client, const char *id, struct err *err) MUST_CHECK;

#endif
