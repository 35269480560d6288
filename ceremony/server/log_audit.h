/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuilding what the rows of releases, debts, documents and tests must be from the leaves of the log alone, and
 * comparing.  A row without its leaf, or a leaf without its row, is ERR_INTEGRITY.
 */
#ifndef CEREMONY_SERVER_LOG_AUDIT_H
#define CEREMONY_SERVER_LOG_AUDIT_H

#include "ceremony/server/vault/session.h"
#include "vault/documents/id.h"

struct audit_debt {
	struct id id;
	uint64_t index; /* of the leaf */
	struct secret_id secret;
	uint32_t old, pending;
	int state;
};
struct audit {
	int64_t time; /* of the leaf before */
	size_t release_count, document_count, test_count;
	struct audit_debt *debts; /* one for each leaf about a debt */
	size_t debt_count, debt_capacity;
};
void audit_done(struct audit *audit);
#define AUDIT CLEANUP(audit_done) struct audit

/* Leaf INDEX, in order from 0: its form, its time, its statements, its release row. */
enum err_code audit_leaf(struct session *session, struct audit *audit, uint64_t index,
    struct view data, struct err *err) MUST_CHECK;
/* After the last leaf: the debt rows are what their last leaves say. */
enum err_code audit_debts(struct session *session, struct audit *audit, struct err *err) MUST_CHECK;
/* No document or test lacks its leaf. */
enum err_code audit_tokens(struct session *session, const struct audit *audit,
    struct err *err) MUST_CHECK;
/* Every version's header is what its hash says, and no release row lacks its leaf. */
enum err_code audit_secrets(struct session *session, const struct audit *audit,
    uint64_t *ret_versions, struct err *err) MUST_CHECK;

#endif
