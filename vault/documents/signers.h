/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a document that several seats sign: charter, roster, definition. */
#ifndef VAULT_DOCUMENTS_SIGNERS_H
#define VAULT_DOCUMENTS_SIGNERS_H

#include "vault/documents/suspension.h"

/* Whose of SEATS the token is that KEYID names; NULL when nobody's. */
const struct seat *signer_of(const char *keyid, const struct seat *seats, size_t count);
/* Is STATEMENT the one whose digest is DIGEST?  ERR_INTEGRITY names WHAT. */
enum err_code signers_check_digest(const struct dsse *statement, const struct digest *digest,
    const char *what, struct err *err) MUST_CHECK;
/* Every signature of STATEMENT must be of a token in A or B (B may be empty) and valid.  ERR_REFUSED
 * names an unknown keyid, ERR_INTEGRITY the seat and serial of a wrong signature. */
enum err_code signers_verify(const struct dsse *statement, const struct seat *a, size_t a_count,
    const struct seat *b, size_t b_count, struct err *err) MUST_CHECK;
/* Which of SEATS have signed: one flag each.  After signers_verify. */
void signers_mark(const struct dsse *statement, const struct seat *seats, size_t count,
    bool *ret_signed);

/* Have an operator of SEATS and another seat signed that is an officer?  One with both roles can be either.  After
 * signers_verify.  ERR_WAITING says who is missing: "WHAT: not signed yet by an officer". */
enum err_code signers_check_two(const struct dsse *statement, const struct seat *seats,
    size_t count, const char *what, struct err *err) MUST_CHECK;
/* Do those of SEATS who signed meet QUORUM?  After signers_verify.  ERR_WAITING: "WHOSE needs 1 more signature; not
 * signed yet by ciso, infra". */
enum err_code signers_check_quorum(const struct dsse *statement, const struct quorum *quorum,
    const struct seat *seats, size_t count, const char *whose, struct err *err) MUST_CHECK;
/* The same of a quorum of CHARTER's seats, of whose tokens those in SUSPENDED (may be NULL) cannot sign.  Where that
 * leaves no quorum, all of it who still can must have signed, be it nobody: "WHOSE cannot be met: too few of its
 * seats are left with a token that may sign, so everybody of it must sign who can; not signed yet by ciso". */
enum err_code signers_check_left(const struct dsse *statement, const struct quorum *quorum,
    const struct charter *charter, const struct suspensions *suspended, const char *whose,
    struct err *err) MUST_CHECK;
/* What came of one of several quorums: what it misses is appended to MISSING, and the next is looked at; another error
 * than ERR_WAITING stays what it is. */
enum err_code signers_note(enum err_code code, struct buf *missing, struct err *err) MUST_CHECK;
/* In the end: ERR_WAITING with all of MISSING, as one part (an alarm has parts of its own, err.h); ERR_OK: nothing is. */
enum err_code signers_end(struct buf *missing, struct err *err) MUST_CHECK;

#endif
