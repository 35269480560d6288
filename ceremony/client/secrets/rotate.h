/* SPDX-License-Identifier: Apache-2.0 */
/* Paying debts: what was released is replaced on its target. */
#ifndef CEREMONY_CLIENT_SECRETS_ROTATE_H
#define CEREMONY_CLIENT_SECRETS_ROTATE_H

#include "ceremony/client/connection.h"

struct rotations {
	const struct json *list; /* as the server sent it */
	struct json *reply;      /* owns it */
};
void rotations_done(struct rotations *rotations);
#define ROTATIONS CLEANUP(rotations_done) struct rotations
/* What became of one debt; owned by the rotations. */
struct rotated {
	const char *name, *debt, *note; /* debt: the name of its state */
	bool retired;                   /* else it is not over yet */
	enum err_code code;             /* of the last attempt */
};

/* Pay the debt of the secret NAME (NULL: every open one). */
enum err_code rotate_run(struct client *client, const char *name, struct rotations *ret_rotations,
    struct err *err) MUST_CHECK;
enum err_code rotate_result(const struct rotations *rotations, size_t index,
    struct rotated *ret_rotated, struct err *err) MUST_CHECK;

#endif
