/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target, asked through the rotator.  Lock-outs are the danger: between two times that it is told something each
 * value that may be refused is probed once at most.  In a rehearsal no rotator runs: it does what it should.
 */
#ifndef CEREMONY_SERVER_ROTATION_TARGET_H
#define CEREMONY_SERVER_ROTATION_TARGET_H

#include "ceremony/server/rotation/payment.h"

/* ERR's code; what a rotator refuses is the target's problem (ERR_TARGET), not the asker's. */
enum err_code target_code(struct err *err);
/* A new value, once the target and the rotator are as the definition says. */
enum err_code target_generate(struct payment *payment, struct secret **ret_next,
    struct err *err) MUST_CHECK;
/* The same of a target that makes it: RET_NEXT when RET_RESULT is CHANGE_DONE. */
enum err_code target_issue(struct payment *payment, struct secret **ret_next,
    enum change_result *ret_result, struct err *err) MUST_CHECK;
/* End what runs by the old value, where that can be done and was not since the target was told last; SESSIONS is what became
 * of all of them. */
enum err_code target_expel(struct payment *payment, enum debt_sessions *sessions,
    struct err *err) MUST_CHECK;
/* Probe VALUE with the running rotator, or a new one. */
enum err_code target_probe(struct payment *payment, enum rotator_value value,
    enum probe_result *ret_result, struct err *err) MUST_CHECK;
/* ROTATOR_APPLY, ADD, WITHDRAW, WITHDRAW_ORPHANS. */
enum err_code target_tell(struct payment *payment, enum rotator_change change,
    enum change_result *ret_result, struct err *err) MUST_CHECK;
/* Which value does the target accept?  Asks for the pending one, the old one, then one of the others: another each time
 * that the debt is tried. */
enum target_place { TARGET_PENDING, TARGET_OLD, TARGET_OTHER, TARGET_NONE, TARGET_UNKNOWN };
enum err_code target_locate(struct payment *payment, enum target_place *ret_place,
    uint32_t *ret_version, struct err *err) MUST_CHECK;
/* Are all other values refused, too?  Those that are leave the escrow, once the version CONTROL is known to work (0: none
 * is).  PROBE_ACCEPTED when one is not; PROBE_DENIED when one is denied without a proof. */
enum err_code target_others(struct payment *payment, uint32_t control,
    enum probe_result *ret_result, uint32_t *ret_version, struct err *err) MUST_CHECK;
/* Of those values, in each run the next, 0 when there is none: a target that locks out after so many failed logins would
 * refuse even the right one behind all the others, for ever. */
uint32_t target_choose_other(const struct payment *payment);
/* One of them.  RET_TAKEN: it was accepted, and taken away just now; what still accepts it may do so for its grace time. */
enum err_code target_other(struct payment *payment, uint32_t version, uint32_t control,
    enum probe_result *ret_result, bool *ret_taken, struct err *err) MUST_CHECK;
/* What the rotator said last, or "". */
const char *target_detail(const struct payment *payment);

#endif
