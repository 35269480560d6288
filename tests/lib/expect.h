/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, and two assertions about functions that end in a struct err, as functions. */
#ifndef TESTS_LIB_EXPECT_H
#define TESTS_LIB_EXPECT_H

#include "tests/unit/check.h"

/* Fail with ERR's text unless CODE is ERR_OK. */
__attribute__((unused)) static void
fine(enum err_code code, const struct err *err)
{
	if (code != ERR_OK)
		fail_msg("%s: %s", err_name(code), err->text);
}

/* CODE must be EXPECTED and ERR must hold TEXT: for rows of a table. */
__attribute__((unused)) static void
expect_error(enum err_code code, enum err_code expected, const struct err *err, const char *text)
{
	if (code != expected || err->code != expected || strstr(err->text, text) == NULL)
		fail_msg("%s: \"%s\", expected %s: \"%s\"", err_name(code),
		    code == ERR_OK ? "" : err->text, err_name(expected), text);
}

#endif
