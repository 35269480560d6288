/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: what is accepted has the same digest and signatures after being written and read. */
#include <stdlib.h>
#include <string.h>

#include "base/dsse.h"
#include "tests/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest digest, same;
	DSSE again = {0};
	DSSE dsse = {0};
	BUF text = {0};
	struct err err;

	if (dsse_parse(view_of(data, size), &dsse, &err) != ERR_OK)
		return 0;
	if (dsse_encode(&dsse, &text, &err) != ERR_OK ||
	    dsse_parse(buf_view(&text), &again, &err) != ERR_OK ||
	    dsse_digest(&dsse, &digest, &err) != ERR_OK ||
	    dsse_digest(&again, &same, &err) != ERR_OK || !digest_equal(&digest, &same) ||
	    dsse.count != again.count)
		abort();
	for (size_t i = 0; i < dsse.count; i++) {
		const struct dsse_signature *found = dsse_find(&again, dsse.signatures[i].keyid);

		if (found == NULL || found->size != dsse.signatures[i].size ||
		    memcmp(found->sig, dsse.signatures[i].sig, found->size) != 0)
			abort();
	}
	return 0;
}
