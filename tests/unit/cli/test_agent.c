/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/openssh_key.h"
#include "base/process.h"
#include "cli/login.h"
#include "tests/lib/expect.h"

enum { LIMIT = 20000 };

static bool
eventually(bool (*holds)(const char *path), const char *path)
{
	int64_t deadline = process_milliseconds() + LIMIT;

	while (!holds(path) && process_milliseconds() < deadline)
		poll(NULL, 0, 20);
	return holds(path);
}

static bool
is_gone(const char *path)
{
	return access(path, F_OK) != 0;
}

/* How many keys the agent of SOCKET lists; -1: none answers. */
static int
listed(const char *socket)
{
	char command[300], line[200];
	int count = 0;

	snprintf(command, sizeof(command), "SSH_AUTH_SOCK=%s /usr/bin/ssh-add -l 2>&1", socket);
	FILE *list = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(list);
	while (fgets(line, sizeof(line), list) != NULL)
		count += strstr(line, "SHA256:") != NULL;
	return WEXITSTATUS(pclose(list)) == 2 ? -1 : count;
}

static bool
is_silent(const char *socket)
{
	return listed(socket) == -1;
}

static struct secret *
new_key(void)
{
	struct secret *key = NULL;
	struct err err;

	fine(openssh_key_make(FAMILY_ED25519, 0, "released", &key, &err), &err);
	return key;
}

static void
a_key_is_in_an_agent_of_its_own_until_that_ends(void **state)
{
	AGENT agent = {0};
	SECRET *key = new_key();
	struct stat status;
	struct err err;

	(void)state;
	assert_int_equal(setenv("SSH_AUTH_SOCK", "/nonexistent/agent", 1), 0);
	fine(agent_start(&agent, &err), &err);
	assert_int_equal(stat(agent.folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	fine(agent_add(&agent, secret_view(key), 60, &err), &err);
	assert_int_equal(listed(agent.socket), 1);
	fine(agent_end(&agent, &err), &err);
	assert_true(is_silent(agent.socket));
	assert_true(is_gone(agent.folder));
}

static void
it_forgets_a_key_after_its_time(void **state)
{
	AGENT agent = {0};
	SECRET *key = new_key();
	struct err err;
	int64_t deadline = process_milliseconds() + LIMIT;

	(void)state;
	fine(agent_start(&agent, &err), &err);
	fine(agent_add(&agent, secret_view(key), 1, &err), &err);
	while (listed(agent.socket) != 0 && process_milliseconds() < deadline)
		poll(NULL, 0, 50);
	assert_int_equal(listed(agent.socket), 0);
}

/* A process that starts an agent, tells of it, and does what WHAT does. */
static pid_t
start_in_child(void (*what)(struct agent *agent), struct agent *ret_agent)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct agent agent = {0};
		struct err err;

		if (agent_start(&agent, &err) != ERR_OK ||
		    write(ends[1], &agent, sizeof(agent)) != sizeof(agent))
			_exit(1);
		what(&agent);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], ret_agent, sizeof(*ret_agent)), sizeof(*ret_agent));
	close(ends[0]);
	return pid;
}

static void
wait_for_ever(struct agent *agent)
{
	(void)agent;
	for (;;)
		pause();
}

static void
leave_for_a_second(struct agent *agent)
{
	struct err ignored;

	(void)!agent_leave(agent, 1, &ignored);
}

static void
leave_for_an_hour(struct agent *agent)
{
	struct err ignored;

	(void)!agent_leave(agent, 3600, &ignored);
}

static void
whoever_is_killed_leaves_no_agent_and_no_folder(void **state)
{
	struct agent agent;
	pid_t pid = start_in_child(wait_for_ever, &agent);

	(void)state;
	assert_int_equal(listed(agent.socket), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(eventually(is_silent, agent.socket));
	assert_true(eventually(is_gone, agent.folder));
}

static void
one_that_was_left_goes_on_and_ends_by_itself(void **state)
{
	struct agent brief, longer;

	(void)state;
	waitpid(start_in_child(leave_for_an_hour, &longer), NULL, 0);
	waitpid(start_in_child(leave_for_a_second, &brief), NULL, 0);
	assert_true(eventually(is_gone, brief.folder));
	assert_int_equal(listed(longer.socket), 0);
	kill(longer.keeper.pid, SIGTERM);
	assert_true(eventually(is_gone, longer.folder));
	assert_true(is_silent(longer.socket));
}

static void
an_agent_dies_with_the_process_that_keeps_it(void **state)
{
	struct agent agent;

	(void)state;
	waitpid(start_in_child(leave_for_an_hour, &agent), NULL, 0);
	assert_int_equal(listed(agent.socket), 0);
	kill(agent.keeper.pid, SIGKILL);
	assert_true(eventually(is_silent, agent.socket));
	assert_int_equal(unlink(agent.socket), 0);
	assert_int_equal(rmdir(agent.folder), 0);
}

/* ---- logging in ---- */

#define KEY_1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct json *
target(const char *text)
{
	struct json *json = NULL;
	struct err err;

	fine(json_parse(view_of_text(text), &json, &err), &err);
	return json;
}

static void
a_login_is_written_from_the_definition(void **state)
{
	static const char expected[] =
	    "Host prod-db\n\tHostName db1.example\n\tPort 2222\n\tUser root\n";
	DEFINITION definition = {.name = "prod/db"};
	AGENT agent = {0};
	SECRET *key = new_key();
	struct login login;
	BUF text = {0};
	char path[4096];
	struct err err;

	(void)state;
	definition.target =
	    target("{\"host\":\"db1.example\",\"port\":2222,\"user\":\"root\","
	           "\"host_key\":\"" KEY_1 "\",\"access\":\"ssh\",\"jump\":{\"host\":"
	           "\"gate\",\"port\":23,\"user\":\"x\"}}");
	fine(agent_start(&agent, &err), &err);
	assert_true(login_read(&definition, &login));
	fine(login_write(&login, &agent, secret_view(key), &err), &err);
	fine(file_path(agent.folder, "config", path, &err), &err);
	fine(file_read(path, 100000, &text, &err), &err);
	assert_non_null(strstr(buf_string(&text), expected));
	assert_non_null(strstr(buf_string(&text), "\tIdentitiesOnly yes\n"));
	assert_non_null(
	    strstr(buf_string(&text), "\tProxyCommand /usr/bin/ssh -W [%h]:%p -p 23 -- gate\n"));
	fine(file_path(agent.folder, "known_hosts", path, &err), &err);
	buf_done(&text);
	fine(file_read(path, 100000, &text, &err), &err);
	assert_string_equal(buf_string(&text), "prod-db " KEY_1 "\n");
}

static void
two_secrets_never_share_a_name(void **state)
{
	DEFINITION definition = {.name = "a/b-c"};
	AGENT agent = {0};
	SECRET *key = new_key();
	struct login login;
	struct err err;

	(void)state;
	definition.target = target("{\"host\":\"h\",\"user\":\"root\",\"host_key\":\"" KEY_1 "\"}");
	fine(agent_start(&agent, &err), &err);
	assert_true(login_read(&definition, &login));
	assert_int_equal(login.port, 22);
	fine(login_write(&login, &agent, secret_view(key), &err), &err);
	assert_string_equal(login.alias, "a-b-c");
	snprintf(definition.name, sizeof(definition.name), "a-b/c");
	assert_true(login_read(&definition, &login));
	fine(login_write(&login, &agent, secret_view(key), &err), &err);
	assert_string_equal(login.alias, "a-b-c-2");
}

/* Of --target port=2222 a text comes. */
static void
a_port_is_a_number_or_its_digits(void **state)
{
	DEFINITION definition = {.name = "prod/db"};
	struct login login;

	(void)state;
	definition.target = target("{\"host\":\"h\",\"user\":\"root\",\"port\":\"2222\","
	                           "\"host_key\":\"" KEY_1 "\",\"jump\":{\"host\":\"gate\","
	                           "\"port\":\"23\"}}");
	assert_true(login_read(&definition, &login));
	assert_int_equal(login.port, 2222);
	assert_int_equal(login.jump_port, 23);
}

static void
what_could_mean_something_else_to_ssh_is_no_login(void **state)
{
	static const char *const rows[] = {
	    "{\"user\":\"root\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"host_key\":\"ssh-ed25519 nonsense\"}",
	    "{\"host\":\"-oProxyCommand=x\",\"user\":\"root\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h x\",\"user\":\"root\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"%h\",\"user\":\"root\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"ro\\\"ot\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"port\":0,\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"port\":\"22x\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"port\":\"70000\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"port\":\"\",\"host_key\":\"" KEY_1 "\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"host_key\":\"" KEY_1 "\",\"jump\":\"gate\"}",
	    "{\"host\":\"h\",\"user\":\"root\",\"host_key\":\"" KEY_1
	    "\",\"jump\":{\"host\":\"`x`\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DEFINITION definition = {.name = "prod/db"};
		struct login login;

		definition.target = target(rows[i]);
		assert_false(login_read(&definition, &login));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_in_an_agent_of_its_own_until_that_ends),
	    cmocka_unit_test(it_forgets_a_key_after_its_time),
	    cmocka_unit_test(whoever_is_killed_leaves_no_agent_and_no_folder),
	    cmocka_unit_test(one_that_was_left_goes_on_and_ends_by_itself),
	    cmocka_unit_test(an_agent_dies_with_the_process_that_keeps_it),
	    cmocka_unit_test(a_login_is_written_from_the_definition),
	    cmocka_unit_test(two_secrets_never_share_a_name),
	    cmocka_unit_test(a_port_is_a_number_or_its_digits),
	    cmocka_unit_test(what_could_mean_something_else_to_ssh_is_no_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
