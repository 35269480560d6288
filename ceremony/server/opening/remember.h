/* SPDX-License-Identifier: Apache-2.0 */
/* Somewhere else it is remembered what was released, before anybody has it. */
#ifndef CEREMONY_SERVER_OPENING_REMEMBER_H
#define CEREMONY_SERVER_OPENING_REMEMBER_H

#include "ceremony/server/opening/destination.h"

/* Inside the change that decides: the copy sink should hold the release statement. */
enum err_code remember_owed(const struct delivery *delivery, struct err *err) MUST_CHECK;
/* It is sent there; a sink that fails is told, and delays nobody. */
enum err_code remember_send(struct delivery *delivery, struct err *err) MUST_CHECK;
/* Inside a later change: the sink has it, if it has. */
enum err_code remember_note(const struct delivery *delivery, struct err *err) MUST_CHECK;

#endif
