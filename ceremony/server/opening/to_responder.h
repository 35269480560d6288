/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Releasing: once the quorum is met, one transaction takes the verdict again and commits the
 * release and its rotation debt; only then are shares combined.
 */
#ifndef CEREMONY_SERVER_OPENING_TO_RESPONDER_H
#define CEREMONY_SERVER_OPENING_TO_RESPONDER_H

#include "ceremony/server/opening/matter.h"

/* Release ceremony ID if its quorum is met now; finish it if it is RELEASING.  Otherwise nothing
 * happens.  Safe to call at any time, by any session. */
enum err_code release_advance(struct session *session, const struct id *id,
    struct err *err) MUST_CHECK;

#endif
