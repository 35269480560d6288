/* SPDX-License-Identifier: Apache-2.0 */
/* How the copy sink stands, in a line for `status`: by a look at its marker and by proven counts, whatever their number. */
#ifndef CEREMONY_SERVER_COPIES_TELL_H
#define CEREMONY_SERVER_COPIES_TELL_H

#include "ceremony/server/vault/session.h"

enum { COPIES_TEXT_SIZE = 1200 };
struct copies_told {
	bool dead;                   /* nothing can be copied now, so no new value is applied */
	char text[COPIES_TEXT_SIZE]; /* "": all is well, or the charter names none */
	const char *next;            /* the command that leads out */
};
enum err_code copies_tell(struct session *session, struct copies_told *ret_told,
    struct err *err) MUST_CHECK;

#endif
