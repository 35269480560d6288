/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition has, and what one has that another has not, member by member, for people to read before they sign. */
#ifndef VAULT_DOCUMENTS_DEFINITION_CHANGES_H
#define VAULT_DOCUMENTS_DEFINITION_CHANGES_H

#include "vault/documents/definition.h"

/* WHAT: "policy", "rotator: hash", "target: settings: hosts[0]", a key that is no plain word (1 to 32 of a-z 0-9 - _) in
 * quotation marks.  BEFORE
 * or AFTER is NULL where it has no such member; a text is a text_quote_whole, with no other quotation marks than at its
 * ends; a number, true, false, null, [] and {} are JSON, of at most 20 bytes.  All of it is plain text. */
typedef enum err_code (*definition_changed)(void *context, const char *what, const char *before,
    const char *after, struct err *err);
/* Each member of DEFINITION's target, as AFTER. */
enum err_code definition_target(const struct definition *definition, definition_changed visit,
    void *context, struct err *err) MUST_CHECK;
/* In the order of the members, those that are new last.  Name, secret, revision and "change" are no differences. */
enum err_code definition_compare(const struct definition *before, const struct definition *after,
    definition_changed visit, void *context, struct err *err) MUST_CHECK;

#endif
