/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ceremony does once its quorum is met.
 *
 *	COLLECTING --decide--> RELEASING --settle each item--> RELEASED (a person receives) or CLOSED
 *
 * decide: one transaction; the verdict again, and every share that counts opens.  What leaves the vault
 * (release, rotate) is marked as opened, once for a version, ever, with its debt, before anything is
 * combined; a release is signed.  Then, under the ceremony's lock, one item after the other goes to its
 * destination (to_responder, to_vault, to_target), and the ceremony's key is erased.  Killed
 * anywhere, it goes on with the first item that is not settled.
 */
#ifndef CEREMONY_SERVER_OPENING_SETTLE_H
#define CEREMONY_SERVER_OPENING_SETTLE_H

#include "ceremony/server/vault/session.h"

/* Would the next one do something?  Asked without the writer's lock: whoever asks again and again of one that collects
 * makes nobody wait. */
enum err_code ceremony_can_advance(struct session *session, const struct id *id, bool *ret_can,
    struct err *err) MUST_CHECK;
/* Go as far as ceremony ID can go now; when there is nothing to do, nothing happens.  Safe to call at
 * any time, by any session.  ERR_INTEGRITY when stored shares were damaged: they are taken back, and
 * their seat may approve again. */
enum err_code ceremony_advance(struct session *session, const struct id *id,
    struct err *err) MUST_CHECK;

#endif
