/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals that would end us are blocked and read from a descriptor, so that nothing of the
 * ending is skipped.  Nothing here waits for the server: not the countdown, and not a signal.
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

enum { TICK_MS = 1000, LOOK_SECONDS = 5, DEAD_SECONDS = 10, SURE_SECONDS = 10 };

/* Told when so many seconds are left, in a line that stays. */
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

/* How a lease is watched. */
struct watch {
	const struct cli_call *call;
	struct client *client;
	const struct opened *opened;
	int signals;
	int64_t told;     /* what was left when it was told last, away from a terminal */
	int64_t asked_at; /* when Ctrl-C asked whether it is meant; 0: it did not */
	int64_t sent_at;  /* when the server was asked how the lease is; 0: it is not being asked */
	int64_t look_at;  /* when it will be asked next */
	bool dead;        /* it does not answer any more */
};

static bool
is_asking(const struct watch *watch)
{
	return watch->asked_at != 0 &&
	    process_milliseconds() - watch->asked_at < 1000 * (int64_t)SURE_SECONDS;
}

static void
tell(struct watch *watch, int64_t left)
{
	const struct ui *ui = watch->call->io->ui;
	const char *title = watch->opened->title;
	char text[TEXT_DURATION_SIZE];

	text_duration(left, text);
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		if (left > warnings[i] || watch->told <= warnings[i])
			continue;
		ui_say(ui, "%s: %s left", title, text);
		watch->told = left;
	}
	if (watch->call->io->on_terminal)
		ui_progress(ui,
		    is_asking(watch) ? "%s: %s left; Ctrl-C once more ends it now" :
		                       "%s: %s left; Ctrl-C asks whether to end it",
		    title, text);
}

/* Is the lease over for others?  The server is asked now and then, and nobody waits for its answer: what is sent is answered
 * between two ticks, or much later, or never. */
static bool
ended_elsewhere(struct watch *watch)
{
	int64_t now = process_milliseconds();
	struct lease lease;
	struct err ignored;

	if (watch->dead)
		return false;
	if (watch->sent_at == 0 && now >= watch->look_at) {
		lease_foresee(watch->client, watch->opened->id);
		watch->sent_at = now;
	}
	if (watch->sent_at == 0)
		return false;
	if (!client_is_ready(watch->client)) {
		watch->dead = now - watch->sent_at >= 1000 * (int64_t)DEAD_SECONDS;
		if (watch->dead)
			ui_say(watch->call->io->ui,
			    "%s: the vault's server does not answer any more; the lease goes on until its time is over",
			    watch->opened->title);
		return false;
	}
	watch->sent_at = 0;
	watch->look_at = now + 1000 * (int64_t)LOOK_SECONDS;
	bool known = lease_look(watch->client, watch->opened->id, &lease, &ignored) == ERR_OK;
	client_tell_overheard(watch->client); /* nothing is asked here */
	watch->dead = !known && ignored.code == ERR_PROTOCOL;
	return known && lease.state != CEREMONY_RELEASED;
}

/* One tick, or less; RET_SIGNAL: 0, or what came. */
static void
wait_tick(const struct watch *watch, unsigned *ret_signal)
{
	struct pollfd poll_fd = {.fd = watch->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	*ret_signal = 0;
	if (poll(&poll_fd, 1, TICK_MS) > 0 &&
	    read(watch->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		*ret_signal = info.ssi_signo;
}

/* Does SIGNAL end the lease?  The first Ctrl-C of a person asks. */
static bool
is_meant(struct watch *watch, unsigned signal)
{
	if (signal != SIGINT || !watch->call->io->person || is_asking(watch))
		return true;
	watch->asked_at = process_milliseconds();
	ui_say(watch->call->io->ui,
	    "%s: end it now? Then the credential is replaced, and sessions that were opened with it are closed. Ctrl-C once "
	    "more within %d s ends it; else it goes on.",
	    watch->opened->title, (int)SURE_SECONDS);
	return false;
}

static enum err_code
watch_on(struct watch *watch, bool *ret_end)
{
	const struct ui *ui = watch->call->io->ui;
	const char *title = watch->opened->title;

	for (;;) {
		int64_t left = watch->opened->expires - watch->call->drivers->now();
		unsigned signal;

		*ret_end = true;
		if (left <= 0) {
			ui_say(ui, "%s: the lease has expired.", title);
			return ERR_OK;
		}
		tell(watch, left);
		wait_tick(watch, &signal);
		if (signal != 0 && is_meant(watch, signal)) {
			ui_say(ui, "%s: ending the lease.", title);
			return ERR_OK;
		}
		*ret_end = false;
		if (ended_elsewhere(watch)) {
			ui_say(ui, "%s: the lease was ended elsewhere.", title);
			return ERR_OK;
		}
	}
}

enum err_code
lease_wait(const struct cli_call *call, struct client *client, const struct opened *opened,
    bool *ret_end, bool *ret_dead, struct err *err)
{
	FD signals = -1;

	TRY(catch_signals(&signals, err));
	struct watch watch = {.call = call,
	    .client = client,
	    .opened = opened,
	    .signals = signals,
	    .told = INT64_MAX,
	    .look_at = process_milliseconds() + 1000 * (int64_t)LOOK_SECONDS};
	TRY(watch_on(&watch, ret_end));
	*ret_dead = watch.dead;
	return ERR_OK;
}
