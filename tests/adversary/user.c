/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary user of the host on which a vault is, with another account than the vault's, and in no group of it.  Where it
 * takes a careless hand (a folder that was left open, a file that was given away), root's is played, and the attempt's name
 * says so.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/process.h"
#include "rotators/contract/starter.h"
#include "tests/adversary/household.h"
#include "tests/adversary/shown.h"
#include "tests/adversary/stage.h"

/* --- The vault -------------------------------------------------------------------------------- */

/* Something of what only the vault may read. */
static bool
reads_the_vault(const struct household *household)
{
	return household_user(household,
	    "cat '%s/host.key' | grep -q . || cat '%s/vault.db' | grep -q . || cat '%s'/ceremony/*.key | grep -q .",
	    household->bench->vault, household->bench->vault, household->bench->vault);
}

static bool
the_files_of_a_vault_are_read(void *stage, struct err *why)
{
	(void)why;
	return reads_the_vault(stage);
}

static bool
the_files_of_a_vault_that_was_left_open_are_read(void *stage, struct err *why)
{
	const struct household *household = stage;

	(void)why;
	household_root(household, "chmod 755 '%s'", household->bench->vault);
	return reads_the_vault(household);
}

/* A session ends before they come. */
static void
prepare_request(struct bench *bench, struct request *ret_request)
{
	bench_request_make(bench, &bench->people[ALICE], "prod/db", ret_request);
	bench_end(bench);
}

/* COMMAND of theirs stands in for the vault's folder for keys of ceremonies.  A request makes one: then they have it. */
static bool
take_a_key(const struct household *household, const char *command, struct err *why)
{
	struct bench *bench = household->bench;
	struct request request;
	struct id id;

	prepare_request(bench, &request);
	household_root(household, "chmod 777 '%s'", bench->vault);
	assert_true(household_user(household,
	    "here=$PWD/mine/keys && mkdir -m 777 mine/keys && cd '%s' && mv ceremony away && %s",
	    bench->vault, command));
	(void)!bench_request_send(bench, &bench->people[ALICE], &request, &id, why);
	return household_user(household, "mv '%s'/ceremony/*.key mine/ 2> /dev/null", bench->vault);
}

static bool
a_vault_that_was_left_open_keeps_a_key_in_a_folder_of_theirs(void *stage, struct err *why)
{
	return take_a_key(stage, "mv \"$here\" ceremony", why);
}

static bool
a_vault_that_was_left_open_keeps_a_key_behind_a_link_of_theirs(void *stage, struct err *why)
{
	return take_a_key(stage, "ln -s \"$here\" ceremony", why);
}

/* Of a folder above it, in which everybody renames. */
static bool
a_vault_is_put_away_by_who_renames_above_it(void *stage, struct err *why)
{
	const struct household *household = stage;
	struct bench *bench = household->bench;
	struct request request;
	struct id id;

	prepare_request(bench, &request);
	household_root(household, "chmod 777 '%s'", bench->folder);
	assert_true(household_user(household, "mv '%s' '%s.away'", bench->vault, bench->vault));
	enum err_code code = bench_request_send(bench, &bench->people[ALICE], &request, &id, why);

	bench_end(bench);
	household_root(household, "rm -rf '%s' && mv '%s.away' '%s' && chmod 711 '%s'",
	    bench->vault, bench->vault, bench->vault, bench->folder);
	return code != ERR_OK;
}

/* --- Programs --------------------------------------------------------------------------------- */

static bool
runs(const struct household *household, const char *folder, const char *name, struct err *why)
{
	(void)!household_rotate(household, folder, name, NULL, NULL, why);
	return household_ran(household);
}

/* What a program of theirs is. */
#define THEIR_PROGRAM "cat root/halligan-rotate-faulty"

static bool
a_program_that_was_left_writable_is_theirs(void *stage, struct err *why)
{
	const struct household *household = stage;

	household_root(household, "chmod 757 root/halligan-rotate-right");
	assert_true(household_user(household, THEIR_PROGRAM " > root/halligan-rotate-right"));
	return runs(household, "root", "right", why);
}

/* It was copied where programs are, and stayed whose it was. */
static bool
a_program_that_was_copied_from_them_runs(void *stage, struct err *why)
{
	const struct household *household = stage;

	assert_true(
	    household_user(household, THEIR_PROGRAM " > mine/program && chmod 755 mine/program"));
	household_root(household, "cp -p mine/program root/halligan-rotate-new");
	return runs(household, "root", "new", why);
}

/* An old program of root's with a fault that they know. */
static bool
a_program_is_exchanged_in_a_folder_that_was_left_open(void *stage, struct err *why)
{
	const struct household *household = stage;

	household_root(household, "chmod 777 root");
	assert_true(household_user(household,
	    "mv -f root/halligan-rotate-faulty root/halligan-rotate-right"));
	return runs(household, "root", "right", why);
}

static bool
a_folder_of_programs_is_exchanged_in_a_folder_of_theirs(void *stage, struct err *why)
{
	const struct household *household = stage;

	household_root(household,
	    "cp -pr root mine/programs && cp -pr root mine/old && "
	    "cp -p root/halligan-rotate-faulty mine/old/halligan-rotate-right");
	assert_true(
	    household_user(household, "mv mine/programs mine/away && mv mine/old mine/programs"));
	return runs(household, "mine/programs", "right", why);
}

static bool
a_folder_of_programs_is_a_link_of_theirs(void *stage, struct err *why)
{
	const struct household *household = stage;

	assert_true(household_user(household, "ln -s ../root all/programs"));
	return runs(household, "all/programs", "faulty", why);
}

/* They had it open when it became root's. */
struct writer {
	const struct household *household;
	int go[2];
	pid_t pid;
};

static void
begin_writing(struct writer *writer)
{
	const struct household *household = writer->household;
	int opened[2];
	char byte;

	assert_int_equal(pipe2(writer->go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(opened, O_CLOEXEC), 0);
	writer->pid = household_fork(THE_USER);
	if (writer->pid == 0) {
		BUF text = {0};
		struct err err;
		int fd = open(NAME(household, "root/halligan-rotate-new"), O_RDWR);
		bool ready = fd >= 0 && write(opened[1], "", 1) == 1 &&
		    read(writer->go[0], &byte, 1) == 1 &&
		    file_read(NAME(household, "root/halligan-rotate-faulty"), 4096, &text, &err) ==
		        ERR_OK;

		_exit(ready && write(fd, text.data, text.size) == (ssize_t)text.size ? 0 : 1);
	}
	assert_int_equal(read(opened[0], &byte, 1), 1);
}

static void
write_now(void *context)
{
	struct writer *writer = context;

	assert_int_equal(write(writer->go[1], "", 1), 1);
	assert_true(household_await(writer->pid));
}

static bool
a_program_is_changed_after_it_was_hashed(void *stage, struct err *why)
{
	const struct household *household = stage;
	struct writer writer = {.household = household};

	assert_true(household_user(household,
	    "cp root/halligan-rotate-right mine/program && chmod 755 mine/program"));
	household_root(household, "cp -p mine/program root/halligan-rotate-new");
	begin_writing(&writer);
	household_root(household, "chown root:root root/halligan-rotate-new");
	(void)!household_rotate(household, "root", "new", write_now, &writer, why);
	return household_ran(household);
}

static bool
a_starter_that_was_left_writable_is_theirs(void *stage, struct err *why)
{
	const struct household *household = stage;
	const struct name starter = name_of(household, "root/starter");
	const struct rotator_places places = {.shipped = household->folder,
	    .starter = starter.text};
	struct start_holds holds;

	household_root(household,
	    "cp root/halligan-rotate-right root/starter && chmod 757 root/starter");
	assert_true(household_user(household, THEIR_PROGRAM " > root/starter"));
	(void)!starter_holds(&places, &holds, why);
	return household_ran(household);
}

/* --- The starter ------------------------------------------------------------------------------ */

static pid_t
start_starter(const struct household *household)
{
	const struct name path = name_of(household, "root/socket");
	pid_t pid = fork();

	if (pid == 0) {
		household_hush();
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also of an attempt that broke off */
		execl(USER_STARTER, "halligan-starter", "--socket", path.text, (char *)NULL);
		_exit(127);
	}
	for (int tries = 0; tries < 400 && !file_exists(path.text); tries++)
		usleep(10000);
	assert_true(file_exists(path.text));
	household_root(household, "chmod 666 root/socket");
	return pid;
}

static void
stop_starter(pid_t pid)
{
	kill(pid, SIGTERM);
	(void)household_await(pid);
}

/* As UID; true: root's starter starts a rotator for it, as ACCOUNT ("": the one for rotators). */
static bool
is_heard(const struct household *household, uid_t uid, const char *account)
{
	const struct name path = name_of(household, "root/socket");
	const struct rotator_places places = {.shipped = USER_ROTATORS,
	    .starter_socket = path.text};
	START_MESSAGE message = {.seconds = 5, .fds = {-1, -1, -1, -1, -1, -1}};
	struct rotator_found found;
	struct err err;

	assert_ok(rotator_find(&places, "exec", &found, &err));
	message.hash = found.hash;
	snprintf(message.rotator, sizeof(message.rotator), "exec");
	snprintf(message.needs.account, sizeof(message.needs.account), "%s", account);
	pid_t pid = household_fork(uid);

	if (pid == 0) {
		CLEANUP(starter_end) struct starter starter = {0};
		int ends[2];

		if (pipe(ends) != 0)
			_exit(2);
		message.fds[START_REQUESTS] = ends[0];
		message.fds[START_ANSWERS] = ends[1];
		enum err_code code = starter_start(&places, &message, &starter, &err);

		starter_end(&starter);
		_exit(code == ERR_OK ? 0 : 1);
	}
	return household_await(pid);
}

static bool
root_starts_rotators_for_them(void *stage, struct err *why)
{
	const struct household *household = stage;
	pid_t starter = start_starter(household);

	(void)why;
	assert_true(is_heard(household, THE_KEEPER, ""));
	bool heard = is_heard(household, THE_USER, "");

	stop_starter(starter);
	return heard;
}

/* They connect, and say nothing. */
enum { ASKS = 3 };

static bool
the_vault_waits_because_they_keep_the_starter_busy(void *stage, struct err *why)
{
	const struct household *household = stage;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pid_t starter = start_starter(household);
	int many[40], ready[2];
	char byte;

	(void)why;
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/root/socket",
	    household->folder);
	assert_true(is_heard(household, THE_KEEPER, ""));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = household_fork(THE_USER);

	if (pid == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
			many[i] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
			(void)!connect(many[i], (struct sockaddr *)&address, sizeof(address));
		}
		(void)!write(ready[1], "", 1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	bool heard = true;

	for (int i = 0; i < ASKS;
	     i++) /* what ran before may end just now, and leave room for one */
		heard &= is_heard(household, THE_KEEPER, "");
	kill(pid, SIGKILL);
	(void)household_await(pid);
	stop_starter(starter);
	return !heard;
}

/* Whoever listens is handed what the vault hands a rotator. */
static void
listen_for_values(const char *path, int ready)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};
	struct err err;
	char bytes[64];
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 1) != 0 || write(ready, "", 1) != 1)
		_exit(2);
	int vault = accept(listener, NULL, NULL);

	if (start_hear(vault, process_milliseconds() + 5000, &message, &err) != ERR_OK)
		_exit(1);
	ssize_t got = read(message.fds[START_CURRENT], bytes, sizeof(bytes));

	_exit(got == 7 && memcmp(bytes, "a value", 7) == 0 ? 0 : 1);
}

static bool
they_listen_where_the_starter_should_and_get_values(void *stage, struct err *why)
{
	const struct household *household = stage;
	const struct name path = name_of(household, "all/socket");
	const struct rotator_places places = {.shipped = USER_ROTATORS,
	    .starter_socket = path.text};
	START_MESSAGE message = {.seconds = 5, .fds = {-1, -1, -1, -1, -1, -1}};
	CLEANUP(starter_end) struct starter starter = {0};
	int ready[2], ends[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = household_fork(THE_USER);

	if (pid == 0)
		listen_for_values(path.text, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	snprintf(message.rotator, sizeof(message.rotator), "exec");
	for (int i = START_REQUESTS; i <= START_CURRENT; i++) {
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], "a value", 7), 7);
		message.fds[i] = ends[0];
	}
	(void)!starter_start(&places, &message, &starter, why);
	return household_await(pid);
}

/* Then rotators run under their account, who reads what those hold. */
static bool
they_list_their_account_in_a_configuration_that_was_left_writable(void *stage, struct err *why)
{
	const struct household *household = stage;
	pid_t starter = start_starter(household);

	(void)why;
	assert_true(is_heard(household, THE_KEEPER, ""));
	household_root(household, "chmod 666 /etc/halligan/starter.conf");
	assert_true(
	    household_user(household, "echo 'account nobody' >> /etc/halligan/starter.conf"));
	bool heard = is_heard(household, THE_KEEPER, "nobody");

	stop_starter(starter);
	return heard;
}

/* --- Paths that root listed --------------------------------------------------------------------- */

/* Does a rotator whose definition names PATH of theirs see FILE, with that content? */
static bool
sees(const struct household *household, const char *path, void (*between)(void *context),
    const char *file, const char *content, struct err *why)
{
	const struct name named = name_of(household, path);
	const struct shown_ask ask = {.rotators = USER_ROTATORS,
	    .path = named.text,
	    .hidden = household->bench->vault,
	    .between = between,
	    .context = (void *)(uintptr_t)household};
	BUF text = {0};

	return shown_read(&ask, NAME(household, file), &text, why) == ERR_OK &&
	    strstr(buf_string(&text), content) != NULL;
}

/* Their folder, and one that is for another definition. */
static void
list_paths(const struct household *household)
{
	household_root(household,
	    "mkdir -m 755 root/in && echo theirs not > root/in/file && "
	    "echo \"path $PWD/mine\" >> /etc/halligan/starter.conf");
}

static bool
a_listed_path_is_a_link_of_theirs_to_another(void *stage, struct err *why)
{
	const struct household *household = stage;

	list_paths(household);
	household_root(household, "echo \"path $PWD/root/in\" >> /etc/halligan/starter.conf");
	assert_true(household_user(household, "ln -s ../root/in mine/in"));
	return sees(household, "mine/in", NULL, "mine/in/file", "theirs not", why);
}

static void
exchange(void *context)
{
	assert_true(household_user(context, "mv mine/way mine/away && ln -s ../root mine/way"));
}

static bool
a_listed_path_is_exchanged_after_it_was_judged(void *stage, struct err *why)
{
	const struct household *household = stage;

	list_paths(household);
	assert_true(household_user(household,
	    "mkdir -p mine/way/in && echo mine > mine/way/in/file && chmod -R go+rX mine"));
	return sees(household, "mine/way/in", exchange, "mine/way/in/file", "theirs not", why);
}

/* Where the kernel lets nobody do that with a file of others (fs.protected_hardlinks), root does it for them.  Of its modes a
 * rotator takes no notice that root lets be root. */
static bool
a_file_of_the_vault_has_a_name_in_a_listed_path(void *stage, struct err *why)
{
	const struct household *household = stage;
	const char *vault = household->bench->vault;

	list_paths(household);
	if (!household_user(household, "ln '%s/vault.id' mine/file", vault))
		household_root(household, "ln '%s/vault.id' mine/file", vault);
	return sees(household, "mine/file", NULL, "mine/file", "", why);
}

/* --- Where everybody makes files, and what everybody sets --------------------------------------- */

/* They know its name beforehand: the file's, and the number of the process. */
static bool
a_file_of_root_s_is_written_into_one_of_theirs(void *stage, struct err *why)
{
	const struct household *household = stage;

	assert_true(
	    household_user(household, "touch all/.value.tmp.%ld && chmod 666 all/.value.tmp.%ld",
	        (long)getpid(), (long)getpid()));
	(void)!file_write(NAME(household, "all/value"), view_of_text("a value\n"), 0600, why);
	return household_user(household, "grep -q 'a value' all/value");
}

/* In an environment that they have a hand in; what of it the loader itself reads, nobody is there to drop. */
static bool
root_s_halligan_runs_code_that_a_variable_names(void *stage, struct err *why)
{
	const struct household *household = stage;
	const struct name variable = name_of(household, "mine/openssl.cnf");

	(void)why;
	household_root(household, "cp '" USER_PLANTED "' mine/ && chown %d mine/planted.so",
	    THE_USER);
	assert_true(household_user(household,
	    "printf '%%s\\n' 'openssl_conf = all' '[all]' "
	    "'providers = providers' '[providers]' 'planted = planted' '[planted]' "
	    "\"module = $PWD/mine/planted.so\" 'activate = 1' > mine/openssl.cnf"));
	household_root(household,
	    "OPENSSL_CONF='%s' PLANTED='%s/ran' '" USER_HALLIGAN "' --version > /dev/null",
	    variable.text, household->folder);
	return household_ran(household);
}

static const struct attempt attempts[] = {
    ATTEMPT(the_files_of_a_vault_are_read, "a_vault_is_closed"),
    ATTEMPT(the_files_of_a_vault_that_was_left_open_are_read, "a_vault_is_closed"),
    ATTEMPT(a_vault_that_was_left_open_keeps_a_key_in_a_folder_of_theirs, "a_vault_is_looked_at"),
    ATTEMPT(a_vault_that_was_left_open_keeps_a_key_behind_a_link_of_theirs, "a_vault_is_looked_at"),
    CONCEDED(a_vault_is_put_away_by_who_renames_above_it),
    ATTEMPT(a_program_that_was_left_writable_is_theirs, "nobody_else_writes_a_program"),
    ATTEMPT(a_program_that_was_copied_from_them_runs, "a_program_is_root_s"),
    ATTEMPT(a_program_is_exchanged_in_a_folder_that_was_left_open,
        "nobody_else_writes_a_folder_of_programs"),
    ATTEMPT(a_folder_of_programs_is_exchanged_in_a_folder_of_theirs, "each_folder_above_is_root_s"),
    ATTEMPT(a_folder_of_programs_is_a_link_of_theirs, "a_link_is_root_s"),
    ATTEMPT(a_program_is_changed_after_it_was_hashed, "what_was_hashed_is_executed"),
    ATTEMPT(a_starter_that_was_left_writable_is_theirs, "nobody_else_writes_a_program"),
    ATTEMPT(root_starts_rotators_for_them, "a_starter_hears_its_vault"),
    ATTEMPT(the_vault_waits_because_they_keep_the_starter_busy, "a_starter_hears_its_vault"),
    ATTEMPT(they_listen_where_the_starter_should_and_get_values, "a_vault_asks_root_s_starter"),
    ATTEMPT(they_list_their_account_in_a_configuration_that_was_left_writable,
        "nobody_else_writes_a_program"),
    ATTEMPT(a_listed_path_is_a_link_of_theirs_to_another, "a_link_is_root_s"),
    ATTEMPT(a_listed_path_is_exchanged_after_it_was_judged, "what_was_judged_is_shown"),
    ATTEMPT(a_file_of_the_vault_has_a_name_in_a_listed_path, "what_is_shown_has_one_name"),
    ATTEMPT(a_file_of_root_s_is_written_into_one_of_theirs, "a_file_is_made_anew"),
    ATTEMPT(root_s_halligan_runs_code_that_a_variable_names, "variables_are_dropped"),
};

int
main(int argc, char **argv)
{
	static const struct adversary user = {.name = "user",
	    .who = "an ordinary user of the host",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    .arrive = household_arrive,
	    .pause = household_pause,
	    .again = household_again,
	    .leave = household_leave};
	const char *why;

	if ((argc != 2 || strcmp(argv[1], "--list") != 0) && !household_is_possible(&why)) {
		printf("1..0 # skipped: %s\n", why);
		return 0;
	}
	return adversary_main(&user, argc, argv);
}
