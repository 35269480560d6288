/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals that would end us are blocked and read from a descriptor, so that nothing of the
 * ending is skipped.  The server is asked now and then whether somebody else has ended the lease;
 * if it cannot be asked, the countdown goes on: the clock alone decides.
 */
#include "cli/lease.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "base/text_time.h"

enum { TICK_MS = 1000, LOOK_SECONDS = 5 };

/* Told when so many seconds are left, on a terminal that is not rewritten. */
static const int64_t warnings[] = {600, 300, 60, 10};

static enum err_code
catch_signals(int *ret_fd, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_errno(err, ERR_IO, errno, "cannot block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "cannot wait for signals");
	*ret_fd = fd;
	return ERR_OK;
}

static void
tell(const struct cli_call *call, const struct opened *opened, int64_t left, int64_t *told)
{
	char text[TEXT_DURATION_SIZE];

	text_duration(left, text);
	if (call->io->on_terminal) {
		ui_progress(call->io->ui, "%s: %s left; Ctrl-C ends the lease", opened->title,
		    text);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		if (left <= warnings[i] && *told > warnings[i]) {
			ui_say(call->io->ui, "%s: %s left", opened->title, text);
			*told = left;
		}
	}
}

static bool
ended_elsewhere(struct client *client, const struct opened *opened)
{
	struct lease lease;
	struct err ignored;

	return lease_look(client, opened->id, &lease, &ignored) == ERR_OK &&
	    lease.state != CEREMONY_RELEASED;
}

static bool
wait_tick(int signals)
{
	struct pollfd poll_fd = {.fd = signals, .events = POLLIN};

	return poll(&poll_fd, 1, TICK_MS) > 0;
}

enum err_code
lease_wait(const struct cli_call *call, struct client *client, const struct opened *opened,
    bool *ret_end, struct err *err)
{
	FD signals = -1;
	int64_t told = INT64_MAX;

	TRY(catch_signals(&signals, err));
	for (unsigned tick = 1;; tick++) {
		int64_t left = opened->expires - call->drivers->now();

		if (left <= 0) {
			ui_say(call->io->ui, "%s: the lease has expired.", opened->title);
			*ret_end = true;
			return ERR_OK;
		}
		tell(call, opened, left, &told);
		if (wait_tick(signals)) {
			ui_say(call->io->ui, "%s: ending the lease.", opened->title);
			*ret_end = true;
			return ERR_OK;
		}
		if (tick % LOOK_SECONDS == 0 && ended_elsewhere(client, opened)) {
			ui_say(call->io->ui, "%s: the lease was ended elsewhere.", opened->title);
			*ret_end = false;
			return ERR_OK;
		}
		if (tick % LOOK_SECONDS == 0)
			client_tell_overheard(client); /* nothing is asked here */
	}
}
