/* SPDX-License-Identifier: Apache-2.0 */
/* `token test`: proof that a token is ready, without opening anything (ceremony/protocol/test.h). */
#ifndef CEREMONY_CLIENT_DOCUMENTS_TOKEN_TEST_H
#define CEREMONY_CLIENT_DOCUMENTS_TOKEN_TEST_H

#include "ceremony/client/connection.h"

/* PIN, one touch for the signature, one for each key that opens, one for each time that the seat handed
 * envelopes on to the token; says what was proven and when the
 * next test is due. */
enum err_code token_test_run(struct client *client, struct err *err) MUST_CHECK;

#endif
