/* SPDX-License-Identifier: Apache-2.0 */
/* Quorums: the canonical text of what is accepted is accepted and stays the same. */
#include <string.h>

#include "tests/fuzz/target.h"
#include "vault/seal/quorum.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quorum quorum, again;
	bool present[QUORUM_SEATS];
	BUF input = {0};
	BUF text = {0};
	BUF other = {0};
	struct err err;

	buf_bytes(&input, view_of(data, size));
	if (memchr(buf_string(&input), '\0', size) != NULL ||
	    quorum_parse(buf_string(&input), &quorum, &err) != ERR_OK)
		return 0;
	MUST(quorum_format(&quorum, &text, &err) == ERR_OK);
	MUST(quorum_parse(buf_string(&text), &again, &err) == ERR_OK);
	MUST(quorum_format(&again, &other, &err) == ERR_OK);
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	memset(present, 1, sizeof(present));
	MUST(quorum_met(&quorum, present) && quorum_least(&quorum) <= quorum.seat_count);
	memset(present, 0, sizeof(present));
	MUST(!quorum_met(&quorum, present) && quorum_least(&quorum) > 0);
	return 0;
}
