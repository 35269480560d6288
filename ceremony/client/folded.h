/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of a vault's documents as this computer folded it, and the texts of charter and roster in force: kept, so
 * that no document is sent, read and verified again.  The file: lp32 image (chain_image.h), lp32 charter, lp32 roster
 * (DSSE text; empty before the first).
 */
#ifndef CEREMONY_CLIENT_FOLDED_H
#define CEREMONY_CLIENT_FOLDED_H

#include "vault/documents/chain.h"

enum { FOLDED_FILE_MAX = 40 * 1024 * 1024 };

struct folded {
	struct chain chain;
	struct buf charter, roster;
};
void folded_done(struct folded *folded); /* accepts {0} */
#define FOLDED CLEANUP(folded_done) struct folded

/* From a FILE of VAULT.  ERR_INTEGRITY: it is damaged. */
enum err_code folded_read(struct view file, const struct digest *vault, struct folded *ret_folded,
    struct err *err) MUST_CHECK;
/* STATEMENT comes into force (chain_add). */
enum err_code folded_add(struct folded *folded, const struct dsse *statement,
    struct err *err) MUST_CHECK;
enum err_code folded_write(const struct folded *folded, struct buf *ret_file,
    struct err *err) MUST_CHECK;

#endif
