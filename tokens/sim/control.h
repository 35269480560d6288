/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person, or a test, does to a simulated token from outside: one line of words in, one
 * line out ("ok", "error: ...", or a JSON object).  The commands are a table in control.c and in
 * halligan-simtoken(1).
 */
#ifndef TOKENS_SIM_CONTROL_H
#define TOKENS_SIM_CONTROL_H

#include "tokens/sim/device.h"

enum { CONTROL_LINE_MAX = 2048 };

/* Do LINE to DEVICE; the answer, without line end, is appended to RET_REPLY. */
void control_run(struct device *device, const char *line, struct buf *ret_reply);

#endif
