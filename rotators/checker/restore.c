/* SPDX-License-Identifier: Apache-2.0 */
/* Values are tried one by one, the newest first, and only where something went wrong: each attempt may count. */
#include "rotators/checker/restore.h"

#include "rotators/checker/expect.h"
#include "rotators/checker/value.h"

/* Of a value at the target. */
enum standing {
	STANDS_NOT,
	STANDS,
	STANDS_UNTOLD /* nobody can tell */
};

static int
probe(struct session *session, const char *which)
{
	return session_ask(session, "probe", which, probe_result_names);
}

/* Of the value that was given: here it does not matter why the target says no.  RET_SAID: what was answered, unless NULL. */
static enum standing
standing_of_given(struct trial *trial, struct buf *ret_said)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, NULL);
	int result = probe(&session, "current");

	if (ret_said != NULL)
		buf_text(ret_said, session.said);
	return result == PROBE_ACCEPTED                       ? STANDS :
	    result == PROBE_REFUSED || result == PROBE_DENIED ? STANDS_NOT :
	                                                        STANDS_UNTOLD;
}

/* Of another one: it is gone only by a proof, and this needs one that is accepted, WITNESS, in the same process. */
static enum standing
standing_of(struct trial *trial, const struct secret *value, const struct secret *witness)
{
	SESSION session;

	session_start(&session, trial, NULL, value, witness);
	int result = probe(&session, "current");

	if (result == PROBE_REFUSED && probe(&session, "next") == PROBE_ACCEPTED)
		return STANDS_NOT;
	return result == PROBE_ACCEPTED ? STANDS : STANDS_UNTOLD;
}

static void
change(struct trial *trial, enum rotator_change change, const struct secret *from)
{
	const struct change_verb *verb = &change_verbs[change];
	SESSION session;

	session_start(&session, trial, NULL, from, trial->given);
	(void)session_ask(&session, verb->verb, verb->value, verb->results);
}

/* With the help of one that is accepted, where the style has a way to bring a value there. */
static void
bring_back(struct trial *trial)
{
	enum style style = trial->description.announced.style;

	for (size_t i = trial->keep.count; i-- > 0 && style != STYLE_ISSUE;) {
		const struct kept *kept = &trial->keep.values[i];

		if (!kept->whole || standing_of(trial, kept->value, trial->given) != STANDS)
			continue;
		change(trial, style == STYLE_REPLACE ? ROTATOR_APPLY : ROTATOR_ADD, kept->value);
		if (standing_of_given(trial, NULL) == STANDS)
			return;
	}
}

/* Where the value that was given stands.  RET_SAID: by which answer, where it was not accepted at once. */
static enum standing
bring_given_back(struct trial *trial, struct buf *ret_said)
{
	if (standing_of_given(trial, NULL) == STANDS)
		return STANDS;
	bring_back(trial);
	ret_said->size = 0;
	return standing_of_given(trial, ret_said);
}

static void
report_given(struct report *report, enum standing given, struct buf *said)
{
	if (given == STANDS_UNTOLD)
		report_wrong(report, FIND_TOLD, "%s", buf_string(said));
	else if (given == STANDS_NOT)
		report_wrong(report, FIND_RESTORED, "it could not be brought back: %s",
		    buf_string(said));
	else
		report_ok(report, FIND_RESTORED);
}

/* The value INDEX stays at the target: nobody shall be without it who needs it. */
static void
say_stays(struct trial *trial, size_t index, enum standing standing)
{
	const struct kept *kept = &trial->keep.values[index];
	const char *takes = standing == STANDS ? "TAKES" : "MAY TAKE";
	BUF files = {0}, named = {0};
	struct err err;

	if (kept->name[0] != '\0')
		buf_format(&named, "; look there for %s", kept->name);
	if (keep_save(&trial->keep, index, &err) != ERR_OK) {
		report_note(&trial->report,
		    "THE TARGET %s A VALUE THAT NO FILE COULD HOLD AND THAT NOBODY HAS (%s)%s, AND TAKE IT AWAY",
		    takes, err.text, buf_string(&named));
		return;
	}
	keep_files(&trial->keep, index, &files);
	report_note(&trial->report, "THE TARGET %s THE VALUE IN %s%s%s", takes, buf_string(&files),
	    kept->whole ? "" : ", as it came on descriptor 5", buf_string(&named));
}

/* By a withdraw that did not take the other value away where it was tried; and VALUE is not the given one once more. */
static bool
can_take_away(const struct trial *trial, const struct secret *value)
{
	return trial->description.announced.style != STYLE_REPLACE &&
	    trial->report.states[FIND_WITHDRAW_NEXT] != FAULT &&
	    !value_same_secrets(value, trial->given);
}

/* Those beside the one that was given: RET_STANDINGS, after what GIVEN allowed was done; it may be another then. */
static void
take_away_others(struct trial *trial, enum standing *given, struct buf *ret_said,
    enum standing ret_standings[KEPT_MAX])
{
	for (size_t i = 0; i < trial->keep.count; i++) {
		const struct kept *kept = &trial->keep.values[i];

		ret_standings[i] =
		    kept->whole ? standing_of(trial, kept->value, trial->given) : STANDS_UNTOLD;
		if (ret_standings[i] != STANDS || *given != STANDS ||
		    !can_take_away(trial, kept->value))
			continue;
		change(trial, ROTATOR_WITHDRAW, kept->value);
		*given = bring_given_back(trial, ret_said);
		ret_standings[i] = standing_of(trial, kept->value, trial->given);
	}
}

/* Where the given one is no witness against them, one of their own may be. */
static void
ask_again(struct trial *trial, enum standing standings[KEPT_MAX])
{
	const struct secret *witness = NULL;

	for (size_t i = 0; i < trial->keep.count && witness == NULL; i++)
		if (standings[i] == STANDS)
			witness = trial->keep.values[i].value;
	for (size_t i = 0; i < trial->keep.count && witness != NULL; i++)
		if (standings[i] == STANDS_UNTOLD && trial->keep.values[i].whole)
			standings[i] = standing_of(trial, trial->keep.values[i].value, witness);
}

/* The number of those that stay, or may. */
static size_t
say_others(struct trial *trial, const enum standing standings[KEPT_MAX])
{
	size_t left = 0;

	for (size_t i = 0; i < trial->keep.count; i++)
		if (standings[i] != STANDS_NOT) {
			say_stays(trial, i, standings[i]);
			left++;
		}
	return left;
}

/* What was made here may outlive the files. */
static void
say_alive(const struct trial *trial)
{
	const struct announcement *announced = &trial->description.announced;

	if (trial->keep.count == 0)
		return;
	if (announced->death == DEATH_NONE)
		report_note(&trial->report,
		    "the target takes the values of this test for ever; their files in %s are erased "
		    "now, so that nobody has them",
		    trial->keep.folder);
	else if (announced->grace > 0)
		report_note(&trial->report,
		    "the target takes the values of this test for %u s more; their files in %s are "
		    "erased now: use it in earnest only after that time",
		    announced->grace, trial->keep.folder);
}

enum err_code
restore_run(struct trial *trial, bool right, struct err *err)
{
	enum standing others[KEPT_MAX] = {STANDS_NOT};
	BUF said = {0};
	enum standing given = bring_given_back(trial, &said);

	if (!right || trial->report.wrong > 0 || said.size > 0) {
		take_away_others(trial, &given, &said, others);
		if (given != STANDS)
			ask_again(trial, others);
	}
	report_given(&trial->report, given, &said);
	if (say_others(trial, others) > 0)
		return ERR_OK;
	if (given == STANDS)
		say_alive(trial);
	return keep_erase(&trial->keep, err);
}
