/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is lost at every event of the commit order, and what was not synced is lost in each way; then
 * the vault opens without an alarm, in the state that the table in vault/log/anchor.h says, and nothing that
 * somebody was told of is undone.  The same when others went on meanwhile where a writer had died, or
 * after a first power loss.  Each control leaves out a sync, and the same sweep sees it.
 */
#include "tests/lib/store_bench.h"
#include "tests/unit/power/sweep.h"

#define STORE CLEANUP(store_freep) struct store

static void
live(struct work *work, enum power_fault fault)
{
	char folder[64];

	power_folder(folder);
	power_live(work, folder, fault);
	power_folder_done(folder);
}

static void
after_a_power_loss_at_any_event_the_vault_stands_where_it_promised(void **state)
{
	SWEEP sweep;
	WORK work = {0};

	(void)state;
	sweep_begin(&sweep, 40);
	live(&work, FAULT_NONE);
	sweep_losses(&sweep, &work, 0);
	sweep_tell(&sweep, "power lost");
}

/* ---- somebody goes on, and the power is lost then ---- */

/* In SECOND, from START, of which nothing is lost there. */
static void
live_on(struct sweep *sweep, const char *second, const struct disk *start,
    const struct moment *moment, enum power_fault fault)
{
	struct err err;
	WORK work = {0};
	bool reads = moment->at % 2 == 0;

	if (power_live_on(&work, second, start, moment->promise, reads, fault, &err) != ERR_OK)
		sweep_fault(sweep, moment->at, moment->promise, "nobody can go on", &err);
	else
		sweep_losses(sweep, &work, 24);
}

static const struct disk_loss nothing = {.kind = DISK_ALL};

typedef void life_after(struct sweep *sweep, const char *second, const struct moment *moment,
    enum power_fault fault);

/* All that the dead one wrote is there, but not synced. */
static void
live_on_after_death(struct sweep *sweep, const char *second, const struct moment *moment,
    enum power_fault fault)
{
	disk_write(&moment->disk, &nothing, second);
	live_on(sweep, second, &moment->disk, moment, fault);
}

static void
live_on_after_loss(struct sweep *sweep, const char *second, const struct moment *moment,
    enum power_fault fault)
{
	struct disk_loss losses[DISK_LOSSES];
	size_t count = disk_losses(&moment->disk, moment->at, losses);
	DISK start;

	disk_write(&moment->disk, &losses[moment->at % count], second);
	disk_read(&start, second);
	live_on(sweep, second, &start, moment, fault);
}

/* He who goes on is killed too, at a chance event. */
static void
live_on_after_two_deaths(struct sweep *sweep, const char *second, const struct moment *moment,
    enum power_fault fault)
{
	struct err err;
	WORK work = {0};
	MOMENT death = {0};
	uint64_t seed = moment->at;

	if (moment->at % 4 != 0)
		return;
	disk_write(&moment->disk, &nothing, second);
	assert_ok(power_live_on(&work, second, &moment->disk, moment->promise, moment->at % 8 == 0,
	    fault, &err));
	for (size_t at = disk_chance(&seed) % work.notes.count; death.at < at;)
		assert_true(moment_next(&death, &work));
	if (death.promise != NULL)
		live_on_after_death(sweep, second, &death, fault);
}

/* Something was written that is just to be synced. */
static bool
is_critical(const struct work *work, const struct moment *moment)
{
	return moment->promise->step != STEP_ROWS && moment->at + 1 < work->notes.count &&
	    work->notes.events[moment->at + 1].act == DISK_SYNC;
}

static void
live_on_everywhere(struct sweep *sweep, life_after *life, enum power_fault fault)
{
	char first[64], second[64];
	WORK work = {0};
	MOMENT moment = {0};

	power_folder(first);
	power_folder(second);
	power_live_shortly(&work, first);
	while (moment_next(&moment, &work)) {
		sweep->sharp = is_critical(&work, &moment);
		if (moment.promise->lacks || (sweep->control && !sweep->sharp))
			continue;
		life(sweep, second, &moment, fault);
	}
	power_folder_done(first);
	power_folder_done(second);
}

static void
a_writer_that_dies_and_a_power_loss_later_undo_nothing(void **state)
{
	SWEEP sweep;

	(void)state;
	sweep_begin(&sweep, 100);
	live_on_everywhere(&sweep, live_on_after_death, FAULT_NONE);
	sweep_tell(&sweep, "killed, others went on, power lost");
}

static void
two_writers_that_die_and_a_power_loss_later_undo_nothing(void **state)
{
	SWEEP sweep;

	(void)state;
	sweep_begin(&sweep, 100);
	live_on_everywhere(&sweep, live_on_after_two_deaths, FAULT_NONE);
	sweep_tell(&sweep, "two killed, others went on, power lost");
}

static void
a_power_loss_amid_the_recovery_from_another_undoes_nothing(void **state)
{
	SWEEP sweep;

	(void)state;
	sweep_begin(&sweep, 100);
	live_on_everywhere(&sweep, live_on_after_loss, FAULT_NONE);
	sweep_tell(&sweep, "power lost, others went on, power lost");
}

/* ---- the disk refuses ---- */

static enum err_code
read_and_settle(struct store *store, struct err *err)
{
	uint64_t size;

	TRY(store_log_size(store, &size, err));
	return store_settle(store, err);
}

static void
refuse(const char *folder, const struct secret *key,
    enum err_code (*act)(struct store *store, struct err *err))
{
	struct err err;
	STORE *store = NULL;

	assert_ok(store_open(folder, "test", &bench_no_id, key, &store, &err));
	disk_refuse(true);
	enum err_code code = act(store, &err);
	disk_refuse(false);
	assert_int_equal(code, ERR_IO);
	assert_says("vault.db-journal");
	assert_error(ERR_IO, store_begin(store, &err));
	assert_says("restart");
	assert_error(ERR_IO, store_begin_read(store, &err));
}

static void
what_a_dead_writer_committed_is_made_to_last_or_nothing_more_is_done(void **state)
{
	struct err err;
	struct anchor_state found;
	char folder[64];
	SECRET *key = NULL;

	(void)state;
	power_folder(folder);
	power_live_unsettled(folder);
	assert_ok(bench_key(&key, &err));
	refuse(folder, key, store_begin);
	refuse(folder, key, read_and_settle);
	assert_ok(power_accept(folder, &found, &err));
	assert_int_equal(found.size, 2);
	power_folder_done(folder);
}

/* ---- controls ---- */

static void
see_fault(enum power_fault fault, const char *what)
{
	SWEEP sweep;
	WORK work = {0};

	sweep_begin_control(&sweep, 29);
	live(&work, fault);
	sweep_losses(&sweep, &work, 0);
	sweep_tell(&sweep, what);
}

static void
a_slot_that_is_not_synced_is_seen(void **state)
{
	(void)state;
	see_fault(FAULT_ANCHOR, "control: the anchor is not synced");
}

static void
a_journal_a_database_or_a_name_that_is_not_synced_is_seen(void **state)
{
	(void)state;
	see_fault(FAULT_JOURNAL, "control: the journal is not synced");
	see_fault(FAULT_DATABASE, "control: the database is not synced");
	see_fault(FAULT_FOLDER, "control: the folder is not synced");
}

static void
what_a_dead_writer_left_unsynced_is_seen(void **state)
{
	SWEEP sweep;

	(void)state;
	sweep_begin_control(&sweep, 5);
	live_on_everywhere(&sweep, live_on_after_death, FAULT_LEFT);
	sweep_tell(&sweep, "control: what was left unsynced is not synced by those who go on");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(after_a_power_loss_at_any_event_the_vault_stands_where_it_promised),
	    cmocka_unit_test(a_writer_that_dies_and_a_power_loss_later_undo_nothing),
	    cmocka_unit_test(two_writers_that_die_and_a_power_loss_later_undo_nothing),
	    cmocka_unit_test(a_power_loss_amid_the_recovery_from_another_undoes_nothing),
	    cmocka_unit_test(what_a_dead_writer_committed_is_made_to_last_or_nothing_more_is_done),
	    cmocka_unit_test(a_slot_that_is_not_synced_is_seen),
	    cmocka_unit_test(a_journal_a_database_or_a_name_that_is_not_synced_is_seen),
	    cmocka_unit_test(what_a_dead_writer_left_unsynced_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
