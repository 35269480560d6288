/* SPDX-License-Identifier: Apache-2.0 */
/* A debt's first steps: a new value is made, sealed, copied and kept, before the target hears of it (style issue: before it
 * drops anything). */
#ifndef CEREMONY_SERVER_ROTATION_PREPARE_H
#define CEREMONY_SERVER_ROTATION_PREPARE_H

#include "ceremony/server/rotation/payment.h"

/* OWED, ISSUING. */
enum err_code rotate_prepare(struct payment *payment, struct err *err) MUST_CHECK;

#endif
