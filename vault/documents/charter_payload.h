/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a charter. */
#ifndef VAULT_DOCUMENTS_CHARTER_PAYLOAD_H
#define VAULT_DOCUMENTS_CHARTER_PAYLOAD_H

#include "vault/documents/charter.h"

/* The payload of a charter, ready for statement_new (no nonce yet); digest, token ids and quorum
 * structs are not read, quorum texts are, and become canonical.  ERR_INVALID: such a text is wrong. */
enum err_code charter_payload(const struct charter *charter, struct json **ret_payload,
    struct err *err) MUST_CHECK;

#endif
