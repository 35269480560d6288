/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each attempt of the rotator gone bad is real: where nothing isolates it, it succeeds.  What does not has its reason here.
 * Root tries it twice: as itself, and, since an ordinary user is the more telling case, as one, by a copy of this program.
 *
 *	test-free PROGRAM		PROGRAM: halligan-rotate-gone-bad
 *	test-free PROGRAM SET-UID CAPABLE	the same as a user, with copies of PROGRAM that root made
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tests/adversary/rotator/driver.h"
#include "tests/adversary/rotator/freely.h"
#include "tests/unit/check.h"

enum { ORDINARY = 65534 };

static bool
is_real(const struct attempt *attempt, struct outcome outcome)
{
	return outcome.result == ATTEMPT_SUCCEEDED || outcome_absent(attempt, outcome) ||
	    stopped_freely(attempt->name) != NULL;
}

/* How many attempts did not succeed and have no reason; each is told of. */
static int
count_unreal(const struct adversary *adversary)
{
	const struct attempt *attempt;
	char text[64];
	int count = 0;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
		struct outcome outcome = adversary_outcomes(adversary)[i];
		const char *why = stopped_freely(attempt->name);

		outcome_text(outcome, text);
		if (outcome.result != ATTEMPT_SUCCEEDED)
			print_message("# %s: %s (%s)\n", attempt->name, text,
			    why != NULL ? why : "");
		count += !is_real(attempt, outcome);
	}
	return count;
}

/* A world that is removed also when a claim does not hold. */
struct fixture {
	char **argv; /* of main */
	struct adversary *adversary;
	struct rotator *rotator;
};

static int
set_up_for(void **state, uid_t user)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char **argv = *state;
	struct err err;
	const struct adversary_options options = {.program = argv[1],
	    .user = user,
	    .set_uid = argv[2],
	    .capable = argv[2] != NULL ? argv[3] : NULL};

	assert_non_null(fixture);
	fixture->argv = argv;
	assert_ok(adversary_new(&options, &fixture->adversary, &err));
	*state = fixture;
	return 0;
}

static int
set_up(void **state)
{
	return set_up_for(state, geteuid());
}

static int
set_up_for_another(void **state)
{
	return set_up_for(state, geteuid() == 0 ? ORDINARY : geteuid());
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	rotator_free(fixture->rotator);
	adversary_free(fixture->adversary);
	free(fixture);
	return 0;
}

static void
every_attempt_succeeds_where_nothing_isolates(void **state)
{
	struct fixture *fixture = *state;
	struct adversary *adversary = fixture->adversary;
	const struct rotator_start start = adversary_start(adversary);
	struct err err;

	assert_ok(rotator_start(&start, &fixture->rotator, &err));
	assert_ok(adversary_attack(adversary, fixture->rotator, &err));
	assert_ok(adversary_outlive(adversary, TAKE(fixture->rotator), &err));
	assert_ok(adversary_verify(adversary, &err));
	assert_int_equal(count_unreal(adversary), 0);
}

/* Of a starter that forgets to close something. */
static void
an_inherited_folder_is_enough(void **state)
{
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	struct err err;
	int vault = open(adversary_world(adversary)->texts[WORLD_VAULT], O_RDONLY | O_DIRECTORY);

	assert_true(vault >= 0);
	assert_ok(adversary_run_directly(adversary, &err));
	close(vault);
	assert_int_equal(adversary_outcome(adversary, "open_host_key_by_inherited_folder").result,
	    ATTEMPT_SUCCEEDED);
	assert_int_equal(adversary_outcome(adversary, "chmod_host_key_by_inherited_folder").result,
	    ATTEMPT_SUCCEEDED);
	assert_ok(adversary_verify(adversary, &err));
}

/* That it is told so, and that it is not all success. */
static void
another_user_is_stopped(void **state)
{
	static const char *const names[] = {"read_host_key", "chmod_anchor", "rename_database",
	    "kill_server", "setown_pipe_server", "ptrace_attach_server", "vm_readv_server",
	    "prlimit_neighbour", "attach_shared_memory", "connect_stream_0660", "capset", "mount",
	    "leave_mark_in_etc", "be_real_time"};
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	struct err err;

	if (geteuid() != 0) {
		print_message("# skipped: only root is somebody else, too\n");
		return;
	}
	assert_ok(adversary_run_directly(adversary, &err));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (adversary_outcome(adversary, names[i]).result != ATTEMPT_STOPPED)
			fail_msg("%s is not stopped", names[i]);
	assert_int_equal(adversary_outcome(adversary, "leave_mark_in_tmp").result,
	    ATTEMPT_SUCCEEDED);
	assert_ok(adversary_verify(adversary, &err));
}

/* One thing that is not as it was, and what is told of it. */
static void
assert_noticed(const struct adversary *adversary, const char *what)
{
	struct err err;

	assert_error(ERR_INTEGRITY, adversary_verify(adversary, &err));
	assert_says(what);
}

static void
what_an_adversary_changed_is_noticed(void **state)
{
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	const struct world *world = adversary_world(adversary);
	const char *key = world->texts[WORLD_HOST_KEY];
	struct err err;

	assert_ok(adversary_verify(adversary, &err));
	assert_int_equal(chmod(key, 0644), 0);
	assert_noticed(adversary, "/vault/host.key mode 100600");
	assert_int_equal(chmod(key, 0600), 0);
	assert_int_equal(rename(key, PATH(world->texts[WORLD_VAULT], "other")), 0);
	assert_noticed(adversary, "/vault/other");
	assert_int_equal(rename(PATH(world->texts[WORLD_VAULT], "other"), key), 0);
	assert_int_equal(truncate(world->texts[WORLD_ANCHOR], 63), 0);
	assert_noticed(adversary, "/vault/anchor");
	assert_int_equal(truncate(world->texts[WORLD_ANCHOR], 64), 0);
	assert_noticed(adversary, "/vault/anchor"); /* its last byte is another */
}

static void
what_an_adversary_did_to_others_is_noticed(void **state)
{
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	const struct world *world = adversary_world(adversary);
	const struct rlimit few = {1, 1};
	pid_t server = (pid_t)world->numbers[WORLD_SERVER];
	pid_t neighbour = (pid_t)world->numbers[WORLD_NEIGHBOUR];
	struct err err;

	assert_ok(adversary_verify(adversary, &err));
	assert_int_equal(prlimit(server, RLIMIT_NOFILE, &few, NULL), 0);
	assert_noticed(adversary, "of the server this is so: Max open files");
	assert_int_equal(kill(neighbour, SIGKILL), 0);
	while (waitid(P_PID, (id_t)neighbour, NULL, WEXITED | WNOWAIT) != 0)
		assert_int_equal(errno, EINTR);
	assert_noticed(adversary, "the neighbour has ended");
}

/* As a refusal that holds them, after so many other words. */
static enum err_code
take(struct adversary *adversary, const char *outcomes, struct err *err)
{
	struct err refusal;

	(void)err_set(&refusal, ERR_REFUSED, "the rotator refused to check, for 2 reasons");
	(void)err_part(&refusal, "\"and one more word\"");
	(void)err_part(&refusal, "\"%s\"", outcomes);
	return adversary_take(adversary, &refusal, err);
}

static void
put_all(const char *one, struct buf *ret_text)
{
	for (size_t i = 0; i < attempt_count(); i++)
		buf_format(ret_text, "%s%s", i == 0 ? "" : " ", one);
}

static void
words_of_an_adversary_are_not_believed(void **state)
{
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	BUF lies = {0}, denials = {0}, few = {0};
	const struct world *world = adversary_world(adversary);
	struct err err;

	put_all("+", &lies);
	put_all("13", &denials);
	assert_ok(take(adversary, buf_string(&lies), &err));
	assert_int_equal(adversary_outcome(adversary, "kill_server").error_number, EXDEV);
	assert_int_equal(adversary_outcome(adversary, "leave_mark_in_tmp").error_number, EXDEV);
	assert_int_equal(kill((pid_t)world->numbers[WORLD_SERVER], SIGRTMIN + 1), 0);
	assert_ok(take(adversary, buf_string(&denials), &err));
	assert_int_equal(adversary_outcome(adversary, "kill_server").result, ATTEMPT_SUCCEEDED);
	assert_int_equal(adversary_outcome(adversary, "kill_neighbour").error_number, EACCES);
	buf_bytes(&few, view_of(lies.data, 9));
	assert_error(ERR_INVALID, take(adversary, buf_string(&few), &err));
	assert_error(ERR_INVALID, take(adversary, "+ x", &err));
}

static void
what_was_killed_is_told_apart(void **state)
{
	struct adversary *adversary = ((struct fixture *)*state)->adversary;
	BUF killed = {0};
	char text[64];
	struct err err;

	put_all("1031", &killed);
	assert_ok(take(adversary, buf_string(&killed), &err));
	outcome_text(adversary_outcome(adversary, "bpf"), text);
	assert_string_equal(text, "killed by SIGSYS");
	outcome_text((struct outcome){ATTEMPT_STOPPED, ENOSYS}, text);
	assert_string_equal(text, "ENOSYS");
}

static void
names_of_attempts_are_their_own(void **state)
{
	(void)state;
	assert_true(attempt_count() <= ATTEMPTS_MAX);
	for (size_t i = 0; i < attempt_count(); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(attempt_at(i)->name, attempt_at(j)->name);
}

/* --- The same as an ordinary user ------------------------------------------------------------- */

static void
copy_to(const char *from, const char *to, mode_t mode)
{
	BUF bytes = {0};
	struct err err;

	assert_ok(file_read(from, 64 * 1024 * 1024, &bytes, &err));
	assert_ok(file_write_new(to, buf_view(&bytes), mode, &err));
}

/* Its output is no TAP of ours. */
static _Noreturn void
run_as_user(const char *const argv[], const char *output)
{
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (dup2(out, 1) != 1 || dup2(out, 2) != 2 || setgroups(0, NULL) != 0 ||
	    setresgid(ORDINARY, ORDINARY, ORDINARY) != 0 ||
	    setresuid(ORDINARY, ORDINARY, ORDINARY) != 0)
		_exit(126);
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* root's is not its own */
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
tell(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		print_message("# as a user: %s", line);
	if (file != NULL)
		(void)fclose(file);
}

static void
an_ordinary_user_is_as_free(void **state)
{
	const struct fixture *fixture = *state;
	struct adversary *adversary = fixture->adversary; /* its set-uid programs, and its folder */
	char self[4096];
	struct err err;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("# skipped: only root is somebody else, too\n");
		return;
	}
	const char *folder = adversary_folder(adversary);
	const struct path test = path_of(folder, "test"), output = path_of(folder, "output");
	const struct path program = path_of(folder, "halligan-rotate-gone-bad");
	const struct world *world = adversary_world(adversary);
	const char *const with[] = {test.text, program.text, world->texts[WORLD_SET_UID],
	    world->texts[WORLD_CAPABLE], NULL};

	assert_ok(process_self(self, &err));
	copy_to(self, test.text, 0755);
	copy_to(fixture->argv[1], program.text, 0755);
	pid = fork();
	if (pid == 0)
		run_as_user(with, output.text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	tell(output.text);
	assert_int_equal(status, 0);
}

#define CASE(name) cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, argv)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_attempts_are_their_own),
	    CASE(every_attempt_succeeds_where_nothing_isolates),
	    CASE(an_inherited_folder_is_enough),
	    cmocka_unit_test_prestate_setup_teardown(another_user_is_stopped, set_up_for_another,
	        tear_down, argv),
	    CASE(what_an_adversary_changed_is_noticed),
	    CASE(what_an_adversary_did_to_others_is_noticed),
	    CASE(words_of_an_adversary_are_not_believed),
	    CASE(what_was_killed_is_told_apart),
	    CASE(an_ordinary_user_is_as_free),
	};

	if (argc != 2 && argc != 4)
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
