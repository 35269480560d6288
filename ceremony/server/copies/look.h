/* SPDX-License-Identifier: Apache-2.0 */
/* The whole copy sink, beside the database: what is missing in it, is damaged, and does not belong there. */
#ifndef CEREMONY_SERVER_COPIES_LOOK_H
#define CEREMONY_SERVER_COPIES_LOOK_H

#include "ceremony/server/call.h"

/* Every file that should be there is read and compared; nothing is changed. */
enum err_code serve_copy_status(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
