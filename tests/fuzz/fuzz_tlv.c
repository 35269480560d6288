/* SPDX-License-Identifier: Apache-2.0 */
/* TLV: what DER accepts, BER reads alike, and it is written again byte for byte. */
#include "tests/fuzz/target.h"
#include "tokens/formats/tlv.h"

static void
check_sequence(struct view input)
{
	struct reader der = reader_of(input), ber = reader_of(input);
	BUF again = {0};

	while (!der.failed && der.rest.size > 0) {
		struct tlv strict = tlv_next_der(&der);
		struct tlv loose = tlv_next(&ber);

		if (der.failed) {
			MUST(strict.tag == 0);
			break;
		}
		MUST(!ber.failed && strict.tag == loose.tag && strict.tag != 0);
		MUST(
		    strict.value.data == loose.value.data && strict.value.size == loose.value.size);
		tlv_put(&again, strict.tag, strict.value);
		MUST(again.failed || view_equal(buf_view(&again), view_of(input.data, again.size)));
	}
	buf_done(&again);
	while (!ber.failed && ber.rest.size > 0)
		(void)tlv_next(&ber);
}

static void
check_search(struct view input)
{
	struct reader reader = reader_of(input);
	struct tlv first = tlv_next(&reader);
	struct view found, only;

	if (tlv_only(input, first.tag, &only))
		MUST(tlv_find(input, first.tag, &found) && view_equal(only, found));
	if (tlv_only_der(input, first.tag, &found))
		MUST(tlv_only(input, first.tag, &only));
	if (tlv_find(input, 0x70, &found))
		MUST(found.size <= input.size);
}

static void
check_number(struct view input)
{
	uint32_t number;
	BUF again = {0};

	if (!tlv_u32(input, &number))
		return;
	buf_u8(&again, 0);
	buf_u32(&again, number);
	size_t skip = 0;
	while (skip < 4 && again.data[skip] == 0 && (again.data[skip + 1] & 0x80) == 0)
		skip++;
	MUST(view_equal(view_of(again.data + skip, 5 - skip), input));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	BUF byte = {0};

	check_sequence(input);
	check_search(input);
	check_number(input);
	if (tlv_is_signature(input))
		MUST(size >= 8 && size <= 72);
	tlv_put_u8(&byte, size > 0 ? data[0] : 1, 7);
	return 0;
}
