/* SPDX-License-Identifier: Apache-2.0 */
/* The plugged tokens that may be meant, and the one of them that is. */
#ifndef CEREMONY_CLIENT_HAND_MATCH_H
#define CEREMONY_CLIENT_HAND_MATCH_H

#include "ceremony/client/hand/want.h"

enum { MATCHES_MAX = 64 };
struct match {
	const struct token_found *found;
	const struct seat *seat;
	const struct seat_token *entry;
	bool sure;
};
struct matches {
	struct match all[MATCHES_MAX];
	size_t count;
};

/* May FOUND, of a driver with TRAITS, be the token of ENTRY, as OPTIONS ask for it?  RET_SURE: by its
 * serial, not by its model alone. */
bool match_fits(const struct client_options *options, const struct token_traits *traits,
    const struct token_found *found, const struct seat_token *entry, bool *ret_sure);
/* Every pair of a token of LIST and an entry that fits WANT (NULL: any token) and OPTIONS; never of
 * NOT_THIS (may be NULL).  The matches point into LIST. */
void match_collect(const struct client_options *options, const struct hand_want *want,
    const struct token_list *list, const struct token_found *not_this, struct matches *ret_matches);
/* Leave the one that is meant; ERR_NOT_FOUND when there is none. */
enum err_code match_choose(const struct client_options *options, struct matches *matches,
    struct err *err) MUST_CHECK;
bool found_same(const struct token_found *a, const struct token_found *b);

#endif
