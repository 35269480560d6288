/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/debts/debts_bench.h"
#include "rotators/contract/places.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/credential.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/vault/open.h"

enum { LEASE = 700, RUNS = 16, REPAIRED = 2 /* after so many runs */, FILES = 64 };

/* --- Files ------------------------------------------------------------------------------------ */

struct kept_file {
	char path[200];
	struct buf bytes;
};

static const char *const folders[] = {"", "ceremony", "escrow"};

static void
read_whole(const char *path, struct buf *ret_bytes)
{
	uint8_t block[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, block, sizeof(block))) > 0)
		buf_bytes(ret_bytes, view_of(block, (size_t)got));
	assert_int_equal(got, 0);
	close(fd);
}

static void
write_whole(const struct kept_file *file)
{
	int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->bytes.data, file->bytes.size), (ssize_t)file->bytes.size);
	close(fd);
}

static void
each_file(const struct town *town, void (*visit)(struct town *town, const char *path),
    struct town *context)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char folder[150], path[420];
		const struct dirent *entry;
		struct stat stat;

		snprintf(folder, sizeof(folder), "%s/%s", town->bench->vault, folders[i]);
		DIR *directory = opendir(folder);
		assert_non_null(directory);
		while ((entry = readdir(directory)) != NULL) {
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			if (lstat(path, &stat) == 0 && S_ISREG(stat.st_mode))
				visit(context, path);
		}
		closedir(directory);
	}
}

static void
keep_file(struct town *town, const char *path)
{
	struct kept_file *file = &town->files[town->file_count++];

	assert_true(town->file_count <= FILES);
	assert_in_range(snprintf(file->path, sizeof(file->path), "%s", path), 1,
	    sizeof(file->path) - 1);
	read_whole(path, &file->bytes);
}

static void
remove_file(struct town *town, const char *path)
{
	(void)town;
	assert_int_equal(unlink(path), 0);
}

static void
forget_files(struct town *town)
{
	for (size_t i = 0; i < town->file_count; i++)
		buf_done(&town->files[i].bytes);
	memset(town->files, 0, FILES * sizeof(*town->files));
	town->file_count = 0;
}

void
town_keep(struct town *town)
{
	bench_end(town->bench);
	forget_files(town);
	each_file(town, keep_file, town);
	town->scene = world()->scene;
	town->now = town->bench->shared->now;
}

void
town_restore(struct town *town)
{
	bench_end(town->bench);
	each_file(town, remove_file, town);
	for (size_t i = 0; i < town->file_count; i++)
		write_whole(&town->files[i]);
	world()->scene = town->scene;
	world()->failure[0] = '\0';
	town->bench->shared->now = town->now;
	town->bench->shared->kill_at = 0;
}

/* --- The vault ---------------------------------------------------------------------------------- */

/* ROTATE: by the engine, so that nobody has seen version 2. */
static void
adopt(struct bench *bench, bool rotate)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	target_repair("first-password");
	bench_box(bench, "prod/db", "first-password", &box);
	assert_ok(bench_send_box(bench, &box, rotate, &reply, &err));
}

static void
release(struct bench *bench, struct secret **ret_credential)
{
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, ret_credential, NULL, &err));
}

void
town_release(struct town *town)
{
	SECRET *credential = NULL;

	release(town->bench, &credential);
	bench_end(town->bench);
	town->bench->shared->now += LEASE;
}

void
town_expect_opens(struct town *town)
{
	SECRET *credential = NULL;
	struct view value;
	char text[VALUE_SIZE];
	struct err err;

	release(town->bench, &credential);
	assert_ok(credential_get(secret_view(credential), FIELD_PASSWORD, &value, &err));
	snprintf(text, sizeof(text), "%.*s", (int)value.size, (const char *)value.data);
	assert_true(target_keeps(text));
}

/* Adopted. */
static struct town *
begin(const char *name, const struct announcement *announced, bool rotate)
{
	struct town *town = calloc(1, sizeof(*town));

	assert_non_null(town);
	town->files = calloc(FILES, sizeof(*town->files));
	assert_non_null(town->files);
	snprintf(town->name, sizeof(town->name), "%s", name);
	world_begin();
	world()->tally.failures = 0;
	world()->scene.announced = *announced;
	struct bench *bench = town->bench = bench_new(false);
	bench->shared->no_due = 1;
	bench->announced = *announced;
	world_look(bench->shared);
	adopt(bench, rotate);
	return town;
}

/* Each case begins here. */
static void
end(struct town *town)
{
	world()->scene.calls = 0;
	town_keep(town);
	/* What was asked while it was adopted is no debt's. */
	memset(world()->tally.seen, 0, sizeof(world()->tally.seen));
	memset(world()->tally.killed, 0, sizeof(world()->tally.killed));
}

struct town *
town_new(const char *name, const struct announcement *announced)
{
	struct town *town = begin(name, announced, false);
	SECRET *credential = NULL;

	release(town->bench, &credential);
	end(town);
	return town;
}

struct town *
town_new_unseen(const char *name, const struct announcement *announced)
{
	struct town *town = begin(name, announced, true);
	struct scene *scene = &world()->scene;
	DSSE statement = {0};
	JSON *reply = NULL;
	struct order_item item;
	struct err err;

	bench_end(town->bench);
	town->bench->shared->now += announced->grace;
	assert_true(town_run(town, 0)); /* the death of what was adopted */
	bench_order(town->bench, &town->bench->people[INFRA], "prod/db", &item, &statement);
	/* After check and generate, which show that it can be done. */
	scene->plans[0] = (struct plan){scene->calls + 3, FAULT_REFUSES};
	assert_ok(bench_send_order(town->bench, &statement, &item.secret, &reply, &err));
	bench_end(town->bench);
	scene->plans[0] = (struct plan){0};
	memset(scene->ended, 0, sizeof(scene->ended));
	scene->ended_count = 0;
	scene->untried = item.version;
	end(town);
	return town;
}

void
town_free(struct town *town)
{
	forget_files(town);
	free(town->files);
	bench_free(town->bench);
	free(town);
}

/* --- Runs --------------------------------------------------------------------------------------- */

enum { PRINTED = 20 };

/* WHAT is not true.  RET: false. */
static bool
town_fail(const struct town *town, const char *what)
{
	const struct scene *scene = &world()->scene;

	if (world()->tally.failures++ >= PRINTED)
		return false;
	print_message("# %s, killed at %lld: %s\n", town->name, (long long)town->kill_at, what);
	for (unsigned i = 0; i < scene->calls && i < CALLS; i++)
		print_message("#   %3u %-11s %-8s %s\n", i + 1,
		    debt_state_names[scene->trace[i].state], verb_names[scene->trace[i].verb],
		    fault_names[scene->trace[i].fault]);
	print_message("#   then %s: %s\n", debt_state_names[scene->last.state], scene->last.note);
	return false;
}

static void
must(enum err_code code, const struct err *err, const char *what)
{
	if (code != ERR_OK)
		world_fail("%s: %s", what, err->text);
}

/* As `rotate` does, of all. */
static _Noreturn void
pay(const struct town *town)
{
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	const struct server_options options = {.folder = town->bench->vault,
	    .rotators = &none,
	    .now = world_now};
	struct session session = {0};
	DEBT_ROWS *rows = NULL;
	size_t count;
	struct err err;

	world_serve(town->bench->shared);
	must(session_open(&session, &options, -1, &err), &err, "session_open");
	truths_of(&session);
	truths_check();
	must(leases_end_expired(&session, &err), &err, "leases");
	must(store_list_debts(session.store, DEBT_UNPAID, &rows, &count, &err), &err, "debts");
	for (size_t i = 0; i < count; i++) {
		struct paid paid;

		must(rotate_pay(&session, &rows[i].id, &paid, &err), &err, "rotate_pay");
	}
	truths_check_end(&session);
	_exit(0);
}

bool
town_run(struct town *town, int64_t seconds)
{
	int status;

	bench_end(town->bench);
	town->bench->shared->now += seconds;
	world()->tally.runs++;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		pay(town);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		town->bench->shared->kill_at = 0;
		world()->tally.kills++;
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return town_fail(town,
	    world()->failure[0] != '\0' ? world()->failure : "the process crashed");
}

/* What was dead, and was put back there by others, may take the room of another. */
static void
remove_what_came_back(void)
{
	const struct scene *scene = &world()->scene;

	for (uint32_t i = 1; i < VERSIONS; i++)
		if (scene->sealed[i][0] != '\0' && truths_came_back(i) && i != scene->current &&
		    i != scene->last.old && i != scene->last.pending)
			target_remove(scene->sealed[i]);
}

/* Told twice in vain to take it away, once its grace time was over, a target goes on to take an old value: a person
 * removes it there, as the note asks. */
static void
remove_as_asked(void)
{
	const struct scene *scene = &world()->scene;

	if (strstr(scene->last.note, "remove it there") == NULL || scene->announced.grace == 0)
		return;
	for (uint32_t i = 1; i < VERSIONS; i++)
		if (scene->sealed[i][0] != '\0' && i != scene->current)
			target_remove(scene->sealed[i]);
}

/* Once it accepts nothing, a person sets one of the values: the current one, if one is; else the old or the newest. */
static void
repair(void)
{
	const struct scene *scene = &world()->scene;
	bool committed = (DEBT_WATCHES & 1u << scene->last.state) != 0;
	uint32_t version = committed                          ? scene->current :
	    scene->calls % 2 == 0 || scene->last.pending == 0 ? scene->last.old :
	                                                        scene->last.pending;

	remove_what_came_back();
	remove_as_asked();
	for (uint32_t i = 1; i < VERSIONS; i++)
		if (scene->sealed[i][0] != '\0' && target_keeps(scene->sealed[i]))
			return;
	target_repair(scene->sealed[version]);
}

static void
note_case(const struct town *town, unsigned runs)
{
	struct tally *tally = &world()->tally;
	const struct scene *scene = &world()->scene;

	tally->cases++;
	if (runs > tally->runs_most)
		tally->runs_most = runs;
	if (scene->none_most > tally->none_most)
		tally->none_most = scene->none_most;
	if (scene->same_most > tally->same_most)
		tally->same_most = scene->same_most;
	if (scene->failed_most <= tally->failed_most)
		return;
	tally->failed_most = scene->failed_most;
	char *at = tally->failed_where;
	at += snprintf(at, 80, "%s:", town->name);
	for (unsigned i = 0; i < scene->calls && at < tally->failed_where + 140; i++)
		if (scene->trace[i].fault != FAULT_NONE)
			at += snprintf(at, 60, " %u %s=%s", i + 1, verb_names[scene->trace[i].verb],
			    fault_names[scene->trace[i].fault]);
}

/* Does each statement so far say what was announced? */
static bool
has_ended(const struct town *town)
{
	const struct announcement *announced = &town->scene.announced;
	const struct scene *scene = &world()->scene;
	const char *grade = scene->untried != 0 ? "replaced-not-tried" :
	    announced->death == DEATH_NONE      ? "cannot-die" :
	    announced->death == DEATH_COPIES    ? "copies-open" :
	    announced->grace > 0                ? "refused-after-grace" :
	                                          "refused";
	bool expels = (announced->can & CAN_EXPEL) != 0;

	if (scene->ended_count == 0)
		return town_fail(town, "nothing says that it is paid");
	for (unsigned i = 0; i < scene->ended_count; i++)
		if (strcmp(scene->ended[i].grade, grade) != 0 ||
		    (scene->untried != 0 && strcmp(scene->ended[i].sessions, "none") != 0) ||
		    (strcmp(scene->ended[i].sessions, "cannot-be-ended") == 0) == expels)
			return town_fail(town, "the statement has another grade");
	return true;
}

bool
town_run_until_paid(struct town *town)
{
	unsigned most = RUNS + town->scene.announced.grace / WAIT_LONGEST, runs = 0;

	do {
		if (runs == most)
			return town_fail(town, "it is never paid");
		world()->scene.unpaid = 1;
		world()->scene.stale = true;
		if (!town_run(town, runs++ == 0 ? LEASE : WAIT_LONGEST))
			return false;
		if (runs > REPAIRED && !world()->scene.stale)
			repair();
	} while (world()->scene.unpaid > 0);
	note_case(town, runs);
	return has_ended(town);
}

void
town_expect_ended(const struct town *town, unsigned count)
{
	const struct scene *scene = &world()->scene;

	assert_true(has_ended(town));
	assert_int_equal(scene->ended_count, count);
	for (unsigned i = 1; i < count; i++)
		assert_int_equal(scene->ended[i].old, scene->ended[i - 1].new);
}

void
town_set(struct town *town, uint32_t version)
{
	(void)town;
	assert_true(world()->scene.sealed[version][0] != '\0');
	target_repair(world()->scene.sealed[version]);
}

void
town_expect_state(const struct town *town, enum debt_state state)
{
	const struct debt_row *last = &world()->scene.last;

	if (last->state != state)
		fail_msg("%s: %s instead of %s: %s", town->name, debt_state_names[last->state],
		    debt_state_names[state], last->note);
}

bool
town_case(struct town *town, const struct plan plans[PLANS], int64_t kill_at, int64_t *ret_points)
{
	town_restore(town);
	memcpy(world()->scene.plans, plans, sizeof(world()->scene.plans));
	town->bench->shared->points = 0;
	town->bench->shared->kill_at = kill_at;
	town->kill_at = kill_at;
	bool fine = town_run_until_paid(town);
	if (ret_points != NULL)
		*ret_points = town->bench->shared->points;
	return fine;
}
