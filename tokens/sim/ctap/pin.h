/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorClientPIN (CTAP 2.1, 6.5.5). */
#ifndef TOKENS_SIM_CTAP_PIN_H
#define TOKENS_SIM_CTAP_PIN_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_pin;

#endif
