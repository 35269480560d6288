/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold over all seats of a vault. */
#ifndef VAULT_DOCUMENTS_SEATS_CHECK_H
#define VAULT_DOCUMENTS_SEATS_CHECK_H

#include "vault/documents/seat.h"

/* Names, labels, serials, ids and keys are unique over both lists; keys fit the roles. */
enum err_code seats_check(const struct seat *a, size_t a_count, const struct seat *b,
    size_t b_count, struct err *err) MUST_CHECK;

#endif
