/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation of the server (docs/PROTOCOL.md), called by server.c.  A function serve_NAME reads the
 * members of its request from CALL->in, ends with json_in_end before it uses them, and adds to
 * CALL->reply, which has "ok" already.
 */
#ifndef CEREMONY_SERVER_CALL_H
#define CEREMONY_SERVER_CALL_H

#include "base/json_in.h"
#include "ceremony/server/vault/session.h"

struct call {
	struct json_in in;
	struct view blob;   /* of the request */
	struct json *reply; /* owned by the server's loop */
	struct buf out;     /* blob of the reply */
};

#endif
