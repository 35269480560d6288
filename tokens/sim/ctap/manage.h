/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorCredentialManagement (CTAP 2.1, 6.8): the list of discoverable credentials of a
 * token's state. */
#ifndef TOKENS_SIM_CTAP_MANAGE_H
#define TOKENS_SIM_CTAP_MANAGE_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_manage;

/* How many more fit: 100 together since firmware 5.7.0, 25 before. */
size_t ctap_room(const struct sim_state *state);
/* Remove the one at PLACE. */
void ctap_forget(struct sim_fido *fido, size_t place);

#endif
