/* SPDX-License-Identifier: Apache-2.0 */
/* New secrets. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DEFINITION_ADD_H
#define CEREMONY_CLIENT_DOCUMENTS_DEFINITION_ADD_H

#include "ceremony/client/connection.h"

struct define_row {
	const char *name, *policy, *rotator, *effect;
	const struct json *target; /* an object; the rotator judges it */
	size_t line;               /* of the file that it came from; 0: of none */
};
/* 1 to 500 of them by one statement: all of them are judged, by what can be judged without running anything, before
 * anybody is asked for a PIN, and shown whole.  ERR_USAGE and ERR_EXISTS name the row; those that are one credential under
 * several names are told at once, as parts (secrets/faults.h). */
enum err_code definition_add(struct client *client, const struct define_row *rows, size_t count,
    struct err *err) MUST_CHECK;

#endif
