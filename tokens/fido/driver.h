/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIDO2 driver (CTAP 2.1, and 2.0 with hmac-secret and credProtect) through libfido2: USB keys
 * over its HID transport, contactless readers and FIDO over CCID over a PC/SC transport of ours
 * (Debian's libfido2 has none).  A reader is the exact PC/SC name, or the hidraw device's path.
 */
#ifndef TOKENS_FIDO_DRIVER_H
#define TOKENS_FIDO_DRIVER_H

#include "tokens/token.h"

struct token_driver fido_driver(void);

#endif
