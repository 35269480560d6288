/* SPDX-License-Identifier: Apache-2.0 */
/* The part of `token test` that opens what a seat handed on to its spare token (ceremony/protocol/spare.h). */
#ifndef CEREMONY_CLIENT_DOCUMENTS_TOKEN_TEST_SPARES_H
#define CEREMONY_CLIENT_DOCUMENTS_TOKEN_TEST_SPARES_H

#include "ceremony/client/hand/hand.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/test.h"

/* A test under way: LIST is the server's array "spares", PROBE what the share key opened. */
struct spares_test {
	struct client *client;
	struct hand *hand;
	const struct vault_view *view;
	const struct json *list;
	int64_t begun;
	const struct secret *probe;
};
/* Agreements that it takes: one for each statement, however many envelopes that brought. */
unsigned spares_test_agreements(const struct json *list);
/* Opens each; those that are right go into READINESS (its "spares"), a person is told of the others, of
 * which there are RET_WRONG. */
enum err_code spares_test_run(const struct spares_test *test, struct readiness *readiness,
    size_t *ret_wrong, struct err *err) MUST_CHECK;

#endif
