/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target, asked through the rotator.  Lock-outs are the danger: between two calls of `apply` each
 * value that may be refused is probed once at most.  In a rehearsal no rotator runs: it does what it should.
 */
#ifndef CEREMONY_SERVER_ROTATION_TARGET_H
#define CEREMONY_SERVER_ROTATION_TARGET_H

#include "ceremony/server/rotation/payment.h"

/* ERR's code; what a rotator refuses is the target's problem (ERR_TARGET), not the asker's. */
enum err_code target_code(struct err *err);
/* Start the rotator with old and pending value.  Errors are those of rotator_start. */
enum err_code target_start(struct payment *payment, struct err *err) MUST_CHECK;
/* A new value, once the target and the rotator are as the definition says. */
enum err_code target_generate(struct payment *payment, struct secret **ret_next,
    struct err *err) MUST_CHECK;
/* End what runs by the old value. */
enum err_code target_expel(struct payment *payment, enum expel_result *ret_result,
    struct err *err) MUST_CHECK;
/* Probe VALUE with the running rotator, or a new one. */
enum err_code target_probe(struct payment *payment, enum rotator_value value,
    enum probe_result *ret_result, struct err *err) MUST_CHECK;
enum err_code target_apply(struct payment *payment, enum change_result *ret_result,
    struct err *err) MUST_CHECK;
/* Which value does the target accept?  Asks for the pending one, the old one, then the others. */
enum target_place { TARGET_PENDING, TARGET_OLD, TARGET_OTHER, TARGET_NONE, TARGET_UNKNOWN };
enum err_code target_locate(struct payment *payment, enum target_place *ret_place,
    uint32_t *ret_version, struct err *err) MUST_CHECK;
/* Are all other values refused, too?  PROBE_ACCEPTED when one is not; PROBE_DENIED when one is denied without a proof,
 * as all are without a version that WORKS (0). */
enum err_code target_others(struct payment *payment, uint32_t works, enum probe_result *ret_result,
    uint32_t *ret_version, struct err *err) MUST_CHECK;
/* What the rotator said last, or "". */
const char *target_detail(const struct payment *payment);

#endif
