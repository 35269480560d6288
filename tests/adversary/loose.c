/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/starter.h"
#include "tests/adversary/rotator/driver.h"

enum {
	ORDINARY = 64813, /* nobody's, so that its limits are no other run's */
	OUTLIVES_SECONDS = 3,
	ANSWER_MILLISECONDS = 60000,
	PROGRAM_MAX = 64 * 1024 * 1024
};
/* Not /tmp, where the private root is made: a world must be seen wherever that root is missing. */
#define WORLDS "/var/tmp"

static const char *const kernels[LOOSE_WAYS] = {[LOOSE_SPACES] = "sub-uids=no landlock=0",
    [LOOSE_SAME] = "namespaces=no landlock=2",
    [LOOSE_NOTHING] = "namespaces=no landlock=0"};

/* What is hidden, and where root has mounted it. */
#define HIDDEN  "copies"
#define MOUNTED "mounted"

struct loose {
	char folder[64];
	bool mounted;
	pid_t cleaner; /* removes all once our end of LIFE is closed */
	int life;
	struct {
		bool ran;
		struct err stopped; /* before anything ran; or it is ERR_OK */
		struct outcome outcomes[ATTEMPTS_MAX];
	} ways[LOOSE_WAYS];
};

/* --- The ordinary user and their programs -------------------------------------------------- */

/* An attempt that cannot be made is no attempt: its process breaks off. */
static void
need(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	abort();
}

static void
copy_program(const struct loose *loose, const char *name, mode_t mode)
{
	const struct path to = path_of(loose->folder, name);
	BUF bytes = {0};
	struct err err;

	need(file_read(PATH(LOOSE_PROGRAMS, name), PROGRAM_MAX, &bytes, &err) == ERR_OK &&
	        file_write_new(to.text, buf_view(&bytes), mode, &err) == ERR_OK,
	    name);
	if (geteuid() == 0)
		need(chown(to.text, ORDINARY, ORDINARY) == 0, name);
}

static void
be_ordinary(void)
{
	if (geteuid() != 0)
		return;
	need(setgroups(0, NULL) == 0 && setresgid(ORDINARY, ORDINARY, ORDINARY) == 0 &&
	        setresuid(ORDINARY, ORDINARY, ORDINARY) == 0,
	    "being an ordinary user");
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* root's is not its own */
	need(prctl(PR_SET_DUMPABLE, 1) == 0, "being looked at");
}

static struct path
starter_of(const struct loose *loose, enum loose_way way)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "starter-%d", (int)way);
	return path_of(loose->folder, name);
}

static void
write_starters(const struct loose *loose)
{
	struct err err;

	for (int way = 0; way < LOOSE_WAYS; way++) {
		BUF text = {0};

		buf_format(&text,
		    "#!/bin/sh\nHALLIGAN_KERNEL='%s' exec '%s/halligan-starter-capped' \"$@\"\n",
		    kernels[way], loose->folder);
		need(file_write_new(starter_of(loose, (enum loose_way)way).text, buf_view(&text),
		         0755, &err) == ERR_OK,
		    "a starter");
	}
}

/* As who we are yet, and where nothing is mounted: however the rest comes to its end. */
static void
start_cleaner(struct loose *loose)
{
	int ends[2];
	char byte;

	need(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
	loose->cleaner = fork();
	if (loose->cleaner == 0) {
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			continue;
		(void)execl("/bin/rm", "rm", "-rf", loose->folder, (char *)NULL);
		_exit(127);
	}
	need(loose->cleaner > 0, "a process");
	close(ends[0]);
	loose->life = ends[1];
}

/* A part of a vault, as it were: in a mount namespace of our own, which goes with us.  What the host's root lists for vaults of
 * the host's own is out of sight there. */
static void
mount_hidden(struct loose *loose)
{
	const struct path hidden = path_of(loose->folder, HIDDEN);
	const struct path mounted = path_of(loose->folder, MOUNTED);
	const struct path key = path_of(hidden.text, "host.key");
	uint8_t bytes[WORLD_FILE_SIZE] = "copied";
	struct err err;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		return;
	need(mkdir(hidden.text, 0700) == 0 && mkdir(mounted.text, 0700) == 0, "folders");
	need(file_write_new(key.text, VIEW_OF(bytes), 0600, &err) == ERR_OK, key.text);
	need(chown(hidden.text, ORDINARY, ORDINARY) == 0 &&
	        chown(key.text, ORDINARY, ORDINARY) == 0,
	    "giving them away");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return;
	need(mount("none", "/etc/halligan", "tmpfs", 0, "mode=755") == 0 || errno == ENOENT,
	    "/etc/halligan");
	loose->mounted = mount(hidden.text, mounted.text, NULL, MS_BIND, NULL) == 0;
}

struct loose *
loose_new(void)
{
	struct loose *loose =
	    mmap(NULL, sizeof(*loose), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	need(loose != MAP_FAILED, "mmap");
	(void)snprintf(loose->folder, sizeof(loose->folder), "/tmp/halligan-loose-XXXXXX");
	need(mkdtemp(loose->folder) != NULL && chmod(loose->folder, 0755) == 0, loose->folder);
	start_cleaner(loose);
	copy_program(loose, "halligan-rotate-gone-bad", 0755);
	copy_program(loose, "halligan-rotate-gone-bad.json", 0644);
	copy_program(loose, "halligan-starter-capped", 0755);
	mount_hidden(loose);
	if (geteuid() == 0)
		need(chown(loose->folder, ORDINARY, ORDINARY) == 0, loose->folder);
	be_ordinary();
	write_starters(loose);
	return loose;
}

void
loose_free(struct loose *loose)
{
	fd_closep(&loose->life);
	while (waitpid(loose->cleaner, NULL, 0) < 0 && errno == EINTR)
		continue;
	(void)munmap(loose, sizeof(*loose));
}

/* --- One run ------------------------------------------------------------------------------- */

struct run {
	struct adversary *adversary;
	struct rotator_places places;
	struct path program, starter;
	const char *hidden; /* beside the vault, as what it copies itself to; NULL: nothing */
};

static void
run_done(struct run *run)
{
	adversary_free(run->adversary);
}
#define RUN CLEANUP(run_done) struct run

static void
run_begin(const struct loose *loose, enum loose_way way, struct run *run)
{
	struct err err;

	run->program = path_of(loose->folder, "halligan-rotate-gone-bad");
	run->starter = starter_of(loose, way);
	run->places =
	    (struct rotator_places){.shipped = loose->folder, .starter = run->starter.text};
	const struct adversary_options options = {.program = run->program.text,
	    .parent = WORLDS,
	    .user = geteuid(),
	    .outlive = OUTLIVES_SECONDS};

	need(adversary_new(&options, &run->adversary, &err) == ERR_OK, "a world");
}

static enum err_code
run_attack(struct run *run, bool outlives, struct err *err)
{
	struct adversary *adversary = run->adversary;
	struct rotator_start start = adversary_start(adversary);
	ROTATOR *rotator = NULL;

	start.places = &run->places;
	start.hidden[0] = adversary_world(adversary)->texts[WORLD_VAULT];
	start.hidden[1] = run->hidden;
	TRY(rotator_start(&start, &rotator, err));
	TRY(adversary_attack(adversary, rotator, err));
	return outlives ? adversary_outlive(adversary, TAKE(rotator), err) : ERR_OK;
}

static void
run_way(struct loose *loose, enum loose_way way)
{
	RUN run = {0};
	struct err err;

	run_begin(loose, way, &run);
	if (run_attack(&run, way == LOOSE_SPACES, &err) != ERR_OK)
		loose->ways[way].stopped = err;
	memcpy(loose->ways[way].outcomes, adversary_outcomes(run.adversary),
	    sizeof(loose->ways[way].outcomes));
	loose->ways[way].ran = true;
}

/* --- What came of it ------------------------------------------------------------------------ */

static size_t
index_of(const char *name, size_t size)
{
	const struct attempt *attempt;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++)
		if (strlen(attempt->name) == size && strncmp(attempt->name, name, size) == 0)
			return i;
	(void)fprintf(stderr, "a rotator gone bad does not try %.*s\n", (int)size, name);
	abort();
}

static void
say_stopped(const struct outcome *outcome, const char *name, size_t size, struct err *why)
{
	char text[64];

	if (why->code != ERR_OK)
		return;
	outcome_text(*outcome, text);
	(void)err_set(why, ERR_REFUSED, "%.*s: %s", (int)size, name, text);
}

/* How many of NAMES; RET_STOPPED: how many did not. */
static size_t
count(struct loose *loose, enum loose_way way, const char *names, size_t *ret_stopped,
    struct err *why)
{
	size_t succeeded = 0;

	*ret_stopped = 0;
	if (!loose->ways[way].ran)
		run_way(loose, way);
	*why = loose->ways[way].stopped;
	for (const char *at = names; *at != '\0'; at += strspn(at, " ")) {
		size_t size = strcspn(at, " ");
		const struct outcome *outcome = &loose->ways[way].outcomes[index_of(at, size)];
		bool stopped = outcome->result != ATTEMPT_SUCCEEDED;

		if (stopped)
			say_stopped(outcome, at, size, why);
		succeeded += !stopped;
		*ret_stopped += stopped;
		at += size;
	}
	return succeeded;
}

bool
loose_any(struct loose *loose, enum loose_way way, const char *names, struct err *why)
{
	size_t stopped;

	return count(loose, way, names, &stopped, why) > 0;
}

bool
loose_all(struct loose *loose, enum loose_way way, const char *names, struct err *why)
{
	size_t stopped;

	return count(loose, way, names, &stopped, why) > 0 && stopped == 0;
}

/* --- A path into the vault ------------------------------------------------------------------ */

/* What the definition shows is then at RET_WAY, and what is wanted at RET_WANTED. */
static void
make_way(const struct loose *loose, struct run *run, enum loose_path how, struct path *ret_way,
    struct path *ret_wanted)
{
	const struct world *world = adversary_world(run->adversary);
	const char *folder = adversary_folder(run->adversary), *vault = world->texts[WORLD_VAULT];

	*ret_way = path_of(folder, "way");
	*ret_wanted = path_of(ret_way->text, "host.key");
	switch (how) {
	case LOOSE_LINK:
		need(symlink(vault, ret_way->text) == 0, "a link");
		return;
	case LOOSE_MOUNT:
		*ret_way = path_of(loose->folder, MOUNTED);
		*ret_wanted = path_of(ret_way->text, "host.key");
		return;
	case LOOSE_ABOVE:
		(void)snprintf(ret_way->text, sizeof(ret_way->text), "%s", folder);
		*ret_wanted = path_of(vault, "host.key");
		return;
	case LOOSE_HARD_LINK:
	default:
		need(link(world->texts[WORLD_HOST_KEY], ret_way->text) == 0, "a hard link");
		*ret_wanted = *ret_way;
		return;
	}
}

static bool
has_read(const struct run *run, const char *name, struct err *why)
{
	struct outcome outcome = adversary_outcome(run->adversary, name);

	why->code = ERR_OK;
	if (outcome.result != ATTEMPT_SUCCEEDED)
		say_stopped(&outcome, name, strlen(name), why);
	return outcome.result == ATTEMPT_SUCCEEDED;
}

bool
loose_reads_by(struct loose *loose, enum loose_path how, struct err *why)
{
	RUN run = {0};
	struct path way, wanted;
	const struct path hidden = path_of(loose->folder, HIDDEN);

	if (how == LOOSE_MOUNT && !loose->mounted) {
		printf("# skipped: only root has something mounted for it\n");
		(void)fflush(stdout); /* nobody else does */
		return false;
	}
	run_begin(loose, LOOSE_SPACES, &run);
	run.hidden = hidden.text;
	struct world *world = adversary_world(run.adversary);

	make_way(loose, &run, how, &way, &wanted);
	world->texts[WORLD_SHOWN] = way.text;
	world->texts[WORLD_HOST_KEY] = wanted.text;
	if (how == LOOSE_ABOVE)
		world->texts[WORLD_PLACE] = ""; /* what lies in another path is not shown twice */
	return run_attack(&run, false, why) == ERR_OK && has_read(&run, "read_host_key", why);
}

/* --- A wish that no vault would have --------------------------------------------------------- */

struct wish {
	struct start_message message;
	int ask, hear; /* our ends of its stdin and stdout */
};

static void
wish_done(struct wish *wish)
{
	start_message_done(&wish->message);
	fd_closep(&wish->ask);
	fd_closep(&wish->hear);
}
#define WISH CLEANUP(wish_done) struct wish

static void
wish_make(struct run *run, unsigned seconds, struct wish *wish)
{
	struct start_message *message = &wish->message;
	const struct rotator_start start = adversary_start(run->adversary);
	int to[2], from[2];

	*wish = (struct wish){
	    .message = {.hash = start.hash, .seconds = seconds, .fds = {-1, -1, -1, -1, -1, -1}}};
	(void)snprintf(message->rotator, sizeof(message->rotator), "gone-bad");
	need(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipes");
	message->fds[START_REQUESTS] = to[0];
	message->fds[START_ANSWERS] = from[1];
	wish->ask = to[1];
	wish->hear = from[0];
}

static enum err_code
ask(struct run *run, const struct wish *wish, struct err *err)
{
	const struct rotator_start start = adversary_start(run->adversary);
	JSON *first = json_new_object();
	BUF text = {0}, line = {0};
	struct answer answer = {0};
	int64_t deadline = process_milliseconds() + ANSWER_MILLISECONDS;

	json_put_copy(first, "target", start.target);
	json_put_int(first, "seconds", start.seconds);
	TRY(json_encode(first, &text, err));
	buf_text(&text, "\n{\"verb\":\"check\"}\n");
	TRY(fd_write(wish->ask, buf_view(&text), deadline, err));
	TRY(fd_read_line(wish->hear, ROTATOR_LINE_MAX, &line, deadline, err));
	TRY(answer_parse(buf_view(&line), ok_result_names, &answer, err));
	return adversary_take(run->adversary, &answer.why, err);
}

bool
loose_reads_by_descriptor(struct loose *loose, struct err *why)
{
	RUN run = {0};
	WISH wish = {.ask = -1, .hear = -1};
	CLEANUP(starter_end) struct starter starter = {0};

	run_begin(loose, LOOSE_SPACES, &run);
	wish_make(&run, 60, &wish);
	wish.message.fds[START_CURRENT] =
	    open(adversary_world(run.adversary)->texts[WORLD_VAULT], O_RDONLY | O_DIRECTORY);
	need(wish.message.fds[START_CURRENT] >= 0, "the vault");
	if (starter_start(&run.places, &wish.message, &starter, why) != ERR_OK ||
	    ask(&run, &wish, why) != ERR_OK)
		return false;
	return has_read(&run, "open_host_key_by_inherited_folder", why);
}

bool
loose_runs_on(struct loose *loose, struct err *why)
{
	RUN run = {0};
	WISH wish = {.ask = -1, .hear = -1};
	CLEANUP(starter_end) struct starter starter = {0};
	struct start_ended ended = {0};

	run_begin(loose, LOOSE_SPACES, &run);
	wish_make(&run, 1, &wish);
	if (starter_start(&run.places, &wish.message, &starter, why) != ERR_OK)
		return false;
	if (!starter_await(&starter, process_milliseconds() + 2500, &ended))
		return true;
	(void)err_set(why, ERR_EXPIRED, "it was ended%s",
	    ended.how == START_DEADLINE ? " at its deadline" : "");
	return false;
}
