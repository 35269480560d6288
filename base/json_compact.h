/* SPDX-License-Identifier: Apache-2.0 */
/* How JSON is spelled. */
#ifndef BASE_JSON_COMPACT_H
#define BASE_JSON_COMPACT_H

#include "base/bytes.h"

/* TEXT, which is JSON, as json_encode() would spell it, appended. */
void json_compact(struct view text, struct buf *ret_text);

/* No fewer than the names and values that a reader of TEXT makes, whatever TEXT is. */
size_t json_values(struct view text) MUST_CHECK;

#endif
