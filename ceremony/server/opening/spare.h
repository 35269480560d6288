/* SPDX-License-Identifier: Apache-2.0 */
/* An officer hands their own shares on to a spare token of their seat. */
#ifndef CEREMONY_SERVER_OPENING_SPARE_H
#define CEREMONY_SERVER_OPENING_SPARE_H

#include "ceremony/server/call.h"

enum err_code serve_spare_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_spare(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_spare_envelope(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_spare_box(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
