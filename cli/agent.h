/* SPDX-License-Identifier: Apache-2.0 */
/* The person's ssh-agent, through OpenSSH's ssh-add: keys go in and out through pipes. */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include "base/bytes.h"

/* Does an agent answer at SSH_AUTH_SOCK?  ERR_REFUSED: none does. */
enum err_code agent_check(struct err *err) MUST_CHECK;
/* Give KEY (the text of a private-key file) to the agent of SSH_AUTH_SOCK for SECONDS.
 * ERR_REFUSED: there is no agent, or it refused. */
enum err_code agent_add(struct view key, int64_t seconds, struct err *err) MUST_CHECK;
/* Take it out again. */
enum err_code agent_remove(struct view key, struct err *err) MUST_CHECK;

#endif
