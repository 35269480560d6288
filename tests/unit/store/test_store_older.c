/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a power loss, a death or a refused COMMIT leaves in the anchor: beside it no database is taken that
 * is older than what somebody was told of, also when that is one from amid a commit, or has the
 * journal of another moment.  A control leaves out the syncs of the slots, and such a database is taken.
 */
#include <stdlib.h>

#include "base/file.h"
#include "tests/lib/store_bench.h"
#include "tests/unit/power/sweep.h"

enum { FILES_MAX = 1000, PAIRS = 60 };

/* Files as they were at some event; beside the anchor's what was promised then. */
struct files {
	size_t at;
	const struct promise *promise;
	struct buf bytes, journal;
	bool has_journal;
};

struct past {
	struct work work;
	struct files anchors[FILES_MAX], databases[FILES_MAX];
	size_t anchor_count, database_count;
};

static const struct disk_loss nothing = {.kind = DISK_ALL};

static void
done_files(struct files *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_done(&files[i].bytes);
		buf_done(&files[i].journal);
	}
}

static void
past_free(struct past *past)
{
	done_files(past->anchors, past->anchor_count);
	done_files(past->databases, past->database_count);
	work_done(&past->work);
	free(past);
}

DESTRUCTOR(past_freep, struct past, past_free)
#define PAST CLEANUP(past_freep) struct past

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* BYTES, which are taken, unless they have been found since somebody was told of as much. */
static void
keep_anchor(struct past *past, const struct moment *moment, struct buf *bytes)
{
	struct files *files = &past->anchors[past->anchor_count];
	uint64_t replied = moment->promise->replied.size;

	for (size_t i = past->anchor_count; i > 0; i--)
		if (past->anchors[i - 1].promise->replied.size == replied &&
		    is_same(&past->anchors[i - 1].bytes, bytes))
			return;
	if (past->anchor_count == FILES_MAX) /* a control's */
		return;
	past->anchor_count++;
	*files = (struct files){.at = moment->at, .promise = moment->promise, .bytes = *bytes};
	*bytes = (struct buf){0};
}

static void
find_anchors(struct past *past, const struct moment *moment)
{
	struct disk_loss losses[DISK_LOSSES];
	size_t count = disk_losses(&moment->disk, moment->at, losses);

	for (size_t i = 0; i < count; i++) {
		BUF bytes = {0};

		if (disk_file(&moment->disk, &losses[i], ANCHOR_FILE, &bytes))
			keep_anchor(past, moment, &bytes);
	}
}

/* What others could have copied, at the ends of steps and where something is synced. */
static void
find_database(struct past *past, const struct moment *moment)
{
	struct files *files = &past->databases[past->database_count];
	enum disk_act act = past->work.notes.events[moment->at].act;
	BUF bytes = {0};

	if ((act != DISK_MARK && act != DISK_SYNC) ||
	    !disk_file(&moment->disk, &nothing, "vault.db", &bytes))
		return;
	assert_true(past->database_count++ < FILES_MAX);
	*files = (struct files){.at = moment->at, .promise = moment->promise, .bytes = bytes};
	bytes = (struct buf){0};
	files->has_journal =
	    disk_file(&moment->disk, &nothing, "vault.db-journal", &files->journal);
}

static struct past *
live(enum power_fault fault)
{
	char folder[64];
	struct past *past = calloc(1, sizeof(*past));
	MOMENT moment = {0};

	assert_non_null(past);
	power_folder(folder);
	power_live(&past->work, folder, fault);
	power_folder_done(folder);
	while (moment_next(&moment, &past->work)) {
		if (moment.promise->lacks)
			continue;
		find_anchors(past, &moment);
		find_database(past, &moment);
	}
	return past;
}

static void
put(const char *folder, const char *name, const struct buf *bytes)
{
	struct err err;
	char path[400];

	disk_path(folder, name, path);
	assert_ok(file_write(path, buf_view(bytes), 0600, &err));
}

/* Counts what was taken and what was refused. */
struct verdicts {
	unsigned long taken, refused;
};

static void
judge(struct sweep *sweep, const struct files *anchor, const struct files *database,
    const struct files *journal, struct verdicts *verdicts)
{
	struct err err;
	struct anchor_state found;

	if (!sweep_wants(sweep, false))
		return;
	disk_clear_folder(sweep->folder);
	put(sweep->folder, ANCHOR_FILE, &anchor->bytes);
	put(sweep->folder, "vault.db", &database->bytes);
	if (journal->has_journal)
		put(sweep->folder, "vault.db-journal", &journal->journal);
	enum err_code code = power_accept(sweep->folder, &found, &err);
	verdicts->taken += code == ERR_OK;
	verdicts->refused += code != ERR_OK;
	if (code == ERR_OK && found.size >= anchor->promise->replied.size)
		return;
	if (code == ERR_OK)
		err_set(&err, ERR_REFUSED, "%u leaves are taken, and somebody was told of %u",
		    (unsigned)found.size, (unsigned)anchor->promise->replied.size);
	if (code != ERR_INTEGRITY)
		sweep_fault(sweep, anchor->at, anchor->promise, "an older one", &err);
}

static void
tell(const struct sweep *sweep, const struct verdicts *verdicts, const char *what)
{
	print_message("# %s: %lu taken, %lu refused\n", what, verdicts->taken, verdicts->refused);
	sweep_tell(sweep, what);
}

static void
judge_older(struct sweep *sweep, const struct past *past, struct verdicts *verdicts)
{
	for (size_t i = 0; i < past->anchor_count; i++)
		for (size_t j = 0; j < past->database_count; j++)
			if (past->databases[j].at <= past->anchors[i].at)
				judge(sweep, &past->anchors[i], &past->databases[j],
				    &past->databases[j], verdicts);
}

static void
no_older_database_is_taken_beside_any_anchor(void **state)
{
	SWEEP sweep;
	struct verdicts verdicts = {0};
	PAST *past = live(FAULT_NONE);

	(void)state;
	sweep_begin(&sweep, 20);
	judge_older(&sweep, past, &verdicts);
	tell(&sweep, &verdicts, "older databases");
	assert_true(verdicts.taken > 0 && verdicts.refused > 0);
}

/* Any earlier database with any earlier journal, or without one. */
static void
no_journal_that_was_put_there_makes_one_be_taken(void **state)
{
	static const struct files none;
	SWEEP sweep;
	struct verdicts verdicts = {0};
	uint64_t seed = 1;
	PAST *past = live(FAULT_NONE);

	(void)state;
	sweep_begin(&sweep, 20);
	for (size_t i = 0; i < past->anchor_count * PAIRS; i++) {
		const struct files *anchor = &past->anchors[i / PAIRS], *database, *journal;

		database = &past->databases[disk_chance(&seed) % past->database_count];
		journal = &past->databases[disk_chance(&seed) % past->database_count];
		/* The newest ones are those that would be taken. */
		while (i % 2 == 0 && database + 1 < past->databases + past->database_count &&
		    database[1].at <= anchor->at)
			database++;
		if (database->at <= anchor->at && journal->at <= anchor->at)
			judge(&sweep, anchor, database, i % 5 == 0 ? &none : journal, &verdicts);
	}
	tell(&sweep, &verdicts, "databases with other journals");
	assert_true(verdicts.taken > 0 && verdicts.refused > 0);
}

static void
slots_that_are_not_synced_let_an_older_one_pass(void **state)
{
	SWEEP sweep;
	struct verdicts verdicts = {0};
	PAST *past = live(FAULT_ANCHOR);

	(void)state;
	sweep_begin_control(&sweep, 7);
	judge_older(&sweep, past, &verdicts);
	tell(&sweep, &verdicts, "control: older databases when the anchor is not synced");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_older_database_is_taken_beside_any_anchor),
	    cmocka_unit_test(no_journal_that_was_put_there_makes_one_be_taken),
	    cmocka_unit_test(slots_that_are_not_synced_let_an_older_one_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
