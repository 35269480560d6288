/* SPDX-License-Identifier: Apache-2.0 */
/* Values are tried one by one, the newest first, and only where something went wrong: each attempt may count. */
#include "rotators/checker/restore.h"

#include "rotators/checker/expect.h"

static bool
accepted(struct trial *trial, const struct secret *value)
{
	SESSION session;

	session_start(&session, trial, NULL, value, NULL);
	return session_ask(&session, "probe", "current", probe_result_names) == PROBE_ACCEPTED;
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
static bool
bring_back(struct trial *trial)
{
	enum style style = trial->description.announced.style;

	for (size_t i = trial->keep.count; i-- > 0 && style != STYLE_ISSUE;) {
		if (!accepted(trial, trial->keep.values[i]))
			continue;
		change(trial, style == STYLE_REPLACE ? ROTATOR_APPLY : ROTATOR_ADD,
		    trial->keep.values[i]);
		if (accepted(trial, trial->given))
			return true;
	}
	return accepted(trial, trial->given);
}

/* Those beside the one that was given; the number of those that stay. */
static size_t
take_away_others(struct trial *trial, bool given)
{
	size_t left = 0;

	for (size_t i = 0; i < trial->keep.count; i++) {
		const struct secret *value = trial->keep.values[i];
		BUF files = {0};

		if (!accepted(trial, value))
			continue;
		if (given && trial->description.announced.style != STYLE_REPLACE)
			change(trial, ROTATOR_WITHDRAW, value);
		if (given && !accepted(trial, value))
			continue;
		keep_files(&trial->keep, i, &files);
		report_note(&trial->report, "THE TARGET TAKES THE VALUE IN %s", buf_string(&files));
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
restore_run(struct trial *trial, struct err *err)
{
	struct report *report = &trial->report;
	bool given = accepted(trial, trial->given);
	size_t left = 0;

	if (!given)
		given = bring_back(trial);
	report_is(report, FIND_RESTORED, given, given ? "" : "it could not be brought back");
	if (report->wrong > 0)
		left = take_away_others(trial, given);
	if (given && left == 0) {
		say_alive(trial);
		return keep_erase(&trial->keep, err);
	}
	if (left == 0)
		report_note(report,
		    "THE TARGET TAKES NONE OF THE VALUES NOW, NOR YOURS; THOSE THAT IT WAS GIVEN ARE IN %s",
		    trial->keep.folder);
	return ERR_OK;
}
