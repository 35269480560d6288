/* SPDX-License-Identifier: Apache-2.0 */
/* How JSON is spelled. */
#ifndef BASE_JSON_COMPACT_H
#define BASE_JSON_COMPACT_H

#include "base/bytes.h"

/* TEXT, which is JSON, as json_encode() would spell it, appended. */
void json_compact(struct view text, struct buf *ret_text);

#endif
