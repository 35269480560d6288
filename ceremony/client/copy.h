/* SPDX-License-Identifier: Apache-2.0 */
/* The copy sink as the vault's host sees it: its word, but that the charter names it. */
#ifndef CEREMONY_CLIENT_COPY_H
#define CEREMONY_CLIENT_COPY_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/rows.h"

/* Its texts, and those of its items, live in the reply. */
struct copy_state {
	const char *copy; /* "none" or "directory:PATH": as the charter says, which is verified */
	bool
	    there; /* else nothing of it was compared, and MISSING is what it never acknowledged; */
	const char *why; /* and why; also why it takes nothing; "" */
	int64_t files;   /* that it should hold */
	int64_t missing, damaged, unneeded, foreign, left;
	const struct json *items; /* the first of these: copy_found */
};
enum err_code copy_state_fetch(struct client *client, struct reply *ret_reply,
    struct copy_state *ret_state, struct err *err) MUST_CHECK;
enum err_code copy_state_item(const struct copy_state *state, size_t index,
    struct copy_found *ret_found, struct err *err) MUST_CHECK;

/* Whatever is missing or damaged is written; progress comes meanwhile.  RET_PROVEN files were read back, RET_WRITTEN of them
 * written. */
enum err_code copy_repair(struct client *client, int64_t *ret_proven, int64_t *ret_written,
    struct err *err) MUST_CHECK;

#endif
