/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's BER reader and the driver's agree wherever both know the tag. */
#include "tests/fuzz/target.h"
#include "tokens/formats/tlv.h"
#include "tokens/sim/crypto/ber.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size), ours, theirs;
	struct reader sim = reader_of(input);
	bool plain = true; /* tags of one byte only, which both know */
	BUF again = {0};

	while (!sim.failed && sim.rest.size > 0) {
		struct reader driver = sim;
		struct ber element = ber_next(&sim);
		struct tlv same = tlv_next(&driver);

		plain = plain && element.tag != 0 && (element.tag & 0x1f) != 0x1f;
		if (sim.failed || !plain)
			continue;
		MUST(!driver.failed && same.tag == element.tag);
		MUST(view_equal(same.value, element.value));
		ber_put(&again, element.tag, element.value);
	}
	MUST(!again.failed && again.size <= size);
	if (plain && tlv_find(input, 0x70, &ours))
		MUST(ber_find(input, 0x70, &theirs) && view_equal(ours, theirs));
	ber_find(input, 0x7c, &theirs);
	ber_put_long(&again, 0x53, input);
	ber_put_header(&again, 0x53, size > 2 ? size * data[0] : SIZE_MAX);
	return 0;
}
