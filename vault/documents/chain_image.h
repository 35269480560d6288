/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was folded of a chain, so that its documents need not be read again: kept by whoever folded it, where
 * nobody else can write (a proven row, a person's own folder).
 *
 * Bytes (docs/FORMAT.md): what chain.h has, but for the documents themselves; of these charter and roster in force are
 * read again, and former charters when somebody asks for one (chain_charter).
 */
#ifndef VAULT_DOCUMENTS_CHAIN_IMAGE_H
#define VAULT_DOCUMENTS_CHAIN_IMAGE_H

#include "vault/documents/chain.h"

/* The image of CHAIN, appended: the same of any two chains of the same documents. */
enum err_code chain_image(const struct chain *chain, struct buf *ret_image,
    struct err *err) MUST_CHECK;
/* CHAIN, of which `vault`, `fetch` and `context` are set, becomes what IMAGE is of.  ERR_INTEGRITY: it is damaged, or of
 * another vault; else errors of `fetch`. */
enum err_code chain_resume(struct view image, struct chain *chain, struct err *err) MUST_CHECK;

#endif
