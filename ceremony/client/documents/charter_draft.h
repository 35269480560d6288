/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing up, signing and showing charters: the client side. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_H

#include "ceremony/client/connection.h"

/* What a new charter shall say; what is NULL or 0 stays as in the present one, or at founding gets
 * its default: change by a majority of officers, 1 hour, 1 hour, 365 days, firmware 5.7.0, and
 * Yubico's roots (in training the simulated one). */
struct draft_plan {
	const char *const *files; /* enrolments */
	size_t file_count;
	const char *const *policies; /* NAME=QUORUM */
	size_t policy_count;
	const char *change;
	int64_t max_duration, request_ttl, max_age; /* seconds; of the policies named here */
	const char *min_firmware;
	const char *const *roots; /* SHA-256 in hex */
	size_t root_count;
	const char *const *form_factors; /* names or numbers; "any" alone clears them */
	size_t form_factor_count;
	const char *const *waives; /* LABEL=WHAT,...:REASON */
	size_t waive_count;
	const char *const *drop_waivers; /* labels */
	size_t drop_waiver_count;
	const char *const *remove_seats, *const *remove_tokens; /* names; labels */
	size_t remove_seat_count, remove_token_count;
};
/* What is drawn up: charter 1 of a founding, or a change of a vault that lives.  Each refuses the other's
 * case and names the right command. */
enum draft_case { DRAFT_FOUNDING, DRAFT_CHANGE };
/* Verify the enrolments, draw up the charter, hand it to the server as the draft to be signed, and
 * say who must sign. */
enum err_code draft_charter(struct client *client, enum draft_case draft_case,
    const struct draft_plan *plan, struct err *err) MUST_CHECK;
/* Show the draft, check it wholly (chain, host, enrolments, the token's own keys), ask, sign.
 * RET_LIVE: it is in force now. */
enum err_code sign_charter(struct client *client, bool *ret_live, struct err *err) MUST_CHECK;
/* The charter in force, and the draft that waits, when there is one. */
enum err_code show_charters(struct client *client, struct err *err) MUST_CHECK;

#endif
