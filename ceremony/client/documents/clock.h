/* SPDX-License-Identifier: Apache-2.0 */
/* An officer's word that the host's clock is right, although it stands behind the log. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CLOCK_H
#define CEREMONY_CLIENT_DOCUMENTS_CLOCK_H

#include "ceremony/client/connection.h"

/* Shows three times, asks, and signs with an officer's token (touch 1 of 1).  ERR_REFUSED before the PIN: the clock does not
 * stand behind the log, or this computer's clock and the host's differ by more than CLOCK_BACK_MAX. */
enum err_code clock_run(struct client *client, struct err *err) MUST_CHECK;

#endif
