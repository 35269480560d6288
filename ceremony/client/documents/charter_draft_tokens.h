/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says about the tokens that a charter accepts: firmware, roots, form factors, waivers. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_TOKENS_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_TOKENS_H

#include "ceremony/client/documents/draft_plan.h"
#include "vault/documents/charter.h"

/* Everything but waivers for tokens that are still to be added. */
enum err_code draft_attestation(const struct draft_plan *plan, struct charter *charter,
    struct err *err) MUST_CHECK;
/* The waiver that PLAN has for a token LABEL with the id TOKEN, if any. */
enum err_code draft_waive(const struct draft_plan *plan, struct charter *charter, const char *label,
    const struct digest *token, struct err *err) MUST_CHECK;
/* After all tokens are there: every waiver of PLAN found its token, and none is of a token that is gone
 * (those are taken out). */
enum err_code draft_waivers_end(const struct draft_plan *plan, struct charter *charter,
    struct err *err) MUST_CHECK;

#endif
