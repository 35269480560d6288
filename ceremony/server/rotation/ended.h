/* SPDX-License-Identifier: Apache-2.0 */
/* What the host signs when a debt is paid: by which grade its old value is dead, and what became of its sessions. */
#ifndef CEREMONY_SERVER_ROTATION_ENDED_H
#define CEREMONY_SERVER_ROTATION_ENDED_H

#include "ceremony/server/rotation/payment.h"

/* PAYMENT's grade is set, too. */
enum err_code ended_statement(struct payment *payment, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;

#endif
