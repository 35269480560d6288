/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that an officer re-sealed to a ceremony's key (format: vault/seal/seal.h). */
#ifndef CEREMONY_SERVER_OPENING_SHARES_H
#define CEREMONY_SERVER_OPENING_SHARES_H

#include "ceremony/server/opening/matter.h"

/* Open ENC and CIPHERTEXT of the approval ROW with the ceremony's key.  ERR_CRYPTO when it does not
 * verify; ERR_NOT_FOUND when the key is gone. */
enum err_code shares_open(struct session *session, const struct matter *matter,
    const struct approval_row *row, struct view enc, struct view ciphertext,
    struct secret **ret_shares, struct err *err) MUST_CHECK;

#endif
