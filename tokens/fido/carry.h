/* SPDX-License-Identifier: Apache-2.0 */
/* FIDO2 over PC/SC, which Debian's libfido2 does not know. */
#ifndef TOKENS_FIDO_CARRY_H
#define TOKENS_FIDO_CARRY_H

#include "base/err.h"

/* Give libfido2's DEVICE the transport over PC/SC; it is then opened with the path of a struct
 * fido_port (tokens/fido/port.h), at that very address. */
struct fido_dev;
enum err_code fido_carry(struct fido_dev *device, struct err *err) MUST_CHECK;

#endif
