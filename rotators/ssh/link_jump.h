/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a link through another host; for rotators/ssh/link.c alone. */
#ifndef ROTATORS_SSH_LINK_JUMP_H
#define ROTATORS_SSH_LINK_JUMP_H

#include "rotators/ssh/link_session.h"

/* Has the jump host, where LINK's via is let in, connect to the target: then LINK has a descriptor.  Otherwise RESULT says
 * why not, and is unknown.  Errors as link_open(). */
enum err_code link_jump(struct ssh_link *link, struct link_result *result,
    struct err *err) MUST_CHECK;
/* Carries on what can be carried, and waits shortly for more.  As link_turn(). */
enum err_code link_jump_turn(struct ssh_link *link, struct err *err) MUST_CHECK;
void link_jump_done(struct ssh_link *link);

#endif
