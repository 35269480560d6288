/* SPDX-License-Identifier: Apache-2.0 */
/* What a charter that is drawn up shall be. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DRAFT_PLAN_H
#define CEREMONY_CLIENT_DOCUMENTS_DRAFT_PLAN_H

#include <stddef.h>
#include <stdint.h>

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
	const char *copy;         /* "none" or "directory:/PATH" */
	const char *const *roots; /* SHA-256 in hex */
	size_t root_count;
	const char *const *form_factors; /* names or numbers; "any" alone clears them */
	size_t form_factor_count;
	const char *const *waives; /* LABEL=WHAT,...:REASON */
	size_t waive_count;
	const char *const *drop_waivers; /* labels */
	size_t drop_waiver_count;
	const char *const *restores; /* labels or serials of suspended tokens */
	size_t restore_count;
	const char *const *remove_seats, *const *remove_tokens; /* names; labels */
	size_t remove_seat_count, remove_token_count;
};

#endif
