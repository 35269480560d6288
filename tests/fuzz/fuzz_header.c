/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of sealed versions have one encoding: what is accepted is written byte for byte. */
#include "tests/fuzz/target.h"
#include "vault/seal/header.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	HEADER *header = NULL;
	struct quorum quorum;
	struct digest hash;
	struct err err;
	BUF again = {0};

	MUST(header_new(&header, &err) == ERR_OK);
	if (header_decode(input, header, &err) != ERR_OK)
		return 0;
	MUST(header_encode(header, &again, &err) == ERR_OK);
	MUST(view_equal(buf_view(&again), input));
	MUST(header_hash(input, &hash, &err) == ERR_OK);
	MUST(header_check(header, &quorum, &err) == ERR_OK);
	return 0;
}
