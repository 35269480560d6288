/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorReset, Selection and Config (CTAP 2.1, 6.6, 6.9 and 6.11). */
#ifndef TOKENS_SIM_CTAP_CONFIG_H
#define TOKENS_SIM_CTAP_CONFIG_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_reset, ctap_select, ctap_config;

#endif
