/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated target.  What was withdrawn is accepted until its grace time is over, on the test's clock. */
#include "base/random.h"
#include "base/text.h"
#include "tests/unit/debts/world.h"

#include <string.h>

enum { LOCKED = 600 /* seconds */ };

static struct scene *
scene(void)
{
	return &world()->scene;
}

bool
target_takes(const char *value)
{
	for (size_t i = 0; i < scene()->held_count; i++)
		if (strcmp(scene()->held[i].value, value) == 0 &&
		    scene()->held[i].until > world_now())
			return true;
	return false;
}

bool
target_keeps(const char *value)
{
	for (size_t i = 0; i < scene()->held_count; i++)
		if (strcmp(scene()->held[i].value, value) == 0 &&
		    scene()->held[i].until == INT64_MAX)
			return true;
	return false;
}

static void
note_failed(const char *value)
{
	struct scene *now = scene();

	now->failed++;
	if (now->failed == now->locks_after) {
		now->locked_until = world_now() + LOCKED;
		now->failed = 0;
	}
	now->failed_same = strcmp(now->failed_value, value) == 0 ? now->failed_same + 1 : 1;
	snprintf(now->failed_value, sizeof(now->failed_value), "%s", value);
	if (now->spoiled && now->failed > now->none_most)
		now->none_most = now->failed;
	if (!now->spoiled && now->failed > now->failed_most)
		now->failed_most = now->failed;
	if (!now->spoiled && now->failed_same > now->same_most)
		now->same_most = now->failed_same;
}

bool
target_login(const char *value)
{
	if (world_now() < scene()->locked_until)
		return false; /* whatever it is */
	if (!target_takes(value)) {
		note_failed(value);
		return false;
	}
	scene()->failed = scene()->failed_same = 0;
	scene()->failed_value[0] = '\0';
	return true;
}

void
target_forget_all(void)
{
	scene()->held_count = 0;
	scene()->spoiled = true;
}

static void
hold(const char *value, const char *name)
{
	struct scene *now = scene();

	if (now->held_count == HELD)
		world_fail("the target has no room for what it was given");
	struct held *held = &now->held[now->held_count++];
	snprintf(held->value, sizeof(held->value), "%s", value);
	snprintf(held->name, sizeof(held->name), "%s", name);
	held->until = INT64_MAX;
}

void
target_repair(const char *value)
{
	scene()->held_count = 0;
	hold(value, "");
	scene()->failed = scene()->failed_same = 0;
	scene()->spoiled = false;
	scene()->forget_at = 0; /* nobody puts back what was there before it */
}

void
target_remove(const char *value)
{
	for (size_t i = 0; i < scene()->held_count; i++)
		if (strcmp(scene()->held[i].value, value) == 0)
			scene()->held[i].until = 0;
}

static void
drop(struct held *held)
{
	int64_t until = world_now() + scene()->announced.grace;

	if (scene()->announced.death != DEATH_NONE && until < held->until)
		held->until = until;
}

static unsigned
kept_count(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < scene()->held_count; i++)
		count += scene()->held[i].until == INT64_MAX;
	return count;
}

static void
replace(const struct told *told, bool both)
{
	for (size_t i = 0; i < scene()->held_count && !both; i++)
		if (strcmp(scene()->held[i].value, told->next) != 0)
			drop(&scene()->held[i]);
	if (!target_keeps(told->next))
		hold(told->next, "");
}

static enum change_result
add(const struct told *told)
{
	if (target_keeps(told->next))
		return CHANGE_DONE;
	if (kept_count() >= scene()->announced.holds)
		return CHANGE_UNCHANGED;
	hold(told->next, "");
	return CHANGE_DONE;
}

/* ALL: of that name, but the next one. */
static void
withdraw(const struct told *told, bool all)
{
	for (size_t i = 0; i < scene()->held_count; i++) {
		struct held *held = &scene()->held[i];

		if (all ? strcmp(held->name, told->name) == 0 &&
		            strcmp(held->value, told->next) != 0 :
		          strcmp(held->value, told->current) == 0 && held->until == INT64_MAX) {
			drop(held);
			if (!all)
				return; /* it may stand there twice */
		}
	}
}

/* LATE: what stood under that name was withdrawn when it was told, before another was made. */
static enum change_result
issue(struct told *told, bool late)
{
	uint8_t bytes[16];
	struct err err;

	told->next[0] = '\0';
	if (!late)
		withdraw(told, true);
	if (kept_count() >= scene()->announced.holds)
		return CHANGE_UNCHANGED;
	if (random_bytes(bytes, sizeof(bytes), &err) != ERR_OK)
		world_fail("no random bytes");
	text_hex(VIEW_OF(bytes), told->next);
	hold(told->next, told->name);
	return CHANGE_DONE;
}

enum change_result
target_do(struct told *told, bool both, bool late)
{
	switch (told->verb) {
	case VERB_APPLY:
		replace(told, both);
		return CHANGE_DONE;
	case VERB_ADD:
		return add(told);
	case VERB_ISSUE:
		return issue(told, late);
	case VERB_WITHDRAW:
	case VERB_ORPHANS:
		withdraw(told, told->verb == VERB_ORPHANS);
		return CHANGE_DONE;
	case VERB_CHECK:
	case VERB_GENERATE:
	case VERB_PROBE:
	case VERB_EXPEL:
	case VERBS:
	default:
		world_fail("the target does not know %d", (int)told->verb);
	}
}

void
target_do_again(const struct told *told)
{
	struct scene *now = scene();

	if (told->verb != VERB_ADD && told->verb != VERB_ISSUE)
		return;
	if (now->held_count == HELD)
		world_fail("the target has no room for what it was given");
	struct held *held = &now->held[now->held_count++];
	*held = held[-1];
	if (told->verb == VERB_ISSUE)
		held->value[0] = '-'; /* nobody has that one */
}

void
target_catch_up(enum verb verb)
{
	struct scene *now = scene();
	bool looks = verb == VERB_PROBE || verb == VERB_CHECK || verb == VERB_GENERATE;

	if (now->late_at != 0 && now->calls >= now->late_at) {
		now->late_at = 0;
		(void)target_do(&now->late, false, true);
	}
	if (now->forget_at != 0 && now->calls >= now->forget_at && looks) {
		for (unsigned i = now->forget_at - 2; i + 1 < now->calls; i++) /* since then */
			now->orphaned |= now->trace[i].verb == VERB_ORPHANS;
		now->forget_at = 0;
		now->reverted = true;
		/* The old value is about to go, for one that others have taken away since it was seen to work. */
		now->spoiled |= now->late_at != 0 && now->late.verb == VERB_WITHDRAW;
		memcpy(now->held, now->before, sizeof(now->held));
		now->held_count = now->before_count;
	}
}
