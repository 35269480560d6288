/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolling a PIV token. */
#ifndef CEREMONY_CLIENT_ENROL_PIV_H
#define CEREMONY_CLIENT_ENROL_PIV_H

#include "ceremony/client/enrol/steps.h"

/* From the token in the hand to the signed statement. */
enum err_code enrol_piv(struct enrol_walk *walk, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;

#endif
