/* SPDX-License-Identifier: Apache-2.0 */
/* To the target: the value goes into the escrow of its debt, which is paid as any other. */
#ifndef CEREMONY_SERVER_OPENING_TO_TARGET_H
#define CEREMONY_SERVER_OPENING_TO_TARGET_H

#include "ceremony/server/opening/destination.h"

/* The debt of an item needs the value that it replaces. */
enum err_code debt_escrow(const struct delivery *delivery, const struct secret *credential,
    struct err *err) MUST_CHECK;
enum err_code to_target(struct delivery *delivery, struct secret *credential,
    struct err *err) MUST_CHECK;

#endif
