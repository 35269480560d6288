/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/link_run.h"

#include <libssh/libssh.h>
#include <string.h>

#include "rotators/ssh/link_session.h"

enum { BLOCK = 16384 };

/* RET_DONE: the account's shell, or what is forced instead, has the command. */
static enum err_code
start_command(struct ssh_link *link, const char *command, bool *ret_done, struct err *err)
{
	int rc;

	link->channel = ssh_channel_new(link->session);
	if (link->channel == NULL)
		return err_set(err, ERR_MEMORY, "libssh has no channel");
	while ((rc = ssh_channel_open_session(link->channel)) == SSH_AGAIN && !link_is_dead(link))
		TRY(link_turn(link, err));
	while (
	    rc == SSH_OK && (rc = ssh_channel_request_exec(link->channel, command)) == SSH_AGAIN) {
		if (link_is_dead(link))
			break;
		TRY(link_turn(link, err));
		rc = SSH_OK;
	}
	*ret_done = rc == SSH_OK;
	return ERR_OK;
}

/* Writes what fits; at the end of it stdin is closed.  True: some of it went out. */
static bool
feed(struct ssh_link *link, struct view *input)
{
	uint32_t part = input->size < BLOCK ? (uint32_t)input->size : BLOCK;
	int put = part == 0 ? 0 : ssh_channel_write(link->channel, input->data, part);

	if (put == SSH_AGAIN || input->data == NULL)
		return false;
	if (put < 0) /* it reads no more */
		*input = view_of(NULL, 0);
	else
		*input = view_of(input->data + put, input->size - (size_t)put);
	if (input->size > 0)
		return put > 0;
	(void)ssh_channel_send_eof(link->channel);
	*input = view_of(NULL, 0);
	return true;
}

/* In one line, as much as fits. */
static void
keep_end(char said[LINK_SAID_MAX + 1], const char *block, size_t size)
{
	size_t skip = size > LINK_SAID_MAX ? size - LINK_SAID_MAX : 0, new = size - skip;
	size_t have = strlen(said),
	       drop = have + new > LINK_SAID_MAX ? have + new - LINK_SAID_MAX : 0;

	memmove(said, said + drop, have - drop);
	for (size_t i = 0; i < new; i++) {
		char letter = block[skip + i];

		said[have - drop + i] = strchr("\r\n", letter) != NULL ? ' ' : letter;
	}
	said[have - drop + new] = '\0';
}

/* What came; RET_SIZE bytes. */
static enum err_code
drain(struct ssh_link *link, struct link_run *run, size_t *ret_size, struct err *err)
{
	char block[BLOCK];
	int got = ssh_channel_read_nonblocking(link->channel, block, sizeof(block), 0);

	*ret_size = 0;
	if (got > 0) {
		buf_bytes(&run->output, view_of(block, (size_t)got));
		*ret_size += (size_t)got;
	}
	got = ssh_channel_read_nonblocking(link->channel, block, sizeof(block), 1);
	if (got > 0) {
		keep_end(run->said, block, (size_t)got);
		*ret_size += (size_t)got;
	}
	return buf_check(&run->output, err);
}

static bool
has_ended(const struct ssh_link *link, struct link_run *run)
{
	int status = ssh_channel_get_exit_status(link->channel);

	if (status >= 0)
		run->status = status;
	run->lost = run->status < 0 && link_is_dead(link);
	return ssh_channel_is_closed(link->channel) ||
	    (run->status >= 0 && ssh_channel_is_eof(link->channel)) || link_is_dead(link);
}

static enum err_code
converse(struct ssh_link *link, struct view input, struct link_run *run, struct err *err)
{
	size_t size, all = 0;

	for (;;) {
		TRY(link_attend(link, err));
		bool ended = has_ended(link, run);
		bool fed = !ended && feed(link, &input);

		TRY(drain(link, run, &size, err));
		all += size;
		if (all > LINK_OUTPUT_MAX)
			return err_set(err, ERR_PROTOCOL, "the account writes too much");
		if (ended && size == 0)
			return ERR_OK;
		if (size == 0 && !fed)
			TRY(link_turn(link, err));
	}
}

void
link_run_done(struct link_run *run)
{
	buf_done(&run->output);
}

enum err_code
link_run(struct ssh_link *link, const char *command, struct view input, int64_t deadline,
    struct link_run *ret_run, struct err *err)
{
	LINK_RUN run = {.status = -1};
	enum err_code code;

	link->deadline = deadline;
	code = start_command(link, command, &run.started, err);
	if (code == ERR_OK && run.started)
		code = converse(link, input.data != NULL ? input : view_of("", 0), &run, err);
	else if (code == ERR_OK)
		run.lost = link_is_dead(link);
	run.timed_out = code == ERR_TARGET_UNKNOWN;
	run.flooded = code == ERR_PROTOCOL;
	if (!run.timed_out && !run.flooded)
		TRY(code);
	*ret_run = TAKE(run);
	return ERR_OK;
}
