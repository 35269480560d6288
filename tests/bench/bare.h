/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bound: SQLite with the store's pragmas and nothing around it, in a commit that writes as many pages,
 * old and new ones, and syncs as often, the anchor's two slots included.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include "tests/bench/counted.h"

struct bare;

/* FOLDER/bare.db with ROWS rows, each on a page of its own; what an earlier one left is removed. */
enum err_code bare_new(const char *folder, unsigned rows, struct bare **ret_bare,
    struct err *err) MUST_CHECK;
void bare_free(struct bare *bare);
DESTRUCTOR(bare_freep, struct bare, bare_free)
#define BARE CLEANUP(bare_freep) struct bare

/* A commit like the one that LIKE counts. */
enum err_code bare_commit(struct bare *bare, const struct counted *like,
    struct err *err) MUST_CHECK;
/* It was counted as DONE: what it wrote too little, the next one writes. */
void bare_settle(struct bare *bare, const struct counted *like, const struct counted *done);

#endif
