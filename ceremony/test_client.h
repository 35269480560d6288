/* SPDX-License-Identifier: Apache-2.0 */
/* `token test`: proof that a token is ready, without opening anything (ceremony/readiness.h). */
#ifndef CEREMONY_TEST_CLIENT_H
#define CEREMONY_TEST_CLIENT_H

#include "ceremony/client.h"

/* PIN, one touch for the signature, one for each key that opens; says what was proven and when the
 * next test is due. */
enum err_code token_test_run(struct client *client, struct err *err) MUST_CHECK;

#endif
