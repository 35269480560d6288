/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an ordinary user of the host stands: beside a vault of root's (tests/unit/server/server_bench.h), in a mount namespace
 * with an /etc of its own, so that nothing of the machine changes.  There is a folder that is made anew for each attempt:
 *
 *	root/	root's, as it should be; in it a rotator `right`, and `faulty`, which leaves the mark ran when it runs
 *	mine/	the user's
 *	all/	in which everybody makes files, and only their own user removes them (/tmp)
 */
#ifndef TESTS_ADVERSARY_HOUSEHOLD_H
#define TESTS_ADVERSARY_HOUSEHOLD_H

#include <sys/types.h>

#include "tests/adversary/attempt.h"
#include "tests/unit/server/server_bench.h"

enum { THE_USER = 65534, THE_KEEPER = 64801 };

struct household {
	struct bench *bench;
	char folder[64];
};
/* False: WHY it cannot be had here, for people. */
bool household_is_possible(const char **ret_why);
/* Of struct adversary. */
void *household_arrive(void);
void household_pause(void *stage);
void household_again(void *stage);
void household_leave(void *stage);

struct name {
	char text[512];
};
/* PATH in the folder of STAGE. */
struct name name_of(const struct household *household, const char *path);
#define NAME(household, path) (name_of((household), (path)).text)

/* COMMAND of the shell in the folder: by root, where somebody was careless, and by the user, whose command may fail. */
void household_root(const struct household *household, const char *format, ...) FORMAT_LIKE(2, 3);
bool household_user(const struct household *household, const char *format, ...) FORMAT_LIKE(2, 3);
/* A process of somebody's, from its beginning.  Its end is its status; household_await: it was 0. */
pid_t household_fork(uid_t uid);
bool household_await(pid_t pid);
void household_hush(void); /* what it says is heard no more: what a refused one complains of */

/* Did code of the user's run as root?  (A mark that says so.) */
bool household_ran(const struct household *household);
/* The rotator NAME of the folder PATH is looked for, and then started: by root, and not isolated, which would only hide what ran. */
enum err_code household_rotate(const struct household *household, const char *path,
    const char *name, void (*between)(void *context), void *context, struct err *why);

#endif
