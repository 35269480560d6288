/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorMakeCredential (CTAP 2.1, 6.1). */
#ifndef TOKENS_SIM_CTAP_MAKE_H
#define TOKENS_SIM_CTAP_MAKE_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_make;

#endif
