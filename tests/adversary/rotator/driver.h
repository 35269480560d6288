/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever lets a rotator gone bad loose on a world that was made for it, and looks what came of it.  What the program says is
 * the lesser half: files, processes, marks and knocks are looked at from outside.
 *
 *	ADVERSARY *adversary = NULL;
 *	ROTATOR *rotator = NULL;
 *
 *	adversary_new(&options, &adversary, err);
 *	struct rotator_start start = adversary_start(adversary);	-- and how it is isolated
 *	rotator_start(&start, &rotator, err);
 *	adversary_attack(adversary, rotator, err);
 *	adversary_outlive(adversary, TAKE(rotator), err);
 *	adversary_verify(adversary, err);
 *	adversary_print(adversary, stdout);
 */
#ifndef TESTS_ADVERSARY_ROTATOR_DRIVER_H
#define TESTS_ADVERSARY_ROTATOR_DRIVER_H

#include <stdio.h>
#include <sys/types.h>

#include "rotators/contract/rotator.h"
#include "tests/adversary/rotator/attempts.h"

struct adversary; /* a world, and what was tried in it */

struct adversary_options {
	const char *program; /* halligan-rotate-gone-bad, with its description beside it */
	const char *parent;  /* the world's folder is made there; NULL: /tmp */
	uid_t user;          /* whose the place is: the rotator's, as it will run */
	/* For root, who may choose: whose the vault, the sockets and the server are, and the neighbour; 0: its own. */
	uid_t owner, neighbour;
	unsigned seconds; /* for each verb; 0: 120 */
	unsigned outlive; /* for how many seconds it tries to; 0: 20 */
	/* Copies that somebody else made, set-uid to another user and with CAP_NET_RAW, in place of those that only root
	 * can make; NULL: none. */
	const char *set_uid, *capable;
};
/* ERR_NOT_FOUND, ERR_REFUSED (the program), ERR_IO. */
enum err_code adversary_new(const struct adversary_options *options,
    struct adversary **ret_adversary, struct err *err) MUST_CHECK;
void adversary_free(struct adversary *adversary); /* all is removed; accepts NULL */
DESTRUCTOR(adversary_freep, struct adversary, adversary_free)
#define ADVERSARY CLEANUP(adversary_freep) struct adversary

/* Where everything is.  A caller that has other paths (a real vault, another configuration) sets them before
 * adversary_start; they must be files of WORLD_FILE_SIZE bytes of mode 0600, and he looks after them himself. */
struct world *adversary_world(struct adversary *adversary);
/* The folder that holds the world; of mode 0711, so that a rotator that runs as another reaches its place. */
const char *adversary_folder(const struct adversary *adversary);
/* How rotator_start() is asked; it lives as long as ADVERSARY. */
struct rotator_start adversary_start(struct adversary *adversary);

/* `describe` and `check`: all attempts but those to outlive it.  ERR_PROTOCOL, ERR_TARGET_UNKNOWN: there is no answer. */
enum err_code adversary_attack(struct adversary *adversary, struct rotator *rotator,
    struct err *err) MUST_CHECK;
/* The same of a refusal that a caller came by otherwise (through a vault, say): its reasons are ERR's parts.  */
enum err_code adversary_take(struct adversary *adversary, const struct err *refusal,
    struct err *err) MUST_CHECK;
/* `probe`, at which it begins to outlive its end; then that end (rotator_free), and who knocks all the same. */
enum err_code adversary_outlive(struct adversary *adversary, struct rotator *rotator,
    struct err *err) MUST_CHECK;
/* Without rotator_start(): the program is run as our child and as the user of the options, with nothing closed in it that
 * was not open to close on exec. */
enum err_code adversary_run_directly(struct adversary *adversary, struct err *err) MUST_CHECK;

/* Whether the world is whole: files with all that they are, the server and the neighbour.  ERR_INTEGRITY has a part for each
 * that is not. */
enum err_code adversary_verify(const struct adversary *adversary, struct err *err) MUST_CHECK;

/* One for each attempt, in their order; ATTEMPT_NOT_TRIED before.  EXDEV: it was told that it succeeded, but nobody else
 * sees anything of it (a file in a root of its own, a signal that came to nobody). */
const struct outcome *adversary_outcomes(const struct adversary *adversary);
/* That of the attempt called NAME, which there must be. */
struct outcome adversary_outcome(const struct adversary *adversary, const char *name);
/* A line for each attempt: its name, what came of it, what it wants. */
void adversary_print(const struct adversary *adversary, FILE *file);

#endif
