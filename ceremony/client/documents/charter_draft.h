/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing up a charter. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_DRAFT_H

#include "ceremony/client/connection.h"
#include "ceremony/client/documents/draft_plan.h"

/* What is drawn up: charter 1 of a founding, or a change of a vault that lives.  Each refuses the other's
 * case and names the right command. */
enum draft_case { DRAFT_FOUNDING, DRAFT_CHANGE };
/* Verify the enrolments, draw up the charter, hand it to the server as the draft to be signed, and
 * say who must sign. */
enum err_code draft_charter(struct client *client, enum draft_case draft_case,
    const struct draft_plan *plan, struct err *err) MUST_CHECK;

#endif
