/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are known by their digests. */
#ifndef CEREMONY_CLIENT_STATEMENTS_H
#define CEREMONY_CLIENT_STATEMENTS_H

#include "ceremony/client/connection.h"

/* Send for what statements_fetch will be called for. */
void statements_foresee(struct client *client, const char *op, const struct digest *digests,
    size_t count);
/* COUNT statements by digest, through OP ("enrolments" or "statements").  Each is checked to have the digest that was
 * asked for (ERR_INTEGRITY). */
enum err_code statements_fetch(struct client *client, const char *op, const struct digest *digests,
    size_t count, struct dsse *ret_statements, struct err *err) MUST_CHECK;

#endif
