/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One login with one key to one pinned host, through OpenSSH's own tools.  The key goes from secret
 * memory through a pipe into a private ssh-agent that lives as long as the call; it is never in a
 * file, an argument or the environment.  No configuration file, other key, other way to
 * authenticate, shared connection or forwarding is used.
 */
#ifndef ROTATORS_SSH_CLIENT_H
#define ROTATORS_SSH_CLIENT_H

#include "base/json.h"
#include "base/openssh_key.h"
#include "rotators/contract/contract.h"

enum { SSH_HOST_MAX = 253, SSH_USER_MAX = 64 };

struct ssh_target {
	char host[SSH_HOST_MAX + 1];
	char user[SSH_USER_MAX + 1];
	unsigned port;
	struct ssh_public host_key; /* the only one that is accepted */
};
/* Letters, digits and . _ - (a host: also ':' and '%'), not beginning with '-'. */
bool ssh_host_valid(const char *host);
bool ssh_user_valid(const char *user);
/* Can ssh be told to ask for this type of host key? */
bool ssh_host_key_valid(const struct ssh_public *host_key);

enum ssh_outcome {
	SSH_ACCEPTED,    /* the host took the key, whatever the command did then */
	SSH_REFUSED,     /* the host, with the pinned key, said no to this key */
	SSH_UNREACHABLE, /* no connection, no answer in time, or another host key */
};

struct ssh_answer {
	enum ssh_outcome outcome;
	struct buf output; /* of the command */
	char detail[ROTATOR_DETAIL_MAX + 1];
};
void ssh_answer_done(struct ssh_answer *answer); /* accepts {0} */
#define SSH_ANSWER CLEANUP(ssh_answer_done) struct ssh_answer

/* Log in as TARGET's user with PRIVATE_KEY (the text of an OpenSSH private key) and run COMMAND
 * with INPUT on its stdin, until DEADLINE (process_milliseconds).  One attempt.  ERR_WAITING: see
 * rotators/program/child.h.  Other errors are ours: no ssh program, no room for a temporary folder, a key
 * that ssh-add does not take (ERR_INVALID). */
enum err_code ssh_client_run(const struct ssh_target *target, struct view private_key,
    const char *command, struct view input, int64_t deadline, struct ssh_answer *ret_answer,
    struct err *err) MUST_CHECK;

#endif
