/* SPDX-License-Identifier: Apache-2.0 */
/* What is given of a secret on the command line: its target, and a value, which never stands there itself. */
#ifndef CLI_GIVEN_H
#define CLI_GIVEN_H

#include "cli/call.h"

/* --target-json FILE, or --target KEY=VALUE...  ERR_USAGE, and file_read's. */
enum err_code given_target(const struct cli_call *call, struct json **ret_target,
    struct err *err) MUST_CHECK;
/* The fields that the option FILES (FIELD=FILE, or FIELD: asked at the terminal) and the option DESCRIPTORS (FIELD=N)
 * give, as an encoded credential; NULL in RET_CREDENTIAL when there are none. */
enum err_code given_credential(const struct cli_call *call, const char *files,
    const char *descriptors, struct secret **ret_credential, struct err *err) MUST_CHECK;

#endif
