/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and showing charters. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_SIGN_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_SIGN_H

#include "ceremony/client/documents/drafts.h"

/* Show the draft that WHICH means (drafts.h), check it wholly (chain, host, enrolments, the token's own keys), ask,
 * sign. */
enum err_code sign_charter(struct client *client, const char *which, struct err *err) MUST_CHECK;
/* The charter in force, and the drafts that wait. */
enum err_code show_charters(struct client *client, struct err *err) MUST_CHECK;

/* STATEMENT, which is DRAFT and was shown, signed with a token that is taken into HAND: an officer's; PROPOSES: an
 * operator's too, of the charter in force.  VIEW is NULL at the founding. */
enum err_code charter_sign_as(struct client *client, const struct vault_view *view, bool proposes,
    const struct charter *draft, struct dsse *statement, struct hand *hand,
    struct err *err) MUST_CHECK;
/* Say what came of that signature. */
void charter_signed(const struct client *client, const struct charter *draft,
    const struct hand *hand, const struct draft_outcome *outcome);

#endif
