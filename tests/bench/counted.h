/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a commit writes and syncs, counted where SQLite and the anchor do it.  The program that uses this is
 * linked with --wrap=fdatasync (the anchor's; SQLite's own go through the VFS).
 */
#ifndef TESTS_BENCH_COUNTED_H
#define TESTS_BENCH_COUNTED_H

#include "base/err.h"

enum { COUNTED_PAGE = 4096, COUNTED_PAGES = 16384 };

struct counted {
	unsigned pages, added;    /* of databases; of these, pages that were not there before */
	unsigned journal;         /* bytes */
	unsigned syncs, anchored; /* of databases and journals; of others, which is the anchor */
	/* Which pages of the database, from 1 on. */
	unsigned page_count, page_numbers[COUNTED_PAGES];
};
/* SQLite opens every file through the counting VFS from now on. */
enum err_code counted_start(struct err *err) MUST_CHECK;
/* What was counted since the last time. */
void counted_take(struct counted *ret_counted);

#endif
