/* SPDX-License-Identifier: Apache-2.0 */
/* Values are tried one by one, the newest first, and only where something went wrong: each attempt may count. */
#include "rotators/checker/restore.h"

#include "rotators/checker/expect.h"

/* Of a value at the target. */
enum standing {
	STANDS_NOT,
	STANDS,
	STANDS_UNTOLD /* the target cannot be asked */
};

/* By a login.  RET_SAID: what was answered, unless NULL. */
static enum standing
standing_of(struct trial *trial, const struct secret *value, struct buf *ret_said)
{
	SESSION session;

	session_start(&session, trial, NULL, value, NULL);
	int result = session_ask(&session, "probe", "current", probe_result_names);

	if (ret_said != NULL)
		buf_text(ret_said, session.said);
	return result == PROBE_ACCEPTED                       ? STANDS :
	    result == PROBE_REFUSED || result == PROBE_DENIED ? STANDS_NOT :
	                                                        STANDS_UNTOLD;
}

static bool
accepted(struct trial *trial, const struct secret *value)
{
	return standing_of(trial, value, NULL) == STANDS;
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

		if (!kept->whole || !accepted(trial, kept->value))
			continue;
		change(trial, style == STYLE_REPLACE ? ROTATOR_APPLY : ROTATOR_ADD, kept->value);
		if (accepted(trial, trial->given))
			return;
	}
}

/* Where the value that was given stands; RET_SAID: by which answer. */
static enum standing
bring_given_back(struct trial *trial, struct buf *ret_said)
{
	if (accepted(trial, trial->given))
		return STANDS;
	bring_back(trial);
	ret_said->size = 0;
	return standing_of(trial, trial->given, ret_said);
}

static void
report_given(struct report *report, enum standing given, struct buf *said)
{
	if (given == STANDS_UNTOLD)
		report_wrong(report, FIND_TOLD, "%s", buf_string(said));
	else
		(void)report_is(report, FIND_RESTORED, given == STANDS,
		    given == STANDS ? "" : "it could not be brought back");
}

/* The value INDEX stays at the target: nobody shall be without it who needs it. */
static void
say_stays(struct trial *trial, size_t index, enum standing standing)
{
	const struct kept *kept = &trial->keep.values[index];
	const char *takes = standing == STANDS ? "THE TARGET TAKES THE VALUE IN" :
	                                         "THE TARGET MAY TAKE THE VALUE IN";
	BUF files = {0}, named = {0};
	struct err err;

	if (kept->name[0] != '\0')
		buf_format(&named, "; look there for %s", kept->name);
	if (keep_save(&trial->keep, index, &err) != ERR_OK) {
		report_note(&trial->report,
		    "THE TARGET TAKES A VALUE THAT NO FILE COULD HOLD AND THAT NOBODY HAS (%s)%s, AND TAKE IT AWAY",
		    err.text, buf_string(&named));
		return;
	}
	keep_files(&trial->keep, index, &files);
	report_note(&trial->report, "%s %s%s%s", takes, buf_string(&files),
	    kept->whole ? "" : ", as it came on descriptor 5", buf_string(&named));
}

/* By a withdraw that did not take the other value away where it was tried. */
static bool
can_take_away(const struct trial *trial)
{
	return trial->description.announced.style != STYLE_REPLACE &&
	    trial->report.states[FIND_WITHDRAW_NEXT] != FAULT;
}

/* Those beside the one that was given: RET_STANDINGS, after what GIVEN allowed was done; it may be another then. */
static void
take_away_others(struct trial *trial, enum standing *given, struct buf *ret_said,
    enum standing ret_standings[KEPT_MAX])
{
	for (size_t i = 0; i < trial->keep.count; i++) {
		const struct kept *kept = &trial->keep.values[i];

		ret_standings[i] =
		    kept->whole ? standing_of(trial, kept->value, NULL) : STANDS_UNTOLD;
		if (ret_standings[i] != STANDS || *given != STANDS || !can_take_away(trial))
			continue;
		change(trial, ROTATOR_WITHDRAW, kept->value);
		ret_standings[i] = standing_of(trial, kept->value, NULL);
		*given = bring_given_back(trial, ret_said);
	}
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

	if (!right || trial->report.wrong > 0 || given != STANDS)
		take_away_others(trial, &given, &said, others);
	report_given(&trial->report, given, &said);
	size_t left = say_others(trial, others);

	if (given == STANDS && left == 0) {
		say_alive(trial);
		return keep_erase(&trial->keep, err);
	}
	if (left == 0)
		report_note(&trial->report, "%sTHOSE THAT IT WAS GIVEN ARE IN %s",
		    given == STANDS_NOT ? "THE TARGET TAKES NONE OF THE VALUES NOW, NOR YOURS; " :
		                          "",
		    trial->keep.folder);
	return ERR_OK;
}
