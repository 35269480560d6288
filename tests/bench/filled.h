/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that is filled through its own calls with rows of the sizes that a vault has, and the commits that
 * are measured.  What the rows say is nonsense; nothing here is sealed.
 */
#ifndef TESTS_BENCH_FILLED_H
#define TESTS_BENCH_FILLED_H

#include "vault/store/store.h"

/* Of one secret: statement, definition, secret and its name, version and its charter, three envelopes. */
enum { FILLED_CELLS = 9 };

struct filled {
	struct store *store;
	struct secret *key;
	unsigned secrets, ceremonies, added;
	uint64_t random;
};
/* Makes the store in FOLDER, or opens it again. */
enum err_code filled_open(const char *folder, bool make, struct filled *filled,
    struct err *err) MUST_CHECK;
void filled_done(struct filled *filled);
#define FILLED CLEANUP(filled_done) struct filled
/* Until it has SECRETS. */
enum err_code filled_fill(struct filled *filled, unsigned secrets, struct err *err) MUST_CHECK;
/* A ceremony for a secret that none was opened of, with three approvals and their shares. */
enum err_code filled_collect(struct filled *filled, struct err *err) MUST_CHECK;

/* Each of these is one transaction. */
/* ROWS rows far apart become others. */
enum err_code filled_change(struct filled *filled, unsigned rows, struct err *err) MUST_CHECK;
/* ROWS statements are new. */
enum err_code filled_add(struct filled *filled, unsigned rows, struct err *err) MUST_CHECK;
/* The quorum of the last ceremony is met: what is owed is written before anything is combined. */
enum err_code filled_release(struct filled *filled, struct err *err) MUST_CHECK;

/* The digest of a statement that is stored, at random. */
enum err_code filled_draw(struct filled *filled, struct digest *ret_digest,
    struct err *err) MUST_CHECK;

#endif
