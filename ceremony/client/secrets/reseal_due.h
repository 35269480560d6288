/* SPDX-License-Identifier: Apache-2.0 */
/* What should be sealed again, and why: the server's word; officers verify what they approve. */
#ifndef CEREMONY_CLIENT_SECRETS_RESEAL_DUE_H
#define CEREMONY_CLIENT_SECRETS_RESEAL_DUE_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/items.h"

struct reseal_row {
	struct item item;
	char why[NOTE_TEXT_MAX + 1]; /* "" when nothing speaks for it */
	int64_t left;                /* since when a token that left has an envelope; 0 */
	bool can;                    /* a ceremony can open it; else CANNOT says why not */
	bool
	    ordered; /* an operator's order, which a rotation takes over, is all that is in the way */
	char cannot[NOTE_TEXT_MAX + 1];
};
struct reseal_list {
	struct reseal_row *rows;
	size_t count, capacity;
};
void reseal_list_done(struct reseal_list *list);
#define RESEAL_LIST CLEANUP(reseal_list_done) struct reseal_list
/* Send with the greeting for the beginning of it. */
void reseal_list_foresee(struct client *client, bool all);
/* Send with the greeting for those NAMES; fetch them, in that order.  Whatever there is not, is left out. */
void reseal_find_foresee(struct client *client, const char *const *names, size_t count);
enum err_code reseal_find_fetch(struct client *client, const char *const *names, size_t count,
    struct reseal_list *ret_list, struct err *err) MUST_CHECK;
/* In name order; ALL: every secret. */
enum err_code reseal_list_fetch(struct client *client, bool all, struct reseal_list *ret_list,
    struct err *err) MUST_CHECK;

#endif
