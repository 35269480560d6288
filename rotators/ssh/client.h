/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One login with one key to one pinned host, and what it shows.  The key stays in this process, in secret memory
 * and in libssh's (rotators/ssh/wipe.c); no configuration file, agent, other key or other way to authenticate is used.
 */
#ifndef ROTATORS_SSH_CLIENT_H
#define ROTATORS_SSH_CLIENT_H

#include "rotators/ssh/link.h"

/* Letters, digits and . _ - (a host: also ':' and '%'), not beginning with '-'. */
bool ssh_host_valid(const char *host);
bool ssh_user_valid(const char *user);

enum ssh_outcome {
	SSH_ACCEPTED, /* the host let the key in */
	SSH_DENIED, /* the host, with the pinned key, said no to this key: by itself no proof that it is dead */
	SSH_UNREACHABLE, /* all else; the cause says what is known */
};

struct ssh_answer {
	enum ssh_outcome outcome;
	enum link_cause cause; /* when unreachable */
	bool ran;              /* ssh_client_try: the account ran a command of ours */
	struct buf output;     /* of the command */
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
/* The same with a command that only shows that it ran.  Where something is forced on the key the host's word that it
 * is let in has to do. */
enum err_code ssh_client_try(const struct ssh_target *target, struct view private_key,
    int64_t deadline, struct ssh_answer *ret_answer, struct err *err) MUST_CHECK;

#endif
