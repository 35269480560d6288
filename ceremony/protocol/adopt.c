/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/adopt.h"

#include "base/hpke_info.h"

enum err_code
adopt_info(const struct digest *vault, const struct definition *definition, struct digest *ret_info,
    struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 adopt", vault);
	buf_bytes(&bytes, VIEW_OF(definition->secret.bytes));
	buf_bytes(&bytes, VIEW_OF(definition->digest.bytes));
	return hpke_info_end(&bytes, ret_info, err);
}
