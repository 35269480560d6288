/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/link_session.h"

#include <libssh/libssh.h>
#include <poll.h>
#include <stdlib.h>

#include "rotators/ssh/dial.h"

struct link_counters {
	struct ssh_counter_struct wire, packets;
};

bool
link_is_dead(const struct ssh_link *link)
{
	return ssh_get_error_code(link->session) == SSH_FATAL || ssh_get_fd(link->session) < 0 ||
	    !ssh_is_connected(link->session);
}

short
link_events(const struct ssh_link *link)
{
	bool writes = (ssh_get_poll_flags(link->session) & SSH_WRITE_PENDING) != 0;

	return (short)(POLLIN | (writes ? POLLOUT : 0));
}

enum err_code
link_attend(const struct ssh_link *link, struct err *err)
{
	TRY(dial_check(link->deadline, err));
	if (link->counters->wire.in_bytes > LINK_RECEIVED_MAX)
		return err_set(err, ERR_PROTOCOL, "it sends without end");
	return ERR_OK;
}

enum err_code
link_wait(const struct ssh_link *link, struct err *err)
{
	TRY(link_attend(link, err));
	return dial_wait(ssh_get_fd(link->session), link_events(link), link->deadline, err);
}

enum err_code
link_count(struct ssh_link *link, struct err *err)
{
	link->counters = calloc(1, sizeof(*link->counters));
	if (link->counters == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	ssh_set_counters(link->session, &link->counters->wire, &link->counters->packets);
	return ERR_OK;
}

struct link_packets
link_packets(const struct ssh_link *link)
{
	return (struct link_packets){.out = link->counters->packets.out_packets,
	    .in = link->counters->packets.in_packets};
}
