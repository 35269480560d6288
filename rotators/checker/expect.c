/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/expect.h"

#include <time.h>

#include "base/process.h"
#include "base/random.h"
#include "rotators/checker/value.h"

static int
ask_change(struct session *session, enum rotator_change change)
{
	const struct change_verb *verb = &change_verbs[change];
	int64_t start = process_milliseconds(), took;
	int result = session_ask(session, verb->verb, verb->value, verb->results);

	took = process_milliseconds() - start;
	if (session->trial->took < took)
		session->trial->took = took;
	return result;
}

static int
probe(struct session *session, enum rotator_value which)
{
	return session_ask(session, "probe", which == ROTATOR_CURRENT ? "current" : "next",
	    probe_result_names);
}

/* A change that did not come about.  One that comes again, or after a kill, has no excuse: what it needs was there. */
static bool
is_at_first(struct session *session, enum finding finding, bool done)
{
	bool first = finding == FIND_APPLY || finding == FIND_ADD || finding == FIND_WITHDRAW ||
	    finding == FIND_ISSUE || finding == FIND_MINT;

	session->away = session->away && first;
	return session_is(session, finding, done);
}

bool
expect_done(struct session *session, enum rotator_change change, enum finding finding)
{
	bool done = ask_change(session, change) == 0;

	return is_at_first(session, finding, done);
}

bool
expect_accepted(struct session *session, enum rotator_value which, enum finding finding)
{
	bool accepted = probe(session, which) == PROBE_ACCEPTED;

	return session_is(session, finding, accepted);
}

bool
expect_dead(struct session *session, enum rotator_value which, enum finding finding)
{
	const struct announcement *announced = &session->trial->description.announced;

	if (announced->death == DEATH_NONE || announced->grace > 0)
		return true; /* not now */
	bool refused = probe(session, which) == PROBE_REFUSED;

	return session_is(session, finding, refused);
}

bool
expect_both(struct session *session, enum finding finding)
{
	bool both = probe(session, ROTATOR_NEXT) == PROBE_ACCEPTED &&
	    probe(session, ROTATOR_CURRENT) == PROBE_ACCEPTED;

	return session_is(session, finding, both);
}

static void
try_sessions(struct session *session)
{
	struct report *report = &session->trial->report;
	static const struct {
		const char *verb, *const *results;
		enum finding finding;
		uint32_t can;
	} rows[] = {{"warn", warn_result_names, FIND_WARN, CAN_WARN},
	    {"expel", expel_result_names, FIND_EXPEL, CAN_EXPEL}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if ((session->trial->description.announced.can & rows[i].can) == 0)
			continue;
		int result = session_ask(session, rows[i].verb, NULL, rows[i].results);

		if (result == EXPEL_CANNOT_TELL)
			report_note(report, "%s; a debt is never paid as long as that is so",
			    session->said);
		(void)report_is(report, rows[i].finding, result >= 0, session->said);
	}
}

bool
expect_moved(struct trial *trial, const struct move *move, const struct secret *from,
    const struct secret *to)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	if (!expect_done(&session, move->change, move->done))
		return false;
	if (move->first)
		try_sessions(&session);
	bool next = expect_accepted(&session, ROTATOR_NEXT, move->next);

	return expect_dead(&session, ROTATOR_CURRENT, move->current) && next;
}

static void
stop(struct trial *trial, struct err *why, const char *doing)
{
	(void)err_add(why, "%s", doing);
	trial->stopped = *why;
}

/* Whatever was answered: the target may take what it made.  False: it is held, and not on disk. */
static bool
keep_made(struct session *session, const struct secret **ret_made)
{
	struct exchange *exchange = &session->exchange;
	struct trial *trial = session->trial;
	struct err err;

	*ret_made = NULL;
	if (exchange->generated == NULL || secret_size(exchange->generated) == 0) {
		keep_give_up(&trial->keep);
		return true;
	}
	fd_closep(&exchange->generated_fd);
	enum err_code code =
	    keep_take(&trial->keep, TAKE(exchange->generated), trial->label, ret_made, &err);

	session->next = *ret_made; /* so that it is looked for in all that is said */
	if (code != ERR_OK)
		stop(trial, &err, "keeping the value that the target made");
	return code == ERR_OK;
}

/* Nothing is asked when there is no room for what it would make. */
static bool
reserve(struct trial *trial)
{
	struct err err;

	if (keep_reserve(&trial->keep, &err) == ERR_OK)
		return true;
	stop(trial, &err, "the target was not asked to make a value: there is no room for it");
	return false;
}

/* One that has no name in any file: it stays, unless somebody takes it away by its name. */
static void
say_unseen(const struct trial *trial)
{
	report_note(&trial->report,
	    "THE TARGET MAY HAVE MADE A VALUE THAT NOBODY HAS: look there for %s, and take it away",
	    trial->label);
}

static bool
may_have_made(int result, enum rotator_change change)
{
	enum change_result is =
	    result < 0 ? CHANGE_UNKNOWN : change_verb_result(&change_verbs[change], result);

	return is == CHANGE_DONE || is == CHANGE_UNKNOWN;
}

bool
expect_made(struct session *session, enum rotator_change change, enum finding finding,
    const struct secret **ret_value)
{
	struct trial *trial = session->trial;
	const struct secret *made;
	struct err err;

	*ret_value = NULL;
	if (trial->stopped.code != ERR_OK || !reserve(trial)) {
		if (trial->unseen)
			say_unseen(trial);
		return false;
	}
	int result = ask_change(session, change);

	if (!keep_made(session, &made))
		return false;
	if (result != 0) {
		(void)is_at_first(session, finding, false);
	} else if (made == NULL) {
		report_wrong(&trial->report, finding, "%s, and on descriptor 5: nothing",
		    session->said);
	} else if (value_check(made, trial->description.fields, &err) != ERR_OK) {
		report_wrong(&trial->report, finding, "%s, and on descriptor 5: %s", session->said,
		    err.text);
	} else {
		report_ok(&trial->report, finding);
		*ret_value = made;
		return true;
	}
	if (made == NULL && (trial->unseen || may_have_made(result, change)))
		say_unseen(trial);
	return false;
}

bool
expect_killed(struct trial *trial, enum rotator_change change, const struct secret *current,
    const struct secret *next)
{
	const struct change_verb *verb = &change_verbs[change];
	struct timespec pause;
	struct session session;
	uint32_t random = 0;
	struct err ignored;
	int64_t microseconds;

	(void)!random_bytes(&random, sizeof(random), &ignored); /* then at once */
	microseconds = trial->took * 1000 * (random % 1000) / 1000;
	pause = (struct timespec){.tv_sec = microseconds / 1000000,
	    .tv_nsec = microseconds % 1000000 * 1000};
	session_start(&session, trial, NULL, current, next);
	session_send(&session, verb->verb, verb->value);
	(void)nanosleep(&pause, NULL);
	trial->unseen = change == ROTATOR_ISSUE;
	if (session_crash(&session))
		return true;
	if (trial->unseen)
		say_unseen(trial);
	return false;
}
