/* SPDX-License-Identifier: Apache-2.0 */
/* From a new value that is sealed to one that the target accepts. */
#ifndef CEREMONY_SERVER_ROTATION_PLACE_H
#define CEREMONY_SERVER_ROTATION_PLACE_H

#include "ceremony/server/rotation/payment.h"

/* APPLYING: told by `apply` or `add`, or found to be in place. */
enum err_code rotate_apply(struct payment *payment, struct err *err) MUST_CHECK;
/* EXPELLED: the new value is accepted, and the old one refused, unless it has a grace time or cannot die. */
enum err_code rotate_verify_replaced(struct payment *payment, struct err *err) MUST_CHECK;
/* PREPARED, style issue: what the target made is accepted. */
enum err_code rotate_verify_issued(struct payment *payment, struct err *err) MUST_CHECK;
/* VERSION, one that is not wanted, works all the same: it becomes the pending one. */
enum err_code rotate_find(struct payment *payment, uint32_t version, struct err *err) MUST_CHECK;
/* DEGRADED: a person had a look. */
enum err_code rotate_recover(struct payment *payment, struct err *err) MUST_CHECK;

#endif
