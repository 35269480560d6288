/* SPDX-License-Identifier: Apache-2.0 */
/* A private key as somebody has it, to the form that is sealed. */
#ifndef CLI_PRIVATE_KEY_H
#define CLI_PRIVATE_KEY_H

#include "cli/call.h"

/* Replaces *VALUE, a file (base/key_text.h), by the key in OpenSSH's form, not locked.  A passphrase comes from the descriptor that
 * --passphrase-fd names, else from the person.  ERR_REFUSED, ERR_INVALID: what is wrong with the file, in words. */
enum err_code private_key_take(const struct cli_call *call, struct secret **value,
    struct err *err) MUST_CHECK;

#endif
