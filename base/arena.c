/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of locked pages.  One of 64 KiB is shared by many blocks:
 *
 *	| guard | struct range | mark | block | mark | block | ... | last mark | guard |
 *
 * Marks tile it: each says how long the block behind it is and whether it is free, under a canary that is its own,
 * so that the mark behind a block is what a write beyond its end changes.  Free blocks are zero, and neighbours are
 * joined by whoever looks for room (first fit: few blocks live at a time).  A large block has a range to itself and
 * ends where the guard page begins:
 *
 *	| guard | struct range, unused ... | mark | block | guard |
 *
 * A range without blocks goes back to the kernel, but for one: secrets come and go one at a time.  So does a thread's
 * stack, which is a range of its own without marks.
 *
 * It is the state of the process (tests/lint/house.py, STATE): libraries ask for memory without saying for whom, and a
 * range shared by few saves nothing.  All of it is under one lock, which a fork takes first, so that the child gets it
 * free; there are no pages in the child (base/locked.h), and it forgets them.  Whoever was made otherwise than by
 * fork(3) is told by the process id.
 */
#include "base/arena.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { UNIT = 16, SHARED_SIZE = 64 * 1024, SHARED_MAX = 16 * 1024 };

enum kind { MARK_FREE = 0x66726565, MARK_USED = 0x75736564, MARK_LAST = 0x6c617374 };

struct mark {
	uint64_t canary;
	uint32_t units; /* of the block behind it */
	uint32_t kind;
};
_Static_assert(sizeof(struct mark) == UNIT, "blocks are aligned");

struct range {
	_Alignas(UNIT) struct range *next;
	struct locked pages;
	struct mark *first;
	uint64_t seed;
	size_t used; /* blocks */
	bool shared;
};

struct arena {
	pthread_mutex_t lock;
	pthread_once_t once;
	struct range *ranges;
	struct locked stack; /* kept for the next one */
	pid_t owner;
	bool is_child; /* somebody's who had ranges */
};

static struct arena arena = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* ---- the lock, and forks ---- */

static void
before_fork(void)
{
	pthread_mutex_lock(&arena.lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&arena.lock);
}

static void
watch_forks(void)
{
	/* Without room for it only a fork beside another thread's call is worse off. */
	(void)pthread_atfork(before_fork, after_fork, after_fork);
}

static void
enter(void)
{
	pthread_once(&arena.once, watch_forks);
	pthread_mutex_lock(&arena.lock);
	pid_t own = getpid();

	if (arena.owner == own)
		return;
	arena.is_child = arena.is_child || arena.ranges != NULL;
	arena.ranges = NULL;
	arena.stack = (struct locked){0};
	arena.owner = own;
}

static void
leave(void)
{
	pthread_mutex_unlock(&arena.lock);
}

/* ---- marks ---- */

static void
die(const char *what)
{
	static const char before[] = "halligan: secret memory: ",
	                  after[] = "; this process ends here\n";
	ssize_t put = write(2, before, sizeof(before) - 1);

	if (put > 0)
		put = write(2, what, strlen(what));
	if (put > 0)
		put = write(2, after, sizeof(after) - 1);
	(void)put;
	abort();
}

static uint64_t
canary_of(const struct range *range, const struct mark *mark)
{
	return range->seed ^ (uintptr_t)mark ^ ((uint64_t)mark->units << 32 | mark->kind);
}

static void
set_mark(const struct range *range, struct mark *mark, size_t units, enum kind kind)
{
	mark->units = (uint32_t)units;
	mark->kind = kind;
	mark->canary = canary_of(range, mark);
}

static void
check_mark(const struct range *range, const struct mark *mark)
{
	if (mark->canary != canary_of(range, mark))
		die("somebody wrote beyond the end of a block");
}

static uint8_t *
end_of(const struct range *range)
{
	return range->pages.data + range->pages.size;
}

/* The mark behind that of MARK, NULL behind the last one and where a guard page is. */
static struct mark *
next_mark(const struct range *range, const struct mark *mark)
{
	struct mark *next = (struct mark *)(uintptr_t)(mark + 1 + mark->units);

	if (mark->kind == MARK_LAST || (uint8_t *)next == end_of(range))
		return NULL;
	check_mark(range, next);
	return next;
}

/* Free blocks behind that of MARK, which is free, become part of it. */
static void
join(const struct range *range, struct mark *mark)
{
	struct mark *next = next_mark(range, mark);

	while (next != NULL && next->kind == MARK_FREE) {
		size_t units = mark->units + 1U + next->units;

		explicit_bzero(next, sizeof(*next));
		set_mark(range, mark, units, MARK_FREE);
		next = next_mark(range, mark);
	}
}

/* ---- ranges ---- */

static void
check_range(const struct range *range)
{
	check_mark(range, range->first);
	for (struct mark *mark = range->first; mark != NULL; mark = next_mark(range, mark))
		continue;
}

static void
drop(struct range **place)
{
	struct range *range = *place;

	check_range(range);
	*place = range->next;
	locked_free(range->pages); /* wipes it, too */
}

static enum err_code
draw_seed(uint64_t *ret_seed, struct err *err)
{
	/* Not of base/random.h, whose bytes are what a test may choose and count.  So few come whole. */
	if (getrandom(ret_seed, sizeof(*ret_seed), 0) != (ssize_t)sizeof(*ret_seed))
		return err_set(err, ERR_CRYPTO, "the kernel gives no random bytes");
	return ERR_OK;
}

/* Drops what is kept though empty; false when there is nothing such. */
static bool
trim(void)
{
	bool trimmed = arena.stack.data != NULL;

	if (trimmed)
		locked_free(arena.stack);
	arena.stack = (struct locked){0};
	for (struct range **place = &arena.ranges; *place != NULL; place = &(*place)->next)
		if ((*place)->used == 0) { /* there is but one */
			drop(place);
			return true;
		}
	return trimmed;
}

static enum err_code
map_range(size_t size, struct range **ret_range, struct err *err)
{
	struct locked pages;
	struct range *range;
	uint64_t seed;

	TRY(draw_seed(&seed, err));
	enum err_code code = locked_new(size, &pages, err);

	if (code != ERR_OK && trim())
		code = locked_new(size, &pages, err);
	if (code != ERR_OK)
		return code;
	range = (struct range *)(void *)pages.data;
	range->pages = pages;
	range->seed = seed;
	range->next = arena.ranges;
	arena.ranges = range;
	*ret_range = range;
	return ERR_OK;
}

static enum err_code
make_shared(struct range **ret_range, struct err *err)
{
	struct range *range;

	TRY(map_range(SHARED_SIZE, &range, err));
	struct mark *last = (struct mark *)(void *)end_of(range) - 1;

	range->shared = true;
	range->first = (struct mark *)(range + 1);
	set_mark(range, range->first, (size_t)(last - range->first) - 1, MARK_FREE);
	set_mark(range, last, 0, MARK_LAST);
	*ret_range = range;
	return ERR_OK;
}

static enum err_code
make_single(size_t units, struct mark **ret_mark, struct err *err)
{
	struct range *range;

	TRY(map_range(sizeof(*range) + sizeof(struct mark) + units * UNIT, &range, err));
	range->first = (struct mark *)(void *)(end_of(range) - units * UNIT) - 1;
	range->used = 1;
	set_mark(range, range->first, units, MARK_USED);
	*ret_mark = range->first;
	return ERR_OK;
}

/* ---- blocks ---- */

/* A block of UNITS from RANGE; NULL when it has no room. */
static struct mark *
carve(struct range *range, size_t units)
{
	check_mark(range, range->first);
	for (struct mark *mark = range->first; mark != NULL; mark = next_mark(range, mark)) {
		if (mark->kind != MARK_FREE)
			continue;
		join(range, mark);
		if (mark->units < units)
			continue;
		if (mark->units > units)
			set_mark(range, mark + 1 + units, mark->units - units - 1, MARK_FREE);
		set_mark(range, mark, units, MARK_USED);
		range->used++;
		return mark;
	}
	return NULL;
}

static enum err_code
give(size_t units, struct mark **ret_mark, struct err *err)
{
	struct mark *mark = NULL;
	struct range *range;

	if (units * UNIT > SHARED_MAX)
		return make_single(units, ret_mark, err);
	for (range = arena.ranges; range != NULL && mark == NULL; range = range->next)
		if (range->shared)
			mark = carve(range, units);
	if (mark == NULL) {
		TRY(make_shared(&range, err));
		mark = carve(range, units);
	}
	*ret_mark = mark;
	return ERR_OK;
}

enum err_code
arena_new(size_t size, void **ret_block, struct err *err)
{
	size_t units = size / UNIT + (size % UNIT != 0 || size == 0);
	struct mark *mark = NULL;

	enter();
	enum err_code code = give(units, &mark, err);

	leave();
	if (code == ERR_OK)
		*ret_block = mark + 1;
	return code;
}

/* The range that BLOCK is in; NULL when it is the parent's. */
static struct range *
find(const void *block)
{
	const uint8_t *at = block;

	for (struct range *range = arena.ranges; range != NULL; range = range->next)
		if (at > (const uint8_t *)range->first && at < end_of(range))
			return range;
	if (!arena.is_child)
		die("somebody frees what is no block");
	return NULL;
}

size_t
arena_size(const void *block)
{
	const struct mark *mark = (const struct mark *)block - 1;

	return (size_t)mark->units * UNIT;
}

static struct range **
place_of(const struct range *range)
{
	struct range **place = &arena.ranges;

	while (*place != range)
		place = &(*place)->next;
	return place;
}

/* RANGE has no block any more. */
static void
settle(struct range *range)
{
	if (!range->shared) {
		drop(place_of(range));
		return;
	}
	check_range(range);
	for (struct range *other = arena.ranges; other != NULL; other = other->next)
		if (other != range && other->used == 0) {
			drop(place_of(range));
			return;
		}
}

static void
take_back(struct range *range, struct mark *mark)
{
	check_mark(range, mark);
	if (mark->kind != MARK_USED)
		die("somebody frees a block twice");
	next_mark(range, mark); /* checks it */
	explicit_bzero(mark + 1, (size_t)mark->units * UNIT);
	set_mark(range, mark, mark->units, MARK_FREE);
	if (--range->used == 0)
		settle(range);
}

void
arena_free(void *block)
{
	enter();
	struct range *range = find(block);

	if (range != NULL)
		take_back(range, (struct mark *)block - 1);
	leave();
}

/* ---- stacks ---- */

static enum err_code
give_stack(size_t size, struct locked *ret_stack, struct err *err)
{
	if (arena.stack.data != NULL && arena.stack.size >= size) {
		*ret_stack = arena.stack;
		arena.stack = (struct locked){0};
		return ERR_OK;
	}
	if (locked_new_stack(size, ret_stack, err) != ERR_OK) {
		if (!trim())
			return err->code;
		return locked_new_stack(size, ret_stack, err);
	}
	return ERR_OK;
}

enum err_code
arena_stack_new(size_t size, struct locked *ret_stack, struct err *err)
{
	enter();
	enum err_code code = give_stack(size, ret_stack, err);

	leave();
	return code;
}

void
arena_stack_free(struct locked stack)
{
	explicit_bzero(stack.data, stack.size);
	enter();
	if (arena.stack.data == NULL)
		arena.stack = stack;
	else
		locked_free(stack);
	leave();
}

bool
arena_trim(void)
{
	enter();
	bool trimmed = trim();

	leave();
	return trimmed;
}
