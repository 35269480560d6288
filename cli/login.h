/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to log in with a released key: ssh's configuration for a lease, from what the definitions say, so that
 * `ssh -F FOLDER/config NAME` works as it stands.  Nothing of the person's own configuration, known hosts or agent
 * is used, but on the way through a jump host, where the key is not asked for.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "base/ssh_public.h"
#include "cli/agent.h"
#include "vault/documents/definition.h"

enum {
	LOGIN_HOST_MAX = 253,
	LOGIN_USER_MAX = 64,
	LOGIN_ALIAS_SIZE = SEAT_NAME_MAX + sizeof("-500")
};

struct login {
	char alias[LOGIN_ALIAS_SIZE]; /* "prod-db" of the secret prod/db: scp takes it, too */
	char hostname[LOGIN_HOST_MAX + 1],
	    account[LOGIN_USER_MAX + 1]; /* that need no quotation marks */
	unsigned port;
	struct ssh_public host_key;
	char jump[LOGIN_HOST_MAX + 1]; /* "": none */
	unsigned jump_port;
};

/* From the members of a target as ssh-key has them.  False: it has no host, user and host_key, or some that are none
 * for ssh's configuration. */
bool login_read(const struct definition *definition, struct login *ret_login);
/* Add LOGIN, and the public half of KEY (the text of a private-key file), to the files in AGENT's folder.  An alias that
 * another one has (of a/b-c and a-b/c) gets a number. */
enum err_code login_write(struct login *login, const struct agent *agent, struct view key,
    struct err *err) MUST_CHECK;

#endif
