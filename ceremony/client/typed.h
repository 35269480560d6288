/* SPDX-License-Identifier: Apache-2.0 */
/* What a person types into a statement that others read. */
#ifndef CEREMONY_CLIENT_TYPED_H
#define CEREMONY_CLIENT_TYPED_H

#include "base/err.h"

/* What the server would refuse too, said before a touch is spent.  ERR_USAGE unless TEXT, which is
 * WHAT ("the reason"), has 1 to MAX bytes and is plain (text_is_plain). */
enum err_code typed_check(const char *what, const char *text, int max, struct err *err) MUST_CHECK;
/* ERR_USAGE: one of the COUNT NAMES stands twice. */
enum err_code typed_check_once(const char *const *names, size_t count, struct err *err) MUST_CHECK;

#endif
