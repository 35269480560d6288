/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole simulated FIDO2 application: u8 firmware (1: 5.4.3) and fingerprint reader (2), then
 * steps, each u8 kind as below and what belongs to it.  Keys for key agreement are all the same one
 * and random bytes all alike, so that an input can hold what a client with the PIN would send.
 */
#include <string.h>

#include "tests/fuzz/target.h"
#include "tokens/sim/ctap/applet.h"
#include "tokens/sim/ctap/certificate.h"
#include "tokens/sim/ctap/credential.h"

/* Each takes milliseconds. */
size_t
replay_runs(void)
{
	return 500;
}

enum step {
	PLUG,     /* unplug, plug in */
	TOUCH,    /* u8 enum ctap_touch: what happens when it blinks */
	DISK,     /* full or not */
	TIME,     /* u32 milliseconds go by */
	FINGER,   /* an enrolled one or not */
	ALWAYS,   /* alwaysUv or not */
	READER,   /* has a fingerprint reader, or none */
	ANY_TIME, /* reset at any time or not */
	FAULT,    /* u8 kind, u8 command, u8 number, lp8 bytes */
	PULL,     /* u8 after so many commands, u8 after running it */
	COMMAND,  /* lp16 */
	STEPS
};

struct world {
	struct sim_state state;
	struct ctap ctap;
	struct faults faults;
	struct card card;
	enum ctap_touch touch;
	bool broken, wrong_finger;
	int64_t now;
};

enum err_code __wrap_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err);
enum err_code __real_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err);

enum err_code
__wrap_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err)
{
	/* PKCS#8 (RFC 5208) around an ECPrivateKey (RFC 5915) of 32 bytes. */
	static const uint8_t front[] = {0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a,
	    0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
	    0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20};

	if (algorithm != SIM_P256)
		return __real_sim_key_generate(algorithm, ret_private, err);
	buf_bytes(ret_private, VIEW_OF(front));
	memset(buf_space(ret_private, 32), FIXED_RANDOM, 32);
	return buf_check(ret_private, err);
}

enum err_code __wrap_ctap_attestation(const uint8_t firmware[3], struct buf *ret_private,
    struct buf *ret_certificate, struct err *err);
enum err_code __real_ctap_attestation(const uint8_t firmware[3], struct buf *ret_private,
    struct buf *ret_certificate, struct err *err);

/* Made once for each firmware: most of the time went there. */
enum err_code
__wrap_ctap_attestation(const uint8_t firmware[3], struct buf *ret_private,
    struct buf *ret_certificate, struct err *err)
{
	static struct buf made[2][2];
	struct buf *both = made[firmware[1] == 4];

	if (both[0].size == 0 &&
	    __real_ctap_attestation(firmware, &both[0], &both[1], err) != ERR_OK)
		return err->code;
	buf_bytes(ret_private, buf_view(&both[0]));
	buf_bytes(ret_certificate, buf_view(&both[1]));
	return buf_check(ret_certificate, err);
}

/* ---- the token around it ---- */

static enum ctap_touch
touch(void *context, int slice)
{
	const struct world *world = context;

	if (world->touch == CTAP_STILL_WAITING && slice < 0)
		return CTAP_UNTOUCHED;
	return world->touch;
}

static void
touch_end(void *context)
{
	(void)context;
}

static bool
finger(void *context)
{
	return !((struct world *)context)->wrong_finger;
}

static enum err_code
save(void *context, struct err *err)
{
	return ((struct world *)context)->broken ? err_set(err, ERR_NO_SPACE, "full") : ERR_OK;
}

static int64_t
milliseconds(void *context)
{
	return ((struct world *)context)->now;
}

static bool
pause_for(void *context, unsigned duration)
{
	((struct world *)context)->now += duration;
	return true;
}

static void
unplug(void *context)
{
	(void)context;
}

/* ---- steps ---- */

static void
add_fault(struct world *world, struct reader *reader)
{
	struct fault fault = {.kind = reader_u8(reader) % (FAULT_PRF + 1)};
	uint8_t command = reader_u8(reader);

	fault.ins = command == 0xff ? FAULT_ANY_CTAP : FAULT_CTAP + command;
	fault.number = reader_u8(reader);
	if (fault.kind == FAULT_EXTRA_TOUCH)
		fault.number %= 4;
	struct view bytes = reader_lp8(reader, UINT8_MAX);
	fault.size = bytes.size;
	if (bytes.size > 0)
		memcpy(fault.bytes, bytes.data, bytes.size);
	faults_add(&world->faults, &fault);
}

static void
send(struct world *world, struct view command)
{
	BUF reply = {0};

	card_transmit(&world->card, command, &reply);
	MUST(!reply.failed && reply.size >= 2);
	if (world->faults.count == 0 && reply.size > 3 && reply.data[0] == CTAP2_OK &&
	    command.size > 4 && command.data[0] == 0x80 && command.data[1] == 0x10 &&
	    reply.data[reply.size - 2] == 0x90) {
		static struct cbor_tree tree;

		MUST(cbor_parse(view_of(reply.data + 1, reply.size - 3), &tree));
	}
}

static void
run_step(struct world *world, uint8_t kind, struct reader *reader)
{
	switch ((enum step)(kind % STEPS)) {
	case PLUG:
		card_reset(&world->card);
		ctap_plug(&world->ctap);
		break;
	case TOUCH:
		world->touch = reader_u8(reader) % (CTAP_STILL_WAITING + 1);
		break;
	case DISK:
		world->broken = !world->broken;
		break;
	case TIME:
		world->now += reader_u32(reader);
		break;
	case FINGER:
		world->wrong_finger = !world->wrong_finger;
		break;
	case ALWAYS:
		world->state.fido.always_uv = !world->state.fido.always_uv;
		break;
	case READER:
		world->state.fido.uv = !world->state.fido.uv;
		break;
	case ANY_TIME:
		world->ctap.reset_any_time = !world->ctap.reset_any_time;
		break;
	case FAULT:
		add_fault(world, reader);
		break;
	case PULL:
		world->faults.pull = reader_u8(reader);
		world->faults.pull_ins = FAULT_ANY_CTAP;
		world->faults.pull_after = (reader_u8(reader) & 1) != 0;
		break;
	case COMMAND:
	case STEPS:
		send(world, reader_lp16(reader, UINT16_MAX));
		break;
	}
}

static void
check_state(const struct sim_fido *fido)
{
	MUST(fido->pin_tries <= FIDO_PIN_TRIES && fido->uv_tries <= FIDO_UV_TRIES);
	MUST(fido->min_pin >= FIDO_PIN_MIN && fido->min_pin <= FIDO_PIN_BYTES_MAX);
	MUST(fido->count <= FIDO_CREDENTIALS_MAX && (fido->count == 0 || fido->has_key));
	MUST(!fido->pin_set || fido->pin_length >= FIDO_PIN_MIN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t select[] = {0, 0xa4, 4, 0, 8, 0xa0, 0, 0, 6, 0x47, 0x2f, 0, 1};
	static struct world world;
	struct reader reader = reader_of(view_of(data, size));

	uint8_t kind = reader_u8(&reader);
	world = (struct world){.touch = CTAP_TOUCHED};
	sim_state_init(&world.state, 1001,
	    (kind & 1) != 0 ? (const uint8_t[]){5, 4, 3} : (const uint8_t[]){5, 7, 4});
	world.state.fido.uv = (kind & 2) != 0;
	ctap_init(&world.ctap, &world.state,
	    &(struct ctap_host){&world, touch, touch_end, finger, save, milliseconds, &world.faults,
	        pause_for, unplug});
	const struct applet applet = ctap_applet(&world.ctap);
	card_init(&world.card, &applet, 1);
	send(&world, VIEW_OF(select));
	while (!reader.failed && reader.rest.size > 0)
		run_step(&world, reader_u8(&reader), &reader);
	check_state(&world.state.fido);
	card_done(&world.card);
	ctap_done(&world.ctap);
	sim_state_done(&world.state);
	return 0;
}
