/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of a link (rotators/ssh/link.h), and waiting for it; for the files of a link alone. */
#ifndef ROTATORS_SSH_LINK_SESSION_H
#define ROTATORS_SSH_LINK_SESSION_H

#include "rotators/ssh/link_result.h"
#include "rotators/ssh/target.h"

enum { LINK_RECEIVED_MAX = 4 * 1024 * 1024 /* bytes of a whole connection */ };

struct link_counters; /* of what went over it */
struct jump_lane;

struct ssh_link {
	const struct ssh_target *target;
	struct ssh_session_struct *session;
	struct ssh_channel_struct *channel;
	struct link_counters *counters;
	int fd;        /* ours until CONNECTS; -1: none */
	bool connects; /* libssh has it */
	bool asked;    /* a key, and it was not denied */
	int64_t deadline;
	/* Through another host: its link, whose channel leads on, and the other end of FD (-1: none), which is carried over it. */
	struct ssh_link *via;
	int pump;
	struct jump_lane *lanes; /* two */
};

/* Ended, for whatever reason. */
bool link_is_dead(const struct ssh_link *link);
/* What to wait for on its descriptor (poll(2)). */
short link_events(const struct ssh_link *link);
/* May it go on?  Asked in each round, also in those that need not wait.  ERR_TARGET_UNKNOWN, ERR_WAITING as dial_check();
 * ERR_PROTOCOL: it sends too much. */
enum err_code link_attend(const struct ssh_link *link, struct err *err) MUST_CHECK;
/* That, and a short wait until something can be read or written on its own descriptor. */
enum err_code link_wait(const struct ssh_link *link, struct err *err) MUST_CHECK;
/* Has libssh count what goes over it. */
enum err_code link_count(struct ssh_link *link, struct err *err) MUST_CHECK;
/* Packets that went out and that came in, until now. */
struct link_packets {
	uint64_t out, in;
};
struct link_packets link_packets(const struct ssh_link *link);

#endif
