/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an HPKE context is bound to (its info), in our formats a hash:
 *
 *	info = SHA-256(lp8 LABEL || VAULT || what the label says)
 *
 *	hpke_info_begin(&bytes, "halligan/v1 escrow", &vault);
 *	buf_u32(&bytes, version);
 *	TRY(hpke_info_end(&bytes, &info, err));
 */
#ifndef BASE_HPKE_INFO_H
#define BASE_HPKE_INFO_H

#include "base/bytes.h"
#include "base/crypto.h"

void hpke_info_begin(struct buf *bytes, const char *label, const struct digest *vault);
/* ERR_MEMORY when something did not fit into BYTES. */
enum err_code hpke_info_end(const struct buf *bytes, struct digest *ret_info,
    struct err *err) MUST_CHECK;

#endif
