/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One login to one pinned host, and what it shows.  Keys stay in this process, in secret memory
 * and in libssh's (rotators/ssh/wipe.c); no configuration file, agent or other way to authenticate is used.
 */
#ifndef ROTATORS_SSH_CLIENT_H
#define ROTATORS_SSH_CLIENT_H

#include "rotators/ssh/link.h"

/* Letters, digits and . _ - (a host: also ':' and '%'), not beginning with '-'. */
bool ssh_host_valid(const char *host);
bool ssh_user_valid(const char *user);

/* The command that runs a script which comes on its stdin. */
#define SSH_SHELL "exec /bin/sh -s"

struct ssh_answer {
	enum link_verdict
	    verdict; /* of the host about the key; unknown, too, when what came of it ended the connection */
	enum link_cause cause; /* when unknown */
	bool ran;              /* ssh_client_try: the account ran a command of ours */
	bool heard; /* what ran then was: neither the connection nor the time ended before it */
	struct buf output; /* of the command */
	char detail[ROTATOR_DETAIL_MAX + 1];
};
void ssh_answer_done(struct ssh_answer *answer); /* accepts {0} */
#define SSH_ANSWER CLEANUP(ssh_answer_done) struct ssh_answer

/* Log in as TARGET's user with PRIVATE_KEY (the text of an OpenSSH private key) and run COMMAND with INPUT on its
 * stdin, until DEADLINE (process_milliseconds).  One attempt; accepted, too, when the command then failed: the output tells, and
 * what else was seen is the detail.
 * ERR_WAITING: nobody reads our stdout any more.  Other errors are ours; ERR_INVALID: a key that libssh does not take. */
enum err_code ssh_client_run(const struct ssh_target *target, struct view private_key,
    const char *command, struct view input, int64_t deadline, struct ssh_answer *ret_answer,
    struct err *err) MUST_CHECK;

/* One attempt with PRIVATE_KEY and, where the host denies it, with OTHER (may be empty) in the same session, so that
 * both answers are of one host.  Who is let in runs a command that only shows that it ran; where something is forced
 * on the key the host's word that it is let in has to do.  OTHER runs SCRIPT instead, by a shell, if it is not empty. */
struct ssh_trial {
	struct view private_key, other, script;
};
struct ssh_verdicts {
	struct ssh_answer key,
	    other; /* the latter is unknown, without a cause, when it was not offered */
};
void ssh_verdicts_done(struct ssh_verdicts *verdicts); /* accepts {0} */
#define SSH_VERDICTS CLEANUP(ssh_verdicts_done) struct ssh_verdicts
/* Errors as above. */
enum err_code ssh_client_try(const struct ssh_target *target, const struct ssh_trial *trial,
    int64_t deadline, struct ssh_verdicts *ret_verdicts, struct err *err) MUST_CHECK;

#endif
