/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolling a FIDO2 token. */
#ifndef CEREMONY_CLIENT_ENROL_FIDO_H
#define CEREMONY_CLIENT_ENROL_FIDO_H

#include "ceremony/client/enrol/steps.h"

/* From the token in the hand to the signed statement. */
enum err_code enrol_fido(struct enrol_walk *walk, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;

#endif
