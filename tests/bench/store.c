/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store costs:
 *
 *	usage: bench-store [samples] ROUNDS FOLDER...
 *
 * For 100, 10,000 and 100,000 cells: pages and syncs of a commit, counted, and by which table; the time of one
 * as a ratio to bare SQLite's that writes as many pages and syncs as often, both by turns: of medians, and, where
 * others use the disk too, of what a fifth of them stayed under; and the time of a proof as a multiple of reading
 * the same row plainly.  CPU is that of this process.
 *
 * With `samples` a line for each commit instead: "append CELLS:KIND OURS BOUND", in microseconds of time.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/bench/bare.h"
#include "tests/bench/filled.h"
#include "vault/store/statement.h"
#include "vault/store/verify.h"

enum { ROUNDS_MAX = 2000, PROOFS = 5000, BARE_ROWS = 4000, PLACES = 4 };

/* ---- time ---- */

static double
microseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Once they are sorted. */
static double
fifth(const double *values, size_t count)
{
	return values[count / 5];
}

/* Of one side, in microseconds. */
struct series {
	double times[ROUNDS_MAX], cpu[ROUNDS_MAX], began, cpu_began;
	size_t count;
};

static void
begin(struct series *series)
{
	series->cpu_began = microseconds(CLOCK_PROCESS_CPUTIME_ID);
	series->began = microseconds(CLOCK_MONOTONIC);
}

static void
end(struct series *series)
{
	series->times[series->count] = microseconds(CLOCK_MONOTONIC) - series->began;
	series->cpu[series->count++] = microseconds(CLOCK_PROCESS_CPUTIME_ID) - series->cpu_began;
}

/* ---- pages by table ---- */

enum { PLACE_NODES, PLACE_LOG, PLACE_ROWS, PLACE_HEAD };

static unsigned
place_of(const char *table)
{
	if (strcmp(table, "nodes") == 0)
		return PLACE_NODES;
	return strncmp(table, "log_", 4) == 0 ? PLACE_LOG : PLACE_ROWS;
}

struct pages {
	unsigned *hits; /* by number */
	unsigned size, sums[PLACES];
};

static void
pages_done(struct pages *pages)
{
	free(pages->hits);
}

static enum err_code
pages_add(struct pages *pages, const struct counted *counted, struct err *err)
{
	for (unsigned i = 0; i < counted->page_count; i++) {
		unsigned number = counted->page_numbers[i];

		if (number >= pages->size) {
			unsigned size = 2 * number + 1;
			unsigned *hits = reallocarray(pages->hits, size, sizeof(*hits));

			if (hits == NULL)
				return err_set(err, ERR_MEMORY, "out of memory for pages");
			memset(hits + pages->size, 0, (size - pages->size) * sizeof(*hits));
			pages->hits = hits;
			pages->size = size;
		}
		pages->hits[number]++;
	}
	return ERR_OK;
}

/* Whose pages they are, by SQLite's own table of them. */
static enum err_code
pages_sum(struct pages *pages, const char *folder, struct err *err)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char path[4096];

	TRY(file_path(folder, "vault.db", path, err));
	int result = sqlite3_open(path, &database);
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v2(database,
		    "SELECT d.pageno, coalesce(s.tbl_name, d.name) FROM dbstat AS d"
		    " LEFT JOIN sqlite_schema AS s ON s.name = d.name WHERE d.pageno > 1",
		    -1, &statement, NULL);
	while (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		unsigned number = (unsigned)sqlite3_column_int(statement, 0);

		if (number < pages->size)
			pages->sums[place_of((const char *)sqlite3_column_text(statement, 1))] +=
			    pages->hits[number];
	}
	pages->sums[PLACE_HEAD] = pages->size > 1 ? pages->hits[1] : 0;
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return result == SQLITE_OK ? ERR_OK : err_set(err, ERR_IO, "cannot read %s", path);
}

/* ---- commits ---- */

struct kind {
	const char *name, *short_name;
	enum err_code (*commit)(struct filled *filled, unsigned rows, struct err *err);
	unsigned rows;
	enum err_code (*prepare)(struct filled *filled, struct err *err);
};

static enum err_code
release(struct filled *filled, unsigned rows, struct err *err)
{
	(void)rows;
	return filled_release(filled, err);
}

static const struct kind kinds[] = {
    {"1 row changed", "change-1", filled_change, 1, NULL},
    {"3 rows changed", "change-3", filled_change, 3, NULL},
    {"10 rows changed", "change-10", filled_change, 10, NULL},
    {"1 row added", "add-1", filled_add, 1, NULL},
    {"2 rows added", "add-2", filled_add, 2, NULL},
    {"a release", "release", release, 0, filled_collect},
};

struct place {
	const char *folder;
	struct filled *filled;
	struct bare *bare;
	unsigned rounds;
	bool samples;
};

struct sums {
	unsigned pages, added, journal, syncs, anchored, bare_pages, bare_journal, bare_syncs;
};

static enum err_code
round_of(const struct place *place, const struct kind *kind, struct series *ours,
    struct series *bound, struct counted counts[2], struct err *err)
{
	if (kind->prepare != NULL)
		TRY(kind->prepare(place->filled, err));
	counted_take(&counts[0]);
	begin(ours);
	TRY(kind->commit(place->filled, kind->rows, err));
	end(ours);
	counted_take(&counts[0]);
	begin(bound);
	TRY(bare_commit(place->bare, &counts[0], err));
	end(bound);
	counted_take(&counts[1]);
	bare_settle(place->bare, &counts[0], &counts[1]);
	return ERR_OK;
}

static void
add_counts(struct sums *sums, const struct counted counts[2])
{
	sums->pages += counts[0].pages;
	sums->added += counts[0].added;
	sums->journal += counts[0].journal;
	sums->syncs += counts[0].syncs;
	sums->anchored += counts[0].anchored;
	sums->bare_pages += counts[1].pages;
	sums->bare_journal += counts[1].journal;
	sums->bare_syncs += counts[1].syncs;
}

static void
print_kind(const struct place *place, const struct kind *kind, const struct sums *sums,
    const struct pages *pages, struct series *ours, struct series *bound)
{
	double rounds = place->rounds, time = median(ours->times, ours->count),
	       least = median(bound->times, bound->count);

	printf("  %-16s %6.1f %6.1f %6.1f %6.1f %7.1f %5.1f+%.0f", kind->name, sums->pages / rounds,
	    pages->sums[PLACE_NODES] / rounds, pages->sums[PLACE_ROWS] / rounds,
	    pages->sums[PLACE_LOG] / rounds, sums->journal / rounds / 1024, sums->syncs / rounds,
	    sums->anchored / rounds);
	printf(" | %6.1f %7.1f %5.1f", sums->bare_pages / rounds,
	    sums->bare_journal / rounds / 1024, sums->bare_syncs / rounds);
	printf(" | %8.0f %8.0f %5.2f %5.2f | %5.0f %5.0f\n", time, least, least / time,
	    fifth(bound->times, bound->count) / fifth(ours->times, ours->count),
	    median(ours->cpu, ours->count), median(bound->cpu, bound->count));
}

static void
print_samples(const struct kind *kind, unsigned cells, const struct series *ours,
    const struct series *bound)
{
	for (size_t i = 0; i < ours->count; i++)
		printf("append %u:%s %.0f %.0f\n", cells, kind->short_name, ours->times[i],
		    bound->times[i]);
}

static enum err_code
measure(const struct place *place, const struct kind *kind, unsigned cells, struct err *err)
{
	static struct counted counts[2];
	static struct series ours, bound;
	CLEANUP(pages_done) struct pages pages = {0};
	struct sums sums = {0};

	ours.count = bound.count = 0;
	for (unsigned i = 0; i < place->rounds; i++) {
		TRY(round_of(place, kind, &ours, &bound, counts, err));
		TRY(pages_add(&pages, &counts[0], err));
		add_counts(&sums, counts);
	}
	TRY(pages_sum(&pages, place->folder, err));
	if (place->samples)
		print_samples(kind, cells, &ours, &bound);
	else
		print_kind(place, kind, &sums, &pages, &ours, &bound);
	return ERR_OK;
}

/* ---- proofs ---- */

static enum err_code
read_plainly(sqlite3_stmt *statement, const struct digest *digest, struct err *err)
{
	sqlite3_bind_blob(statement, 1, digest->bytes, DIGEST_SIZE, SQLITE_STATIC);
	int result = sqlite3_step(statement);
	size_t size = result == SQLITE_ROW ? (size_t)sqlite3_column_bytes(statement, 2) : 0;
	sqlite3_reset(statement);
	return size > 0 ? ERR_OK : err_set(err, ERR_IO, "a row is gone");
}

static enum err_code
time_plain(const struct place *place, double *ret_time, struct err *err)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char path[4096];

	TRY(file_path(place->folder, "vault.db", path, err));
	if (sqlite3_open(path, &database) != SQLITE_OK ||
	    sqlite3_exec(database, "PRAGMA cache_size = -16384; BEGIN", NULL, NULL, NULL) !=
	        SQLITE_OK ||
	    sqlite3_prepare_v2(database, "SELECT * FROM statements WHERE digest = ?", -1,
	        &statement, NULL) != SQLITE_OK)
		return err_set(err, ERR_IO, "cannot read %s", path);
	double began = 0;
	for (unsigned i = 0; i < 2 * PROOFS; i++) {
		struct digest digest;

		if (i == PROOFS)
			began = microseconds(CLOCK_MONOTONIC);
		TRY(filled_draw(place->filled, &digest, err));
		TRY(read_plainly(statement, &digest, err));
	}
	*ret_time = (microseconds(CLOCK_MONOTONIC) - began) / PROOFS;
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return ERR_OK;
}

static enum err_code
time_proven(const struct place *place, double *ret_time, struct err *err)
{
	double began = 0;

	TRY(store_begin_read(place->filled->store, err));
	for (unsigned i = 0; i < 2 * PROOFS; i++) {
		struct digest digest;
		BUF text = {0};

		if (i == PROOFS)
			began = microseconds(CLOCK_MONOTONIC);
		TRY(filled_draw(place->filled, &digest, err));
		TRY(store_get_statement(place->filled->store, &digest, &text, err));
	}
	*ret_time = (microseconds(CLOCK_MONOTONIC) - began) / PROOFS;
	store_rollback(place->filled->store);
	return ERR_OK;
}

static enum err_code
measure_proofs(const struct place *place, struct err *err)
{
	double plain = 0, proven = 0;

	TRY(time_plain(place, &plain, err));
	TRY(time_proven(place, &proven, err));
	printf("  a row read plainly %.1f us, proven %.1f us: %.1f times\n", plain, proven,
	    proven / plain);
	return ERR_OK;
}

/* ---- all ---- */

static enum err_code
measure_size(const struct place *place, unsigned cells, struct err *err)
{
	struct store_totals totals;

	TRY(filled_fill(place->filled, cells / FILLED_CELLS, err));
	if (!place->samples)
		printf("%u cells\n", cells);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].prepare == NULL ||
		    place->filled->secrets > place->filled->ceremonies + place->rounds)
			TRY(measure(place, &kinds[i], cells, err));
	if (place->samples)
		return ERR_OK;
	TRY(measure_proofs(place, err));
	TRY(store_verify_state(place->filled->store, NULL, NULL, &totals, err));
	printf("  %llu cells in the end\n", (unsigned long long)totals.cells);
	return ERR_OK;
}

static enum err_code
measure_all(const struct place *place, struct err *err)
{
	static const unsigned sizes[] = {100, 10000, 100000};

	if (!place->samples)
		printf(
		    "\n%s\n  %-16s %6s %6s %6s %6s %7s %7s | %6s %7s %5s | %8s %8s %5s %5s | %5s %5s\n",
		    place->folder, "", "pages", "nodes", "rows", "log", "jrnl KB", "syncs", "bare",
		    "KB", "syncs", "us", "bare us", "ratio", "fast", "cpu", "bare");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		TRY(measure_size(place, sizes[i], err));
	return ERR_OK;
}

static enum err_code
measure_in(const char *folder, unsigned rounds, bool samples, struct err *err)
{
	FILLED filled = {0};
	BARE *bare = NULL;

	TRY(filled_open(folder, true, &filled, err));
	TRY(bare_new(folder, BARE_ROWS, &bare, err));
	const struct place place = {folder, &filled, bare, rounds, samples};
	return measure_all(&place, err);
}

/* A folder of its own in FOLDER, which is removed again. */
static enum err_code
measure_below(const char *folder, unsigned rounds, bool samples, struct err *err)
{
	char path[4096], command[4200];

	snprintf(path, sizeof(path), "%s/bench-store-XXXXXX", folder);
	if (mkdtemp(path) == NULL)
		return err_set(err, ERR_IO, "cannot make a folder in %s", folder);
	enum err_code code = measure_in(path, rounds, samples, err);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		fprintf(stderr, "bench-store: %s stays\n", path);
	return code;
}

int
main(int argc, char **argv)
{
	struct err err;
	int samples = argc > 1 && strcmp(argv[1], "samples") == 0;
	unsigned rounds = argc > 2 + samples ? (unsigned)strtoul(argv[1 + samples], NULL, 10) : 0;

	if (rounds == 0 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench-store [samples] ROUNDS FOLDER...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	enum err_code code = crypto_start(&err);
	if (code == ERR_OK)
		code = counted_start(&err);
	for (int i = 2 + samples; i < argc && code == ERR_OK; i++)
		code = measure_below(argv[i], rounds, samples != 0, &err);
	if (code != ERR_OK)
		fprintf(stderr, "bench-store: %s\n", err.text);
	return code != ERR_OK;
}
