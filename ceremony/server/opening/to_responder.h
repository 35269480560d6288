/* SPDX-License-Identifier: Apache-2.0 */
/* To the requester: the lease key's seed and the credential, sealed to each recipient that the request
 * names, and the value into the escrow of its debt. */
#ifndef CEREMONY_SERVER_OPENING_TO_RESPONDER_H
#define CEREMONY_SERVER_OPENING_TO_RESPONDER_H

#include "ceremony/server/opening/destination.h"

enum err_code to_responder(struct delivery *delivery, struct secret *credential,
    struct err *err) MUST_CHECK;

#endif
