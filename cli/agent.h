/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ssh-agent of a lease's own, in a folder that is closed to others, below XDG_RUNTIME_DIR or else /tmp.  The person's
 * own agent is asked for nothing: it may be full, write keys to disk, or keep what it was told to forget.
 */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include "base/bytes.h"
#include "cli/agent_keeper.h"

enum { AGENT_FOLDER_SIZE = 96, AGENT_SOCKET_SIZE = AGENT_FOLDER_SIZE + 8 };

struct agent {
	char folder[AGENT_FOLDER_SIZE]; /* of letters, digits and "/._-" alone */
	char socket[AGENT_SOCKET_SIZE];
	struct agent_keeper keeper;
};
/* Ends it.  Accepts {0}. */
void agent_done(struct agent *agent);
#define AGENT CLEANUP(agent_done) struct agent

/* Start it, and see it answer and hold no key.  ERR_REFUSED: what is missing; nothing is left. */
enum err_code agent_start(struct agent *ret_agent, struct err *err) MUST_CHECK;
/* Give it KEY (the text of a private-key file) for SECONDS. */
enum err_code agent_add(const struct agent *agent, struct view key, int64_t seconds,
    struct err *err) MUST_CHECK;
/* It stays for SECONDS without us, and ends then by itself, with its folder. */
enum err_code agent_leave(struct agent *agent, int64_t seconds, struct err *err) MUST_CHECK;
/* ERR_OK: it has ended, and what it held is gone. */
enum err_code agent_end(struct agent *agent, struct err *err) MUST_CHECK;

#endif
