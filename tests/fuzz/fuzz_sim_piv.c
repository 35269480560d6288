/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole simulated PIV application: u8 firmware (and from 10 on, quirks), then steps, each u8
 * kind: 0 to 3 as below, or the length of a command, which follows; FF takes the length from the
 * next two bytes.
 */
#include <string.h>

#include "tests/fuzz/target.h"
#include "tokens/sim/piv/applet.h"

enum { UNPLUG, TOUCH, DISK, TIME, LONG = 0xff };

struct world {
	bool touched, broken;
	int64_t now;
};

enum err_code __wrap_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err);
enum err_code __real_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err);

/* RSA keys are made once, and the long ones never: that takes seconds. */
enum err_code
__wrap_sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err)
{
	static struct buf made[256];

	if (algorithm == SIM_RSA3072 || algorithm == SIM_RSA4096)
		return err_set(err, ERR_CRYPTO, "too slow here");
	if (made[algorithm].size == 0 &&
	    __real_sim_key_generate(algorithm, &made[algorithm], err) != ERR_OK)
		return err->code;
	buf_bytes(ret_private, buf_view(&made[algorithm]));
	return buf_check(ret_private, err);
}

static bool
touch(void *context)
{
	return ((struct world *)context)->touched;
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

/* The factory's attestation key, made once. */
static void
attest(struct sim_state *state)
{
	static struct sim_state factory;
	struct err err;

	if (factory.serial == 0) {
		sim_state_init(&factory, 1001, (const uint8_t[]){5, 7, 4});
		MUST(sim_state_attest(&factory, &err) == ERR_OK);
	}
	const struct sim_key *from = sim_state_key(&factory, SIM_SLOT_ATTESTATION);
	struct sim_key *to = sim_state_key(state, SIM_SLOT_ATTESTATION);
	if (to == NULL) /* no YubiKey, no such slot */
		return;
	*to = *from;
	to->private_key = (struct buf){0};
	buf_bytes(&to->private_key, buf_view(&from->private_key));
	MUST(sim_state_put(state, SIM_OBJECT_ATTESTATION,
	         buf_view(&sim_state_object(&factory, SIM_OBJECT_ATTESTATION)->value),
	         &err) == ERR_OK);
}

static void
send(struct card *card, struct view command)
{
	BUF reply = {0};

	card_transmit(card, command, &reply);
	MUST(!reply.failed && reply.size >= 2);
}

static void
check_state(struct sim_state *state)
{
	MUST(state->pin.tries <= state->pin.total && state->puk.tries <= state->puk.total);
	MUST(sim_block_key_size(state->management.algorithm) != 0);
	MUST(state->object_count <= SIM_OBJECTS);
	for (size_t i = 0; i < SIM_KEYS; i++)
		MUST(state->keys[i].algorithm == 0 || state->keys[i].private_key.size > 0);
}

static void
run_steps(struct piv *piv, struct card *card, struct world *world, struct reader *reader)
{
	while (!reader->failed && reader->rest.size > 0) {
		size_t length = reader_u8(reader);

		switch (length) {
		case UNPLUG:
			piv_unplug(piv);
			card_reset(card);
			continue;
		case TOUCH:
			world->touched = !world->touched;
			continue;
		case DISK:
			world->broken = !world->broken;
			continue;
		case TIME:
			world->now += 10000;
			continue;
		case LONG:
			length = reader_u16(reader);
			break;
		}
		send(card, reader_bytes(reader, length));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t firmwares[][3] = {{5, 7, 4}, {4, 2, 0}, {4, 3, 5}, {5, 4, 3},
	    {0, 0, 0}};
	static const uint8_t select[] = {0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8};
	struct reader reader = reader_of(view_of(data, size));
	struct world world = {.touched = true};
	SIM_STATE state = {0};
	struct piv piv;
	struct card card;

	uint8_t kind = reader_u8(&reader);
	sim_state_init(&state, 1001, firmwares[(kind & 15) % ARRAY_SIZE(firmwares)]);
	state.quirks = kind >> 4;
	attest(&state);
	piv_init(&piv, &state, &(struct piv_host){&world, touch, save, milliseconds});
	const struct applet applet = piv_applet(&piv);
	card_init(&card, &applet, 1);
	send(&card, VIEW_OF(select));
	run_steps(&piv, &card, &world, &reader);
	check_state(&state);
	card_done(&card);
	return 0;
}
