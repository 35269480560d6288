/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile target: it answers whatever it likes, and takes what it is told, or not.  First to a vault, through a rotator that
 * hands on what it says; then to the rotator for SSH itself: an OpenSSH server (target.sh), in its own name and in another's
 * place.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/file.h"
#include "rotators/contract/rotator.h"
#include "tests/adversary/stage.h"
#include "tests/unit/server/night_bench.h"

/* --- What a vault believes -------------------------------------------------------------------- */

/* Nor does anybody watch a death any more. */
static bool
is_paid(struct bench *bench)
{
	return stage_rows(bench, "debts WHERE state <> 'retired'") == 0;
}

static void
say_why(struct bench *bench, struct err *why)
{
	char text[600];

	bench_status_of(bench, "prod/db", "text", text);
	err_set(why, ERR_TARGET, "%s", text);
}

/* It goes on to take the old value beside the new one. */
static bool
an_old_value_goes_on_working_and_is_called_dead(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};

	night_live_through(bench, "apply=both!\n", &night);
	say_why(bench, why);
	return is_paid(bench) && target_accepts(bench, night.old);
}

static bool
a_change_that_was_only_said_counts(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};

	night_live_through(bench, "apply=nothing!\n", &night);
	say_why(bench, why);
	return bench_current(bench, "prod/db") == 3 && target_accepts(bench, night.old);
}

/* No, but not for the value: too many tries, the wrong hour. */
static bool
a_no_that_proves_nothing_counts_as_a_death(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};

	night_live_through(bench, "probe=denied!\n", &night);
	say_why(bench, why);
	return is_paid(bench);
}

/* It takes the new value no more than the old one. */
static bool
a_target_that_refuses_everything_has_shown_a_death(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};
	char code[32], note[600];

	night_live_through(bench, "apply=reject\nprobe=pass\nprobe=none\nprobe=denied\n", &night);
	target_mode(bench, "probe=fail!\n");
	bench->shared->now += 3600;
	bench_rotate(bench, "prod/db", code, note);
	err_set(why, ERR_TARGET, "%s", note);
	return is_paid(bench);
}

/* Then the value that it took is one that nobody has. */
static bool
a_silence_makes_the_vault_think_of_another_value(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};
	char code[32], note[600];

	night_live_through(bench, "apply=lost\nprobe=unreachable!\n", &night);
	bench->shared->now += 3600;
	bench_rotate(bench, "prod/db", code, note);
	err_set(why, ERR_TARGET_UNKNOWN, "%s", note);
	return stage_rows(bench, "versions") > 3;
}

/* It took the value, and says that it did not. */
static bool
a_value_that_was_taken_is_thrown_away(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0}, next = {0};
	char code[32], note[600];

	night_live_through(bench, "apply=sly\napply=nothing!\n", &night);
	target_mode(bench, "");
	bench->shared->now += 3600;
	bench_rotate(bench, "prod/db", code, note);
	err_set(why, ERR_TARGET, "%s", note);
	if (!is_paid(bench))
		return true;
	night_release(bench, &next);
	return !target_accepts(bench, next.old);
}

/* Who answers for the account says of the old value what it wants. */
static bool
a_target_that_lies_about_a_death_is_believed(void *stage, struct err *why)
{
	struct bench *bench = stage;
	NIGHT night = {0};

	night_live_through(bench, "apply=both\nprobe=pass\nprobe=fail\nprobe=pass\nprobe=fail\n",
	    &night);
	say_why(bench, why);
	return is_paid(bench) && target_accepts(bench, night.old);
}

/* --- What the rotator for SSH believes -------------------------------------------------------- */

struct lab {
	char folder[64];
	FILE *host;
};

static void
put_path(const struct lab *lab, const char *name, char ret_path[200])
{
	snprintf(ret_path, 200, "%s/%s", lab->folder, name);
}

/* The keys called so may log in. */
static void
admit(const struct lab *lab, const char *names)
{
	char command[400];

	snprintf(command, sizeof(command), "cd '%s' && cat %s >authorized_keys", lab->folder,
	    names);
	assert_int_equal(system(command), 0);
}

static void
lab_open(struct lab *lab, const char *admitted)
{
	char command[400], path[200];

	snprintf(lab->folder, sizeof(lab->folder), "/tmp/halligan-target-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	snprintf(command, sizeof(command), "exec '" TARGET_HOST "' '%s'", lab->folder);
	fflush(stdout);
	lab->host = popen(command, "we");
	assert_non_null(lab->host);
	put_path(lab, "other.json", path);
	for (int tries = 0; tries < 400 && !file_exists(path); tries++)
		usleep(50000);
	assert_true(file_exists(path));
	admit(lab, admitted);
}

static void
lab_close(struct lab *lab)
{
	char command[200];

	if (lab->host == NULL)
		return;
	(void)pclose(lab->host);
	snprintf(command, sizeof(command), "rm -rf '%s'", lab->folder);
	(void)!system(command);
}
#define LAB CLEANUP(lab_close) struct lab

static void
read_key(const struct lab *lab, const char *name, struct secret **ret_value)
{
	char path[200];
	BUF text = {0};
	struct err err;

	put_path(lab, name, path);
	assert_ok(file_read(path, 65536, &text, &err));
	assert_ok(credential_new(ret_value, &err));
	assert_ok(credential_add(*ret_value, FIELD_PRIVATE_KEY, buf_view(&text), &err));
}

/* The rotator, on its way to the target of the file TARGET. */
static void
start(const struct lab *lab, const char *target, struct rotator **ret_rotator)
{
	static const struct rotator_places places = {.shipped = TARGET_ROTATORS};
	struct rotator_found found;
	SECRET *old = NULL, *new = NULL;
	JSON *json = NULL;
	char path[200];
	BUF text = {0};
	struct err err;

	put_path(lab, target, path);
	assert_ok(file_read(path, 65536, &text, &err));
	assert_ok(json_parse(buf_view(&text), &json, &err));
	read_key(lab, "old", &old);
	read_key(lab, "new", &new);
	assert_ok(rotator_find(&places, "ssh-key", &found, &err));
	const struct rotator_start how = {.path = found.path,
	    .hash = found.hash,
	    .target = json,
	    .current = secret_view(old),
	    .next = secret_view(new),
	    .seconds = 20};
	assert_ok(rotator_start(&how, ret_rotator, &err));
}

static enum probe_result
probe(const struct lab *lab, const char *target, enum rotator_value value, struct err *why)
{
	ROTATOR *rotator = NULL;
	enum probe_result result;
	struct err err;

	start(lab, target, &rotator);
	assert_ok(rotator_probe(rotator, value, &result, &err));
	err_set(why, ERR_TARGET_UNKNOWN, "%s", rotator_detail(rotator));
	return result;
}

/* Who carries the connections has put a server of its own there. */
static bool
another_host_says_that_the_old_key_is_dead(void *stage, struct err *why)
{
	LAB lab = {{0}, NULL};

	(void)stage;
	lab_open(&lab, "new.pub");
	return probe(&lab, "other.json", ROTATOR_CURRENT, why) == PROBE_REFUSED;
}

static bool
another_host_says_that_the_new_key_works(void *stage, struct err *why)
{
	LAB lab = {{0}, NULL};

	(void)stage;
	lab_open(&lab, "old.pub new.pub");
	return probe(&lab, "other.json", ROTATOR_NEXT, why) == PROBE_ACCEPTED;
}

static bool
another_host_is_given_the_new_key(void *stage, struct err *why)
{
	LAB lab = {{0}, NULL};
	ROTATOR *rotator = NULL;
	enum change_result result;
	struct err err;

	(void)stage;
	lab_open(&lab, "old.pub");
	start(&lab, "other.json", &rotator);
	assert_ok(rotator_change(rotator, ROTATOR_ADD, &result, &err));
	err_set(why, ERR_TARGET_UNKNOWN, "%s", rotator_detail(rotator));
	return result == CHANGE_DONE;
}

/* The right one, which lets nobody in just now. */
static bool
a_host_that_lets_nobody_in_says_that_the_old_key_is_dead(void *stage, struct err *why)
{
	LAB lab = {{0}, NULL};

	(void)stage;
	lab_open(&lab, "/dev/null");
	return probe(&lab, "honest.json", ROTATOR_CURRENT, why) == PROBE_REFUSED;
}

/* Without this the refusals above would show nothing. */
static bool
a_key_is_dead_as_its_host_says_it(void *stage, struct err *why)
{
	LAB lab = {{0}, NULL};

	(void)stage;
	lab_open(&lab, "new.pub");
	return probe(&lab, "honest.json", ROTATOR_CURRENT, why) == PROBE_REFUSED;
}

static const struct attempt attempts[] = {
    ATTEMPT(an_old_value_goes_on_working_and_is_called_dead, "a_death_is_a_refusal"),
    ATTEMPT(a_change_that_was_only_said_counts, "a_probe_decides"),
    ATTEMPT(a_no_that_proves_nothing_counts_as_a_death, "a_denial_is_no_refusal"),
    ATTEMPT(a_target_that_refuses_everything_has_shown_a_death, "a_no_stands_beside_a_yes"),
    ATTEMPT(a_silence_makes_the_vault_think_of_another_value, "a_silence_is_no_rejection"),
    ATTEMPT(a_value_that_was_taken_is_thrown_away, "rejected_values_are_asked_for"),
    CONCEDED(a_target_that_lies_about_a_death_is_believed),
    ATTEMPT(another_host_says_that_the_old_key_is_dead, "the_host_key_is_pinned"),
    ATTEMPT(another_host_says_that_the_new_key_works, "the_host_key_is_pinned"),
    ATTEMPT(another_host_is_given_the_new_key, "the_host_key_is_pinned"),
    ATTEMPT(a_host_that_lets_nobody_in_says_that_the_old_key_is_dead,
        "a_host_s_no_stands_beside_its_yes"),
    CONCEDED(a_key_is_dead_as_its_host_says_it),
};

int
main(int argc, char **argv)
{
	static const struct adversary target = {.name = "target",
	    .who = "a hostile target",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&target, argc, argv);
}
