/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a simulated card is: u8 firmware, u32 serial number, then commands (u8 length each) to its
 * management and OTP applications.  What it says of itself is well-formed.
 */
#include "tests/fuzz/target.h"
#include "tokens/sim/card/management.h"
#include "tokens/sim/card/otp.h"
#include "tokens/sim/crypto/ber.h"
#include "tokens/sim/state/identity.h"

static void
check_objects(uint32_t serial)
{
	struct view value;
	BUF chuid = {0};
	BUF ccc = {0};

	sim_chuid(serial, &chuid);
	MUST(ber_find(buf_view(&chuid), 0x30, &value) && value.size == 25);
	MUST(ber_find(buf_view(&chuid), 0x34, &value) && value.size == 16);
	sim_ccc(serial, &ccc);
	MUST(ber_find(buf_view(&ccc), 0xf0, &value) && value.size == 21);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t firmwares[][3] = {{5, 7, 4}, {4, 3, 5}, {3, 1, 0}, {5, 4, 3},
	    {0, 0, 0}};
	struct reader reader = reader_of(view_of(data, size));
	SIM_STATE state = {0};
	struct card card;

	uint8_t kind = reader_u8(&reader);
	sim_state_init(&state, reader_u32(&reader), firmwares[kind % ARRAY_SIZE(firmwares)]);
	check_objects(state.serial);
	struct management management = {&state, kind};
	const struct applet applets[] = {management_applet(&management), otp_applet(&state)};

	card_init(&card, applets, ARRAY_SIZE(applets));
	while (!reader.failed && reader.rest.size > 0) {
		BUF reply = {0};

		card_transmit(&card, reader_lp8(&reader, UINT8_MAX), &reply);
		MUST(!reply.failed && reply.size >= 2);
	}
	card_done(&card);
	return 0;
}
