/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a vault's, from its question to the end of what it had started. */
#ifndef DAEMON_STARTER_ATTEND_H
#define DAEMON_STARTER_ATTEND_H

#include "daemon/starter/plan.h"

struct attend_for {
	uid_t vault; /* who asks */
	const char *
	    rotators; /* the folder of those that come with Halligan, as process_beside() takes it */
};
/* What is refused is said there, and on our stderr, one line. */
void attend_one(int socket, const struct attend_for *for_whom);

/* On PATH, for whoever root's configuration names, or for the user who we are; each in a process of its own, at most
 * ATTEND_AT_ONCE.  Returns only with an error. */
enum { ATTEND_AT_ONCE = 16 };
enum err_code attend_socket(const char *path, const char *rotators, struct err *err) MUST_CHECK;

#endif
