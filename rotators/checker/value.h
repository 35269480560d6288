/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the values that a rotator gives; all are encoded credentials. */
#ifndef ROTATORS_CHECKER_VALUE_H
#define ROTATORS_CHECKER_VALUE_H

#include "base/credential.h"

/* ERR_INVALID, ERR_NOT_FOUND: no whole credential, or without one of FIELDS. */
enum err_code value_check(const struct secret *value, const bool fields[CREDENTIAL_FIELDS],
    struct err *err) MUST_CHECK;
/* Have both the same in each secret field?  Then who knows one knows the other. */
bool value_same_secrets(const struct secret *a, const struct secret *b);
/* Which of A's fields username, url and note B lacks or has otherwise; NULL: none.  B may have others. */
const char *value_lost(const struct secret *a, const struct secret *b);
/* A value that no target has: VALUE with another letter or digit for each of its secret fields.  NULL in RET_STRANGER
 * when it has a private key, which cannot be made so. */
enum err_code value_stranger(const struct secret *value, struct secret **ret_stranger,
    struct err *err) MUST_CHECK;

#endif
