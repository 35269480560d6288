/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is about: its items, verified as far as a client can, and how long it may wait. */
#ifndef CEREMONY_CLIENT_OPENING_CHOOSE_H
#define CEREMONY_CLIENT_OPENING_CHOOSE_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/statements.h"

struct ask_plan {
	enum mode mode;
	/* Which secrets.  A release names them; where nobody receives, none means all that should be
	 * sealed again (secrets/reseal_due.h), and ALL every one. */
	const char *const *names;
	size_t name_count;
	bool all;
	/* Labels of tokens of the requester's seat that receive it; none: the token in hand. */
	const char *const *recipients;
	size_t recipient_count;
	const char *reason, *incident; /* incident: NULL where nobody receives */
	int64_t duration;              /* seconds; 0 where nobody receives */
	bool another;                  /* although a request of this seat for one of them is open */
	const char *host, *user; /* where and as whom this is asked, for the officers to read */
};
struct choice {
	struct items items;
	int64_t ttl; /* seconds: the shortest request_ttl of their policies */
	size_t left; /* what would be too many for one ceremony */
};
void choice_done(struct choice *choice);
#define CHOICE CLEANUP(choice_done) struct choice

/* 0 to 500 names, none twice, at least one where somebody receives.  ERR_USAGE. */
enum err_code choose_check(const struct ask_plan *plan, struct err *err) MUST_CHECK;
/* Send with the greeting for what choose_items will need. */
void choose_foresee(struct client *client, const struct ask_plan *plan);
/* The items that PLAN means.  Errors as of ask_run (request.h). */
enum err_code choose_items(struct client *client, const struct vault_view *view,
    const struct ask_plan *plan, struct choice *ret_choice, struct err *err) MUST_CHECK;

#endif
