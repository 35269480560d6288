/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorGetAssertion and GetNextAssertion (CTAP 2.1, 6.2 and 6.3). */
#ifndef TOKENS_SIM_CTAP_ASSERT_H
#define TOKENS_SIM_CTAP_ASSERT_H

#include "tokens/sim/ctap/ctap.h"

ctap_command ctap_assert, ctap_next;

#endif
