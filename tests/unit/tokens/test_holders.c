/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/reader/holders.c over a folder that looks like /proc. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/check.h"
#include "tokens/reader/holders.h"

enum { PATH_SIZE = 256, FILL = 4000 };

struct proc {
	char folder[64];
	char *paths[64];
	size_t count;
};

static int
start(void **state)
{
	struct proc *proc = calloc(1, sizeof(*proc));

	assert_non_null(proc);
	snprintf(proc->folder, sizeof(proc->folder), "/tmp/holders-XXXXXX");
	assert_non_null(mkdtemp(proc->folder));
	*state = proc;
	return 0;
}

static int
stop(void **state)
{
	struct proc *proc = *state;

	while (proc->count > 0) {
		remove(proc->paths[--proc->count]);
		free(proc->paths[proc->count]);
	}
	rmdir(proc->folder);
	free(proc);
	return 0;
}

static void
put_bytes(struct proc *proc, const char *name, const char *file, struct view bytes)
{
	char *path = calloc(1, PATH_SIZE);
	struct err err;

	assert_non_null(path);
	if (file == NULL) {
		snprintf(path, PATH_SIZE, "%s/%s", proc->folder, name);
		assert_int_equal(mkdir(path, 0700), 0);
	} else {
		snprintf(path, PATH_SIZE, "%s/%s/%s", proc->folder, name, file);
		assert_ok(file_write(path, bytes, 0600, &err));
	}
	proc->paths[proc->count++] = path;
}

static void
put(struct proc *proc, const char *name, const char *file, const char *text)
{
	put_bytes(proc, name, file, view_of_text(text));
}

static void
run(struct proc *proc, const char *pid, const char *comm, const char *maps)
{
	put(proc, pid, NULL, "");
	put(proc, pid, "comm", comm);
	put(proc, pid, "maps", maps);
}

static void
expect(const struct proc *proc, const char *who, const char *remedy)
{
	char got[HOLDERS_SIZE];
	const char *what;

	assert_int_equal(holders_guess_in(proc->folder, got, &what),
	    strcmp(who, "another program") != 0);
	assert_string_equal(got, who);
	assert_string_equal(what, remedy);
}

static void
nobody_known_is_another_program(void **state)
{
	struct proc *proc = *state;

	run(proc, "100", "bash\n", "00400000 /bin/bash\n");
	run(proc, "101", "pcscd\n", "7f00 /usr/lib/libpcsclite.so.1\n");
	put(proc, "self", NULL, "");
	expect(proc, "another program", "wait a little");
	struct proc nowhere = {.folder = "/nowhere"};
	expect(&nowhere, "another program", "wait a little");
}

static void
a_program_that_has_the_library_is_named_without_tricks_in_its_name(void **state)
{
	struct proc *proc = *state;
	char maps[FILL + 64];

	memset(maps, 'x', sizeof(maps)); /* the name stands across two reads */
	snprintf(maps + FILL, sizeof(maps) - FILL, "x /usr/lib/libpcsclite.so.1.0.0\n");
	maps[FILL] = 'x';
	run(proc, "200", "a\033[2Jb c\n", maps);
	expect(proc, "a??2Jb?c (process 200)", "end it");
}

static void
a_known_name_is_likelier_than_the_library(void **state)
{
	struct proc *proc = *state;

	run(proc, "300", "python3\n", "7f00 /usr/lib/libpcsclite.so.1\n");
	run(proc, "301", "firefox-esr\n", "");
	expect(proc, "firefox-esr (process 301)", "close the browser");
	run(proc, "302", "scdaemon\n", "");
	expect(proc, "scdaemon (process 302) or firefox-esr (process 301)",
	    "run \"gpgconf --kill scdaemon\"");
	run(proc, "303", "ykman\n", "");
	expect(proc, "scdaemon (process 302) or ykman (process 303)",
	    "run \"gpgconf --kill scdaemon\"");
}

/* A server of ours touches no token, and what this process has started is no other program. */
static void
our_own_server_and_what_we_started_are_never_accused(void **state)
{
	struct proc *proc = *state;
	char stat[64];
	static const char serve[] = "halligan\0serve\0--stdio";
	static const char spare[] = "halligan\0spare\0--to\0serve";

	snprintf(stat, sizeof(stat), "400 (ykman) (x)) S %ld 400 400 0\n", (long)getpid());
	run(proc, "400", "ykman\n", "7f00 /usr/lib/libpcsclite.so.1\n");
	put(proc, "400", "stat", stat);
	run(proc, "401", "pkcs11-tool\n", "");
	put(proc, "401", "stat", "401 (pkcs11-tool) S 400 400 400 0\n");
	run(proc, "402", "halligan\n", "7f00 /usr/lib/libpcsclite.so.1\n");
	put(proc, "402", "stat", "402 (halligan) S 1 402 402 0\n");
	put_bytes(proc, "402", "cmdline", view_of((const uint8_t *)serve, sizeof(serve)));
	expect(proc, "another program", "wait a little");
	run(proc, "403", "halligan\n", "");
	put(proc, "403", "stat", "403 (halligan) S 1 403 403 0\n");
	put_bytes(proc, "403", "cmdline", view_of((const uint8_t *)spare, sizeof(spare)));
	expect(proc, "halligan (process 403)", "wait until that ceremony lets go of it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nobody_known_is_another_program, start, stop),
	    cmocka_unit_test_setup_teardown(
	        a_program_that_has_the_library_is_named_without_tricks_in_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(a_known_name_is_likelier_than_the_library, start, stop),
	    cmocka_unit_test_setup_teardown(our_own_server_and_what_we_started_are_never_accused,
	        start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
