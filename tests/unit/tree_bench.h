/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of rows in memory, and a world: a set of cells, and the tree that many batches of changes made
 * of it.  The table holds its user to the contract of struct tree_nodes.  Same seed, same world.
 */
#ifndef TESTS_UNIT_TREE_BENCH_H
#define TESTS_UNIT_TREE_BENCH_H

#include "tests/unit/check.h"
#include "vault/log/tree.h"
#include "vault/log/tree_change.h"
#include "vault/log/tree_verify.h"

enum { TABLE_ROWS = 32768, TABLE_SAVED = 65536 };

struct row {
	size_t body_size, kids_size;
	uint8_t body[TREE_BODY_MAX + 1], kids[TREE_KIDS_MAX + 8]; /* a forger writes more */
};
struct saved {
	uint64_t id;
	struct row *row; /* what stood there; NULL: nothing */
};
struct table {
	struct tree_nodes nodes;
	struct row *rows[TABLE_ROWS]; /* by id */
	uint64_t next;                /* the id that reserve gives */
	size_t live, reads, writes;
	bool forged;     /* ids that lead nowhere are the forger's, not the tree's */
	size_t fails_at; /* the call of that number fails, from 1 on; 0: none */
	size_t calls;
	struct saved saved[TABLE_SAVED]; /* what was replaced and erased, oldest first */
	size_t saved_count;
};

struct table *table_new(void);
void table_free(struct table *table);
DESTRUCTOR(table_freep, struct table, table_free)
#define TABLE CLEANUP(table_freep) struct table
/* ROW, which may be NULL, takes the place of what is at ID, which is saved. */
void table_put(struct table *table, uint64_t id, struct row *row);
struct row *row_copy(const struct row *row); /* NULL of NULL */
/* Forget what was saved; bring back what was saved since SAVED_COUNT was COUNT. */
void table_forget(struct table *table);
void table_restore(struct table *table, size_t count);

uint64_t bench_random(uint64_t *state, uint64_t below);
struct digest bench_digest(uint64_t *state);

struct world {
	struct table *table;
	struct digest root;
	uint64_t random;
	size_t size; /* of the universe, whose keys are sorted */
	struct tree_key *keys;
	struct digest *values;
	bool *has;
};
/* About SIZE keys of all sorts: far apart, with long beginnings in common, numbered, next to each other. */
struct world *world_new(uint64_t seed, size_t size);
void world_free(struct world *world);
DESTRUCTOR(world_freep, struct world, world_free)
#define WORLD CLEANUP(world_freep) struct world
/* Changes of COUNT keys or fewer, each once: made, changed, ended, the same again, still none.  Of 16, ENDS
 * end a cell where there is one. */
size_t world_draw(struct world *world, struct tree_change *ret_changes, size_t count,
    unsigned ends);
/* All cells end. */
size_t world_draw_end(struct world *world, struct tree_change *ret_changes);
/* Applied to the tree, and to the set. */
void world_apply(struct world *world, struct tree_change *changes, size_t count);
/* The root of the same cells in a new table. */
struct digest world_fresh(const struct world *world, struct table *table);
/* What the set says. */
size_t world_count(const struct world *world, const struct tree_range *range);
size_t world_list(const struct world *world, const struct tree_range *range, bool down,
    const struct tree_key *behind, struct tree_cell *ret_cells, size_t max);
/* A range of any sort: of a prefix, between two keys, empty. */
struct tree_range world_range(struct world *world);

#endif
