/* SPDX-License-Identifier: Apache-2.0 */
/* One version: should it be sealed again or rotated, why, and can it be? */
#ifndef CEREMONY_SERVER_SECRETS_STALE_H
#define CEREMONY_SERVER_SECRETS_STALE_H

#include "ceremony/server/secrets/classes.h"
#include "vault/store/secret.h"

struct stale {
	struct digest definition, header;
	bool stale;
	char why[NOTE_TEXT_MAX + 1]; /* "; " between several */
	int64_t left;                /* since when a token that left has an envelope; 0: none has */
	/* A batch can open it: it is the current version, unreleased, without a debt, and enough of
	 * its seats still have an envelope.  Else CANNOT says why not. */
	bool can, ordered; /* ORDERED: but for an operator's order, which a rotation takes over */
	char cannot[NOTE_TEXT_MAX + 1];
};
/* What is so of every current version of MEMBER's class: is it stale whatever its age, and since when has a token
 * that left an envelope (RET_LEFT, 0: none has)?  RET_MAX_AGE: how old it may get, in seconds, by its policy; 0 where
 * there is no such policy any more. */
enum err_code stale_judge_class(struct session *session, const struct class_member *member,
    bool *ret_stale, int64_t *ret_left, int64_t *ret_max_age, struct err *err) MUST_CHECK;
/* The current version of SECRET. */
enum err_code stale_judge(struct session *session, const struct secret_row *secret,
    struct stale *ret_stale, struct err *err) MUST_CHECK;

#endif
