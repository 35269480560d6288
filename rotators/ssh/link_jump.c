/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libssh speaks to the target over one end of a pair of sockets; what comes out at the other end goes into a channel of
 * the session with the jump host, and back:
 *
 *	session of the target = FD === PUMP = lanes = channel of VIA = session of the jump host = network
 *
 * Everything happens in this process, between two calls that wait (link_turn), so that deadlines hold as they do
 * without a jump, and nothing can be left behind.  Whatever ends on one side is ended on the other, which libssh then sees
 * as the target's hanging up.
 */
#include "rotators/ssh/link_jump.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 16384, WAIT = 20 /* milliseconds */ };
enum { OUT, BACK, LANES };

/* What was taken at one end and not yet given at the other. */
struct jump_lane {
	uint8_t bytes[BLOCK];
	size_t begin, end;
	bool closed; /* nothing more comes */
};

void
link_jump_done(struct ssh_link *link)
{
	if (link->pump >= 0)
		(void)close(link->pump);
	link->pump = -1;
	free(link->lanes);
	link->lanes = NULL;
}

/* --- Carrying ----------------------------------------------------------------------------- */

static bool
is_empty(const struct jump_lane *lane)
{
	return lane->begin == lane->end;
}

static void
filled(struct jump_lane *lane, size_t size)
{
	lane->begin = 0;
	lane->end = size;
}

/* To the target.  True: something moved. */
static bool
carry_out(struct ssh_link *link)
{
	struct jump_lane *lane = &link->lanes[OUT];
	struct ssh_channel_struct *channel = link->via->channel;
	int put;

	if (is_empty(lane) && !lane->closed) {
		ssize_t got = read(link->pump, lane->bytes, sizeof(lane->bytes));

		if (got < 0)
			return false;
		lane->closed = got == 0;
		if (lane->closed)
			(void)ssh_channel_send_eof(channel);
		filled(lane, (size_t)got);
	}
	if (is_empty(lane))
		return false;
	put = ssh_channel_write(channel, lane->bytes + lane->begin,
	    (uint32_t)(lane->end - lane->begin));
	if (put > 0)
		lane->begin += (size_t)put;
	return put > 0;
}

/* From the target. */
static bool
carry_back(struct ssh_link *link)
{
	struct jump_lane *lane = &link->lanes[BACK];
	ssize_t put;

	if (is_empty(lane) && !lane->closed) {
		int got = ssh_channel_read_nonblocking(link->via->channel, lane->bytes,
		    sizeof(lane->bytes), 0);

		if (got > 0)
			filled(lane, (size_t)got);
		/* Nothing, and nothing will come. */
		lane->closed = got <= 0 && got != SSH_AGAIN &&
		    (got < 0 || ssh_channel_is_eof(link->via->channel) != 0 ||
		        link_is_dead(link->via));
		if (lane->closed)
			(void)shutdown(link->pump, SHUT_WR);
	}
	if (is_empty(lane))
		return false;
	put = send(link->pump, lane->bytes + lane->begin, lane->end - lane->begin, MSG_NOSIGNAL);
	if (put > 0)
		lane->begin += (size_t)put;
	return put > 0;
}

static void
carry(struct ssh_link *link)
{
	bool moved;

	do {
		moved = carry_out(link);
		moved = carry_back(link) || moved;
	} while (moved);
}

enum err_code
link_jump_turn(struct ssh_link *link, struct err *err)
{
	bool wants = is_empty(&link->lanes[OUT]) && !link->lanes[OUT].closed;
	bool holds = !is_empty(&link->lanes[BACK]);

	link->via->deadline = link->deadline;
	TRY(link_attend(link, err));
	TRY(link_attend(link->via, err));
	carry(link);
	struct pollfd waiting[] = {
	    {.fd = ssh_get_fd(link->session), .events = link_events(link)},
	    {.fd = ssh_get_fd(link->via->session), .events = link_events(link->via)},
	    {.fd = link->pump, .events = (short)((wants ? POLLIN : 0) | (holds ? POLLOUT : 0))},
	};

	if (poll(waiting, ARRAY_SIZE(waiting), WAIT) < 0 && errno != EINTR)
		return err_errno(err, ERR_IO, errno, "waiting for the host");
	carry(link);
	return ERR_OK;
}

/* --- The way ------------------------------------------------------------------------------ */

static enum err_code
open_channel(struct ssh_link *link, bool *ret_open, struct err *err)
{
	const struct ssh_target *target = link->target;
	struct ssh_link *via = link->via;
	int rc;

	via->channel = ssh_channel_new(via->session);
	if (via->channel == NULL)
		return err_set(err, ERR_MEMORY, "libssh has no channel");
	while ((rc = ssh_channel_open_forward(via->channel, target->host, (int)target->port,
	            "127.0.0.1", 0)) == SSH_AGAIN &&
	    !link_is_dead(via))
		TRY(link_wait(via, err));
	*ret_open = rc == SSH_OK;
	return ERR_OK;
}

static enum err_code
make_pump(struct ssh_link *link, struct err *err)
{
	int ends[2];

	link->lanes = calloc(LANES, sizeof(*link->lanes));
	if (link->lanes == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return err_errno(err, ERR_IO, errno, "making a pair of sockets");
	link->fd = ends[0];
	link->pump = ends[1];
	return ERR_OK;
}

enum err_code
link_jump(struct ssh_link *link, struct link_result *result, struct err *err)
{
	const struct ssh_target *target = link->target;
	bool open = false;

	TRY(open_channel(link, &open, err));
	if (open)
		return make_pump(link, err);
	return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
	    "the jump host %s does not connect to %s port %u: nobody answers there, or it forbids it "
	    "(AllowTcpForwarding, PermitOpen)%s",
	    target->jump->host.host, target->host, target->port,
	    link_quote("libssh says", ssh_get_error(link->via->session)).text);
}
