/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation of simulated FIDO2 tokens. */
#ifndef TOKENS_SIM_CTAP_CERTIFICATE_H
#define TOKENS_SIM_CTAP_CERTIFICATE_H

#include "base/bytes.h"

/* The batch attestation key (PKCS#8) and certificate (DER) of tokens of this FIRMWARE: derived
 * from a public text, signed by the simulated root, without serial. */
extern const uint8_t ctap_aaguid[16];
enum err_code ctap_attestation(const uint8_t firmware[3], struct buf *ret_private,
    struct buf *ret_certificate, struct err *err) MUST_CHECK;

#endif
