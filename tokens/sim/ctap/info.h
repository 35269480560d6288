/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorGetInfo (CTAP 2.1, 6.4). */
#ifndef TOKENS_SIM_CTAP_INFO_H
#define TOKENS_SIM_CTAP_INFO_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_info;

#endif
