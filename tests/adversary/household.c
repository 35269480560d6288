/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/household.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "rotators/contract/rotator.h"

enum { COMMAND_SIZE = 2048 };

/* --- An /etc of its own --------------------------------------------------------------------- */

bool
household_is_possible(const char **ret_why)
{
	*ret_why = "only root has a vault beside which another user stands";
	if (geteuid() != 0)
		return false;
	*ret_why = "no mount namespace can be made here, and nothing of the machine shall change";
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

struct name
name_of(const struct household *household, const char *path)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s/%s", household->folder, path);
	return name;
}

static void format_command(const struct household *household, const char *format, va_list arguments,
    char ret_command[COMMAND_SIZE]) FORMAT_LIKE(2, 0);

static void
format_command(const struct household *household, const char *format, va_list arguments,
    char ret_command[COMMAND_SIZE])
{
	int size = snprintf(ret_command, COMMAND_SIZE, "cd '%s' && ", household->folder);

	vsnprintf(ret_command + size, COMMAND_SIZE - (size_t)size, format, arguments);
}

void
household_root(const struct household *household, const char *format, ...)
{
	char command[COMMAND_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_command(household, format, arguments, command);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("root cannot: %s", command);
}

pid_t
household_fork(uid_t uid)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0 &&
	    (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	        setresuid(uid, uid, uid) != 0))
		_exit(126);
	return pid;
}

bool
household_await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void
household_hush(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)!dup2(nowhere, STDOUT_FILENO);
	(void)!dup2(nowhere, STDERR_FILENO);
}

bool
household_user(const struct household *household, const char *format, ...)
{
	char command[COMMAND_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_command(household, format, arguments, command);
	va_end(arguments);
	pid_t pid = household_fork(THE_USER);

	if (pid == 0) {
		household_hush();
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return household_await(pid);
}

static void
make_etc(const struct household *household)
{
	household_root(household,
	    "cp -a /etc etc && mount -n --bind etc /etc && "
	    "rm -rf /etc/halligan && mkdir -p -m 755 /etc/halligan/programs && "
	    "sed -i '/^keeper:/d; /^halligan-rotate:/d; /:%d:/d' /etc/passwd && "
	    "printf '%%s\\n' 'keeper:x:%d:%d::/nonexistent:/bin/sh' "
	    "'halligan-rotate:x:64812:64812::/nonexistent:/bin/sh' >> /etc/passwd",
	    THE_KEEPER, THE_KEEPER, THE_KEEPER);
}

/* --- What is there -------------------------------------------------------------------------- */

static void
begin(const struct household *household)
{
	household_root(household,
	    "rm -rf root mine all && umask 022 && mkdir root mine && mkdir -m 1777 all && "
	    "printf '#!/bin/sh\\nexit 0\\n' > root/halligan-rotate-right && "
	    "printf '#!/bin/sh\\nid -u > %s/ran\\n' > root/halligan-rotate-faulty && "
	    "chmod 755 root/* && chown %d:%d mine && rm -f ran && "
	    "echo 'vault keeper' > /etc/halligan/starter.conf && chmod 644 /etc/halligan/starter.conf",
	    household->folder, THE_USER, THE_USER);
}

/* Modes are the product's, not the umask's. */
void *
household_arrive(void)
{
	struct household *household = calloc(1, sizeof(*household));
	void *bench = NULL;

	assert_non_null(household);
	umask(0);
	(void)bench_start(&bench);
	household->bench = bench;
	assert_int_equal(chmod(household->bench->folder, 0711), 0); /* the vault itself is closed */
	bench_keep(household->bench, "begun");
	umask(022);
	snprintf(household->folder, sizeof(household->folder), "/tmp/halligan-user-XXXXXX");
	assert_non_null(mkdtemp(household->folder));
	assert_int_equal(chmod(household->folder, 0755), 0);
	make_etc(household);
	begin(household);
	return household;
}

void
household_pause(void *stage)
{
	bench_end(((struct household *)stage)->bench);
}

void
household_again(void *stage)
{
	struct household *household = stage;

	bench_restore(household->bench, "begun");
	begin(household);
}

void
household_leave(void *stage)
{
	struct household *household = stage;

	(void)umount2("/etc", MNT_DETACH);
	household_root(household, "cd / && rm -rf '%s'", household->folder);
	bench_free(household->bench);
	free(household);
}

/* --- A rotator ------------------------------------------------------------------------------ */

bool
household_ran(const struct household *household)
{
	BUF text = {0};
	struct err err;

	return file_read(NAME(household, "ran"), 64, &text, &err) == ERR_OK &&
	    strcmp(buf_string(&text), "0\n") == 0;
}

enum err_code
household_rotate(const struct household *household, const char *path, const char *name,
    void (*between)(void *context), void *context, struct err *why)
{
	const struct name folder = name_of(household, path);
	const struct rotator_places places = {.shipped = folder.text};
	struct rotator_found found;
	ROTATOR *rotator = NULL;
	JSON *target = json_new_object();
	struct err err;

	TRY(rotator_find(&places, name, &found, why));
	if (between != NULL)
		between(context);
	const struct rotator_start start = {.path = found.path,
	    .hash = found.hash,
	    .target = target,
	    .places = &places,
	    .seconds = 5};

	TRY(rotator_start(&start, &rotator, why));
	(void)!rotator_check(rotator, NULL,
	    &err); /* it is no rotator: what counts is that it ran */
	return ERR_OK;
}
