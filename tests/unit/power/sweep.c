/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/power/sweep.h"

#include <stdio.h>

#include "tests/lib/expect.h"
#include "tests/unit/sweep.h"

enum { MAIN_LOSSES = 6 };

void
sweep_begin(struct sweep *sweep, int64_t step)
{
	*sweep = (struct sweep){.step = step};
	power_folder(sweep->folder);
}

void
sweep_begin_control(struct sweep *sweep, int64_t step)
{
	sweep_begin(sweep, step);
	sweep->control = true;
}

void
sweep_end(struct sweep *sweep)
{
	power_folder_done(sweep->folder);
}

bool
sweep_wants(struct sweep *sweep, bool always)
{
	int64_t number = ++sweep->number;
	bool wants = sweep->control ? sweep->faults == 0 && number % sweep->step == 0 :
	                              always || sweep_takes(number, sweep->step);

	sweep->tried += wants;
	return wants;
}

void
sweep_fault(struct sweep *sweep, size_t at, const struct promise *promise, const char *kind,
    const struct err *err)
{
	if (sweep->faults++ == 0)
		snprintf(sweep->first, sizeof(sweep->first), "event %zu, %s, %s: %.900s", at,
		    power_step_names[promise->step], kind, err->text);
}

static void
tell_kind(const struct sweep *sweep, enum disk_kind kind)
{
	unsigned long sum = 0;

	for (size_t step = 0; step < STEPS; step++)
		sum += sweep->states[step][kind];
	if (sum == 0)
		return;
	print_message("#   %-12s %6lu:", disk_kind_names[kind], sum);
	for (size_t step = 0; step < STEPS; step++)
		if (sweep->states[step][kind] > 0)
			print_message(" %s %lu;", power_step_names[step],
			    sweep->states[step][kind]);
	print_message("\n");
}

void
sweep_tell(const struct sweep *sweep, const char *what)
{
	print_message("# %s: %lu of %lld states%s%s\n", what, sweep->tried,
	    (long long)sweep->number, sweep->faults > 0 ? "; " : "", sweep->first);
	for (enum disk_kind kind = 0; kind < DISK_KINDS && !sweep->control; kind++)
		tell_kind(sweep, kind);
	if (sweep->control && sweep->faults == 0)
		fail_msg("%s: this fault is not seen", what);
	if (!sweep->control && sweep->faults > 0)
		fail_msg("%s: %lu faults; %s", what, sweep->faults, sweep->first);
	assert_true(sweep->tried > 0);
}

bool
moment_next(struct moment *moment, const struct work *work)
{
	if (moment->promise == NULL) {
		disk_copy(&moment->disk, &work->notes.start);
		moment->promise = work->promises;
	} else {
		moment->at++;
	}
	if (moment->at >= work->notes.count)
		return false;
	const struct disk_event *event = &work->notes.events[moment->at];
	disk_play(&moment->disk, event);
	if (event->act == DISK_MARK)
		moment->promise = &work->promises[event->at];
	return true;
}

void
moment_done(struct moment *moment)
{
	disk_done(&moment->disk);
}

/* A slot was written, and nothing since. */
static bool
is_slot(const struct moment *moment, const struct work *work)
{
	enum power_step step = moment->promise->step;

	return work->notes.events[moment->at].act == DISK_WRITE &&
	    (step == STEP_SLOT || step == STEP_SETTLE);
}

static void
lose(struct sweep *sweep, const struct work *work, const struct moment *moment,
    const struct disk_loss *loss)
{
	struct err err;

	if (!sweep_wants(sweep, sweep->sharp && is_slot(moment, work)))
		return;
	disk_write(&moment->disk, loss, sweep->folder);
	sweep->states[moment->promise->step][loss->kind]++;
	if (power_judge(sweep->folder, moment->promise, &err) != ERR_OK)
		sweep_fault(sweep, moment->at, moment->promise, disk_kind_names[loss->kind], &err);
}

void
sweep_losses(struct sweep *sweep, const struct work *work, size_t some)
{
	MOMENT moment = {0};
	struct disk_loss losses[DISK_LOSSES];

	while (moment_next(&moment, work)) {
		size_t count = disk_losses(&moment.disk, moment.at, losses);

		/* The first ones: nothing, everything, and the newest write in each way. */
		for (size_t i = 0; i < count; i++)
			if (some == 0 || i < MAIN_LOSSES || (i + 7 * moment.at) % some == 0)
				lose(sweep, work, &moment, &losses[i]);
	}
}
