/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on a link (rotators/ssh/link.h). */
#ifndef ROTATORS_SSH_LINK_RUN_H
#define ROTATORS_SSH_LINK_RUN_H

#include "rotators/ssh/link.h"

enum {
	LINK_OUTPUT_MAX = 2 * 1024 * 1024, /* bytes of stdout and stderr */
	LINK_SAID_MAX = 400
};

struct link_run {
	struct buf output;            /* its stdout */
	char said[LINK_SAID_MAX + 1]; /* the end of its stderr */
	int status;                   /* of the command; -1: it was killed, or did not end */
	bool started;
	/* Why it was not heard to its end: the connection ended, the deadline passed, it wrote more than LINK_OUTPUT_MAX. */
	bool lost, timed_out, flooded;
};
void link_run_done(struct link_run *run);
#define LINK_RUN CLEANUP(link_run_done) struct link_run
/* Runs COMMAND by the account's shell with INPUT on its stdin; once for each link, after LINK_ACCEPTED.
 * ERR_WAITING as above; ERR_MEMORY. */
enum err_code link_run(struct ssh_link *link, const char *command, struct view input,
    int64_t deadline, struct link_run *ret_run, struct err *err) MUST_CHECK;

#endif
