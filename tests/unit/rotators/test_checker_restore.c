/* SPDX-License-Identifier: Apache-2.0 */
/* What is said and kept in the end of values that a target takes, or may take. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/left.h"
#include "base/process.h"
#include "rotators/checker/restore.h"
#include "rotators/contract/executable.h"
#include "tests/unit/contract_bench.h"

/* Sets $mine to the letter of the value on descriptor 3, and $next to that on 4: g (given), n, o (others), or nothing. */
#define LETTERS                                                                                    \
	"letter() { case $(tr -d '\\000') in *'" PASSWORD "'*) echo g;; *'" NEXT_PASSWORD          \
	"'*) echo n;; *'" OTHER_PASSWORD "'*) echo o;; esac; }\n"                                  \
	"mine=$(letter 2>&- <&3); next=$({ letter <&4; } 2>/dev/null)\n"
/* Answers what answer() says of the letter of a value, and of who asks; all but probe is left to other(). */
#define PROBES                                                                                         \
	"while ask; do case $line in *probe*next*) say \"{\\\"result\\\":\\\"$(answer $next)\\\"}\";;" \
	" *probe*) say \"{\\\"result\\\":\\\"$(answer $mine)\\\"}\";; *) other;; esac; done\n"

struct seen {
	struct trial trial;
	struct buf lines;
};

static void
note_line(void *context, const char *line)
{
	struct buf *lines = context;

	buf_format(lines, "%s\n", line);
}

/* A trial of the rotator that answers so (functions of the shell), with NEXT kept, and VIA where BOTH, has come to its end. */
static void
run(struct fixture *fixture, enum style style, const char *answers, bool both, bool right,
    struct seen *seen)
{
	BUF body = {0};
	struct digest hash;
	struct err err;

	*seen = (struct seen){.trial = {.program = fixture->path,
	                          .executable = -1,
	                          .target = fixture->target,
	                          .given = fixture->current,
	                          .seconds = 10,
	                          .label = "halligan-test-0",
	                          .report = {.print = note_line}}};
	seen->trial.report.context = &seen->lines;
	seen->trial.description.announced.style = style;
	buf_format(&body, "%s%s%s", LETTERS, answers, PROBES);
	install(fixture, buf_string(&body));
	assert_ok(left_watch(&err));
	assert_ok(executable_open(fixture->path, &seen->trial.executable, &hash, &err));
	assert_int_equal(chdir(fixture->folder), 0);
	assert_ok(keep_begin(&seen->trial.keep, &err));
	assert_ok(keep_add(&seen->trial.keep, fixture->next, &err));
	if (both)
		assert_ok(keep_add(&seen->trial.keep, fixture->via, &err));
	assert_ok(restore_run(&seen->trial, right, &err));
	report_flush(&seen->trial.report);
}

static void
end(struct seen *seen)
{
	struct err err;

	fd_closep(&seen->trial.executable);
	buf_done(&seen->lines);
	assert_ok(keep_erase(&seen->trial.keep, &err));
	keep_done(&seen->trial.keep);
	assert_int_equal(chdir("/"), 0);
}

/* WORDS and the files of the value INDEX, which are there. */
static void
assert_kept(struct seen *seen, size_t index, const char *words)
{
	BUF line = {0};
	char path[4096], name[32];
	struct err err;

	(void)snprintf(name, sizeof(name), "%zu.password", index + 1);
	assert_ok(file_path(seen->trial.keep.folder, name, path, &err));
	assert_true(file_exists(path));
	buf_format(&line, "%s %s/%zu.", words, seen->trial.keep.folder, index + 1);
	if (strstr(buf_string(&seen->lines), buf_string(&line)) == NULL)
		fail_msg("no \"%s\" in: %s", buf_string(&line), buf_string(&seen->lines));
}

static bool
is_erased(const struct seen *seen)
{
	return !file_exists(seen->trial.keep.folder);
}

static void
a_value_that_is_refused_while_the_given_is_accepted_is_erased(void **state)
{
	struct seen seen;

	run(*state, STYLE_REPLACE,
	    "answer() { [ \"$1\" = g ] && echo accepted || echo refused; }\n", true, false, &seen);
	assert_true(is_erased(&seen));
	assert_int_equal(seen.trial.report.wrong, 0);
	end(&seen);
}

static void
a_value_that_is_denied_is_kept(void **state)
{
	struct seen seen;

	run(*state, STYLE_ISSUE, "answer() { [ \"$1\" = g ] && echo accepted || echo denied; }\n",
	    false, false, &seen);
	assert_kept(&seen, 0, "THE TARGET MAY TAKE THE VALUE IN");
	assert_int_equal(seen.trial.report.wrong, 0);
	end(&seen);
}

static void
a_value_that_is_refused_while_the_given_is_not_accepted_is_kept(void **state)
{
	struct seen seen;

	run(*state, STYLE_ISSUE,
	    "answer() { [ \"$1\" = n ] && echo refused && return; [ $mine = g ] && echo accepted || echo denied; }\n",
	    false, false, &seen);
	assert_kept(&seen, 0, "THE TARGET MAY TAKE THE VALUE IN");
	end(&seen);
}

static void
where_none_is_accepted_each_is_named(void **state)
{
	struct seen seen;

	run(*state, STYLE_ISSUE, "answer() { echo denied; }\n", true, true, &seen);
	assert_kept(&seen, 0, "THE TARGET MAY TAKE THE VALUE IN");
	assert_kept(&seen, 1, "THE TARGET MAY TAKE THE VALUE IN");
	assert_non_null(strstr(buf_string(&seen.lines), "THE VALUE THAT YOU GAVE IS NOT ACCEPTED"));
	assert_non_null(strstr(buf_string(&seen.lines), "probe current answers \"denied\""));
	end(&seen);
}

static void
another_value_that_is_accepted_proves_a_no(void **state)
{
	struct seen seen;

	run(*state, STYLE_ISSUE,
	    "answer() { case $1 in o) echo accepted;; *) [ \"$next\" = o ] && echo refused || echo denied; esac; }\n",
	    true, false, &seen);
	assert_kept(&seen, 1, "THE TARGET TAKES THE VALUE IN");
	assert_null(strstr(buf_string(&seen.lines), "/1."));
	end(&seen);
}

static void
after_a_way_back_the_others_are_looked_for(void **state)
{
	struct seen seen;

	run(*state, STYLE_OVERLAP,
	    "answer() { [ \"$1\" = n -o -e \"$t\" ] && echo accepted || echo denied; }\n"
	    "other() { case $line in *add*) : >\"$t\"; say '{\"result\":\"added\"}';; *) exit 0; esac; }\n",
	    false, true, &seen);
	assert_int_equal(seen.trial.report.wrong, 0);
	assert_kept(&seen, 0, "THE TARGET TAKES THE VALUE IN");
	end(&seen);
}

/* The other value is withdrawn, and the given one with it; that one is brought back by a third. */
static void
after_a_withdraw_that_took_both_it_is_told_what_stands(void **state)
{
	struct seen seen;

	run(*state, STYLE_OVERLAP,
	    "has() { grep -q $1 \"$t\"; }\n"
	    "[ -e \"$t\" ] || echo gno >\"$t\"\n"
	    "answer() { if has \"$1\"; then echo accepted; elif has g || has o; then echo refused; else echo denied; fi; }\n"
	    "other() { case $line in *add*) echo $(cat \"$t\")$next >\"$t\"; say '{\"result\":\"added\"}';;\n"
	    "*withdraw*) case $mine in n) echo o;; *) echo g;; esac >\"$t\"\n"
	    "say '{\"result\":\"withdrawn\"}'; esac; }\n",
	    true, false, &seen);
	assert_int_equal(seen.trial.report.wrong, 0);
	if (!is_erased(&seen))
		fail_msg("%s", buf_string(&seen.lines));
	end(&seen);
}

static void
nothing_is_withdrawn_that_is_the_given_value(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen;
	struct err err;

	secret_free(fixture->next);
	assert_ok(secret_from(secret_view(fixture->current), &fixture->next, &err));
	run(fixture, STYLE_ISSUE,
	    "answer() { echo accepted; }\n"
	    "other() { : >\"$t\"; say '{\"result\":\"withdrawn\"}'; }\n",
	    false, false, &seen);
	assert_false(file_exists(fixture->trace));
	assert_kept(&seen, 0, "THE TARGET TAKES THE VALUE IN");
	end(&seen);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(a_value_that_is_refused_while_the_given_is_accepted_is_erased),
	    CASE(a_value_that_is_denied_is_kept),
	    CASE(a_value_that_is_refused_while_the_given_is_not_accepted_is_kept),
	    CASE(where_none_is_accepted_each_is_named),
	    CASE(another_value_that_is_accepted_proves_a_no),
	    CASE(after_a_way_back_the_others_are_looked_for),
	    CASE(after_a_withdraw_that_took_both_it_is_told_what_stands),
	    CASE(nothing_is_withdrawn_that_is_the_given_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
