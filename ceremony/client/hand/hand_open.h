/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the hand. */
#ifndef CEREMONY_CLIENT_HAND_HAND_OPEN_H
#define CEREMONY_CLIENT_HAND_HAND_OPEN_H

#include "ceremony/client/hand/hand.h"

/* hand_take; NOT_THIS (may be NULL) does not count until it was taken out.  WANT NULL: any. */
enum err_code hand_take_not(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct hand *ret_hand, struct err *err) MUST_CHECK;
/* Open hand->found, compare it with hand->entry if there is one, and bind its credential. */
enum err_code hand_open(struct hand *hand, struct err *err) MUST_CHECK;
/* The same again: what it says about its tries must be fresh. */
enum err_code hand_reopen(struct hand *hand, struct err *err) MUST_CHECK;

#endif
