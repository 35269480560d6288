/* SPDX-License-Identifier: Apache-2.0 */
/* Paying debts: what was released is replaced on its target. */
#ifndef CEREMONY_CLIENT_SECRETS_ROTATE_H
#define CEREMONY_CLIENT_SECRETS_ROTATE_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/protocol/statements_host.h"

/* What became of one debt; its texts live in the reply. */
struct rotated {
	struct rotation_told told;
	bool retired;   /* else it is not over yet: */
	bool has_grade; /* how the old value's death is known, when it was found just now: */
	enum grade grade;
	bool watched;       /* the new value is current, and the old one's grace time runs, */
	bool none;          /* or there was nothing to pay */
	enum err_code code; /* of the last attempt */
};

/* Pay the debt of the secret NAME (NULL: every open one).  RET_LIST, a struct rotated each, lives in
 * RET_REPLY. */
enum err_code rotate_run(struct client *client, const char *name, struct reply *ret_reply,
    const struct json **ret_list, struct err *err) MUST_CHECK;
/* Replace the value of the secret NAME, which nobody has seen and of which nothing is owed, by an operator's signature alone.
 * ERR_REFUSED says what needs its quorum.  RET_LIST as above. */
enum err_code rotate_unseen(struct client *client, const char *name, struct reply *ret_reply,
    const struct json **ret_list, struct err *err) MUST_CHECK;
/* Of an array of rotation_told, this and that of `done`. */
enum err_code rotate_result(const struct json *list, size_t index, struct rotated *ret_rotated,
    struct err *err) MUST_CHECK;

#endif
