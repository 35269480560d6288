/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals that would end us are blocked and read from a descriptor, so that nothing of the
 * ending is skipped.
 *
 *	counting --Ctrl-C, at a terminal--> asking --Ctrl-C, "yes"--> ends
 *	    ^                                 |
 *	    +-------- any other line ---------+
 *	counting, asking --SIGTERM, SIGHUP, the lease's time is over--> ends
 *	counting, asking --another has ended it--> over
 *
 * The server is asked now and then whether somebody else has ended the lease, and never waited for: the question is
 * sent, and looked at again when its answer stands there.  If it cannot be asked, the countdown goes on: the clock alone
 * decides.
 */
#include "cli/lease.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "base/text_time.h"

enum { TICK_MS = 1000, LOOK_MS = 5000, SILENT_MS = 30000, LINE_MAX_SIZE = 64 };

/* Told when so many seconds are left. */
static const int64_t warnings[] = {600, 300, 60, 10};

enum waiting { COUNTING, ASKING, ENDS, OVER };

struct watch {
	struct cli_call *call;
	const struct opened *opened;
	enum waiting state;
	int signals;
	int64_t told;  /* of WARNINGS */
	int64_t asked; /* process_milliseconds, of the last question to the server */
	bool open;     /* it has no answer yet */
	bool silence;  /* which was told */
};

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
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "cannot wait for signals");
	*ret_fd = fd;
	return ERR_OK;
}

/* What is done at the end can take long, and whoever types Ctrl-C does not want it to. */
static void
free_interrupt(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static const struct ui *
ui_of(const struct watch *watch)
{
	return watch->call->io->ui;
}

/* ---- the clock ---- */

static void
tell(struct watch *watch, int64_t left)
{
	const struct cli_io *io = watch->call->io;
	char text[TEXT_DURATION_SIZE];
	bool warned = false;

	text_duration(left, text);
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
		warned |= left <= warnings[i] && watch->told > warnings[i];
	if (warned) {
		watch->told = left;
		ui_say(io->ui, "%s: %s left; then its sessions are closed, and it is replaced.",
		    watch->opened->title, text);
	}
	if (io->on_terminal && watch->state == COUNTING)
		ui_progress(io->ui, "%s: %s left; Ctrl-C asks whether to end the lease",
		    watch->opened->title, text);
}

static void
mind_clock(struct watch *watch)
{
	int64_t left = watch->opened->expires - watch->call->drivers->now();

	if (left > 0) {
		tell(watch, left);
		return;
	}
	ui_say(ui_of(watch), "%s: the lease has expired.", watch->opened->title);
	watch->state = ENDS;
}

/* ---- the person ---- */

/* Somebody reads there whom a question reaches: we are in its foreground. */
static bool
can_ask(const struct watch *watch)
{
	int terminal = watch->call->io->terminal;

	return watch->call->io->person && terminal >= 0 && tcgetpgrp(terminal) == getpgrp();
}

static void
ask(struct watch *watch)
{
	(void)tcflush(watch->call->io->terminal, TCIFLUSH); /* what was typed before is no answer */
	ui_say(ui_of(watch),
	    "End the lease of %s now? Its sessions are closed, and it is replaced. Type yes to end "
	    "it, Enter to go on; a second Ctrl-C ends it, too.",
	    watch->opened->title);
	watch->state = ASKING;
}

static void
mind_signal(struct watch *watch)
{
	struct signalfd_siginfo signal = {0};

	if (read(watch->signals, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (signal.ssi_signo == SIGINT && watch->state == COUNTING && can_ask(watch)) {
		ask(watch);
		return;
	}
	ui_say(ui_of(watch), "%s: ending the lease.", watch->opened->title);
	watch->state = ENDS;
}

static void
mind_answer(struct watch *watch)
{
	char line[LINE_MAX_SIZE];
	ssize_t got = read(watch->call->io->terminal, line, sizeof(line));

	if (got == 4 && strncasecmp(line, "yes\n", 4) == 0) {
		ui_say(ui_of(watch), "%s: ending the lease.", watch->opened->title);
		watch->state = ENDS;
		return;
	}
	ui_say(ui_of(watch), "%s: the lease goes on.", watch->opened->title);
	watch->state = COUNTING;
}

/* For a tick at most. */
static void
mind_person(struct watch *watch)
{
	struct pollfd fds[] = {{.fd = watch->signals, .events = POLLIN},
	    {.fd = watch->state == ASKING ? watch->call->io->terminal : -1, .events = POLLIN}};

	if (poll(fds, ARRAY_SIZE(fds), TICK_MS) <= 0)
		return;
	if (fds[0].revents != 0)
		mind_signal(watch);
	else if (fds[1].revents != 0)
		mind_answer(watch);
}

/* ---- the server ---- */

/* Nobody answers any more: the end goes over another connection. */
static void
lose(struct watch *watch)
{
	ui_say(ui_of(watch),
	    "%s: the connection to %s has broken. The lease goes on, and ends by the clock, over "
	    "another one.",
	    watch->opened->title, client_who(watch->call->client));
	client_freep(&watch->call->client);
}

static void
hear_answer(struct watch *watch)
{
	struct client *client = watch->call->client;
	struct lease lease;
	struct err err;
	enum err_code code = lease_look(client, watch->opened->id, &lease, &err);

	watch->open = false;
	client_tell_overheard(client); /* nothing is asked here */
	if (code == ERR_PROTOCOL || code == ERR_IO) {
		lose(watch);
	} else if (code == ERR_OK && lease.state != CEREMONY_RELEASED) {
		ui_say(ui_of(watch), "%s: the lease was ended elsewhere.", watch->opened->title);
		watch->state = OVER;
	} else if (watch->silence) {
		ui_say(ui_of(watch), "%s: %s answers again.", watch->opened->title,
		    client_who(client));
	}
	watch->silence = false;
}

static void
mind_server(struct watch *watch)
{
	struct client *client = watch->call->client;
	int64_t since = process_milliseconds() - watch->asked;

	if (client == NULL)
		return;
	if (watch->open && client_has_answer(client)) {
		hear_answer(watch);
	} else if (watch->open && since >= SILENT_MS && !watch->silence) {
		watch->silence = true;
		ui_say(ui_of(watch),
		    "%s: %s has not answered for %d s. The lease goes on, and ends by the clock.",
		    watch->opened->title, client_who(client), (int)(since / 1000));
	} else if (!watch->open && since >= LOOK_MS) {
		lease_foresee_look(client, watch->opened->id);
		watch->asked = process_milliseconds();
		watch->open = true;
	}
}

/* One that owes an answer is not asked to end anything. */
static void
leave_server(struct watch *watch)
{
	if (watch->call->client != NULL && watch->open &&
	    process_milliseconds() - watch->asked >= LOOK_MS &&
	    !client_has_answer(watch->call->client))
		client_freep(&watch->call->client);
}

enum err_code
lease_wait(struct cli_call *call, const struct opened *opened, bool *ret_end, struct err *err)
{
	FD signals = -1;
	struct watch watch = {.call = call,
	    .opened = opened,
	    .asked = process_milliseconds(),
	    /* At a terminal the time stands there already. */
	    .told = call->io->on_terminal ? opened->expires - call->drivers->now() : INT64_MAX};

	TRY(catch_signals(&signals, err));
	watch.signals = signals;
	for (;;) {
		mind_clock(&watch);
		if (watch.state < ENDS)
			mind_person(&watch);
		if (watch.state < ENDS)
			mind_server(&watch);
		if (watch.state >= ENDS)
			break;
	}
	leave_server(&watch);
	free_interrupt();
	*ret_end = watch.state == ENDS;
	return ERR_OK;
}
