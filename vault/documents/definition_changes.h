/* SPDX-License-Identifier: Apache-2.0 */
/* What one definition has that another has not, member by member, for people to read before they sign. */
#ifndef VAULT_DOCUMENTS_DEFINITION_CHANGES_H
#define VAULT_DOCUMENTS_DEFINITION_CHANGES_H

#include "vault/documents/definition.h"

/* VALUE, a member of a target, as people read it, appended: a text as it is, anything else as JSON; NULL: nothing. */
enum err_code definition_member_text(const struct json *value, struct buf *ret_text,
    struct err *err) MUST_CHECK;
/* WHAT: "policy", "rotator: hash", "target: host", "announced: grace".  BEFORE or AFTER is NULL where it has no such
 * member; a text stands as it is, anything else as JSON. */
typedef enum err_code (*definition_changed)(void *context, const char *what, const char *before,
    const char *after, struct err *err);
/* In the order of the members, those of the target that are new last.  Name, secret, revision and "change" are no
 * differences. */
enum err_code definition_compare(const struct definition *before, const struct definition *after,
    definition_changed visit, void *context, struct err *err) MUST_CHECK;

#endif
