/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on the starter's socket, by either side: the first byte is how many descriptors come with the rest, which is the
 * message.  What a vault may say is the same when it is said again; no descriptor is left open, whatever comes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "rotators/contract/start.h"
#include "rotators/contract/starter_conf.h"
#include "tests/fuzz/target.h"

enum { FDS_MAX = 9, LOOKED_AT = 64 };

struct pair {
	int vault, starter;
};

static void
pair_done(struct pair *pair)
{
	fd_closep(&pair->vault);
	fd_closep(&pair->starter);
}

static void
say(int socket, const uint8_t *data, size_t size, unsigned fds)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	const int zeros[FDS_MAX] = {0};

	if (fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(header), zeros, fds * sizeof(int));
	}
	(void)!sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static unsigned
open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < LOOKED_AT; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
same_again(const struct pair *pair, const struct start_message *heard)
{
	START_MESSAGE again = {.fds = {-1, -1, -1, -1, -1, -1}};
	int64_t deadline = process_milliseconds() + 1000;
	struct err err;

	MUST(start_ask(pair->vault, heard, deadline, &err) == ERR_OK);
	MUST(start_hear(pair->starter, deadline, &again, &err) == ERR_OK);
	MUST(again.tells == heard->tells && again.own == heard->own &&
	    again.seconds == heard->seconds);
	MUST(strcmp(again.rotator, heard->rotator) == 0);
	MUST(strcmp(again.command, heard->command) == 0);
	MUST(strcmp(again.needs.account, heard->needs.account) == 0);
	MUST(strcmp(again.needs.socket, heard->needs.socket) == 0);
	MUST(again.needs.count == heard->needs.count);
	MUST(again.hidden_count == heard->hidden_count);
	for (int i = 0; i < START_FDS; i++)
		MUST((again.fds[i] >= 0) == (heard->fds[i] >= 0));
}

static void
as_starter(const struct pair *pair, const uint8_t *data, size_t size, unsigned fds)
{
	START_MESSAGE heard = {.fds = {-1, -1, -1, -1, -1, -1}};
	struct err err;

	say(pair->vault, data, size, fds);
	if (start_hear(pair->starter, process_milliseconds() + 1, &heard, &err) == ERR_OK)
		same_again(pair, &heard);
}

static void
as_vault(const struct pair *pair, const uint8_t *data, size_t size)
{
	struct start_holds holds;
	struct start_ended ended;
	struct err err;

	say(pair->starter, data, size, 0);
	(void)!start_await(pair->vault, process_milliseconds() + 1, &err);
	say(pair->starter, data, size, 0);
	if (start_await_holds(pair->vault, process_milliseconds() + 1, &holds, &err) == ERR_OK)
		MUST(isolation_names[holds.isolation] != NULL);
	say(pair->starter, data, size, 0);
	if (start_await_end(pair->vault, process_milliseconds() + 1, &ended, &err) == ERR_OK)
		MUST(ended.number >= 0 && ended.number <= 255);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CONF conf = {0};
	int ends[2];
	struct err err;

	if (size < 2)
		return 0;
	(void)!conf_parse(view_of(data + 1, size - 1), &conf, &err);
	unsigned before = open_descriptors();

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	CLEANUP(pair_done) struct pair pair = {ends[0], ends[1]};

	as_starter(&pair, data + 1, size - 1, data[0] % (FDS_MAX + 1));
	as_vault(&pair, data + 1, size - 1);
	pair_done(&pair);
	MUST(open_descriptors() == before);
	return 0;
}
