/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIV driver (SP 800-73-4 with Yubico's extensions) through pcscd, libpcsclite and libykpiv.
 * Keys in retired slots 82, 83, 84.  libykpiv runs with the locked allocator on a
 * locked stack that is wiped; management-key authentication (3DES, AES-128/192/256) is our own,
 * since libykpiv 2.2 knows only 3DES.
 */
#ifndef TOKENS_PIV_PIV_H
#define TOKENS_PIV_PIV_H

#include "tokens/token.h"

struct token_driver piv_driver(void);

#endif
