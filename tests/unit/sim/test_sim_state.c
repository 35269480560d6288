/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated token's state file: what is written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/file.h"
#include "tokens/sim/state/file.h"
#include "tokens/sim/state/state.h"

struct place {
	char folder[64], path[80];
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->folder, "/tmp/halligan-sim-state-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/token.json", place->folder);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static void
fill(struct sim_state *state)
{
	struct sim_key *key;
	struct err err;

	sim_state_init(state, 4294967295, (const uint8_t[]){5, 4, 3});
	assert_int_equal(sim_state_attest(state, &err), ERR_OK);
	assert_int_equal(sim_reference_set(&state->pin, "24681357", &err), ERR_OK);
	state->pin.tries = 1;
	state->puk.total = 200;
	state->quirks = SIM_QUIRK_TOUCH | SIM_QUIRK_FORGETS_PIN;
	state->management.touch = true;
	key = sim_state_key(state, 0x95);
	assert_int_equal(sim_key_generate(SIM_P384, &key->private_key, &err), ERR_OK);
	key->algorithm = SIM_P384;
	key->pin_policy = 3;
	key->touch_policy = 2;
	assert_int_equal(sim_state_put(state, 0x5fc105, view_of("\0object\xff", 8), &err), ERR_OK);
	sim_fido_init(&state->fido, true, true);
	assert_int_equal(sim_fido_set_pin(&state->fido, view_of_text("2468"), &err), ERR_OK);
	state->fido.pin_tries = 2;
	state->fido.uv_tries = 0;
	state->fido.change_pin = state->fido.has_key = true;
	state->fido.counter = UINT32_MAX;
	memset(state->fido.key, 0xa5, sizeof(state->fido.key));
	state->fido.count = 2;
	memset(state->fido.credentials[0].id, 1, FIDO_ID_SIZE);
	memset(state->fido.credentials[0].rp, 2, state->fido.credentials[0].rp_size = FIDO_RP_MAX);
	memset(state->fido.credentials[1].user.bytes, 3,
	    state->fido.credentials[1].user.size = FIDO_USER_MAX);
}

static void
assert_equal_states(const struct sim_state *a, const struct sim_state *b)
{
	assert_int_equal(a->serial, b->serial);
	assert_memory_equal(a->firmware, b->firmware, sizeof(a->firmware));
	assert_int_equal(a->quirks, b->quirks);
	assert_memory_equal(&a->pin, &b->pin, sizeof(a->pin));
	assert_memory_equal(&a->puk, &b->puk, sizeof(a->puk));
	assert_int_equal(a->management.algorithm, b->management.algorithm);
	assert_int_equal(a->management.touch, b->management.touch);
	assert_memory_equal(a->management.key, b->management.key, sizeof(a->management.key));
	assert_memory_equal(&a->fido, &b->fido, sizeof(a->fido));
	for (size_t i = 0; i < SIM_KEYS; i++) {
		const struct sim_key *x = &a->keys[i], *y = &b->keys[i];
		assert_int_equal(x->slot, y->slot);
		assert_int_equal(x->algorithm, y->algorithm);
		assert_int_equal(x->pin_policy, y->pin_policy);
		assert_int_equal(x->touch_policy, y->touch_policy);
		assert_int_equal(x->generated, y->generated);
		assert_true(view_equal(buf_view(&x->private_key), buf_view(&y->private_key)));
	}
	assert_int_equal(a->object_count, b->object_count);
	for (size_t i = 0; i < a->object_count; i++) {
		assert_int_equal(a->objects[i].tag, b->objects[i].tag);
		assert_true(
		    view_equal(buf_view(&a->objects[i].value), buf_view(&b->objects[i].value)));
	}
}

static void
a_token_comes_back_as_it_was_saved(void **state)
{
	const struct place *place = *state;
	struct stat status;
	struct err err;
	SIM_STATE saved = {0};
	SIM_STATE loaded = {0};

	fill(&saved);
	assert_int_equal(sim_state_save_new(place->path, &saved, &err), ERR_OK);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(sim_state_load(place->path, &loaded, &err), ERR_OK);
	assert_equal_states(&saved, &loaded);
}

static void
a_new_token_never_replaces_another(void **state)
{
	const struct place *place = *state;
	struct err err;
	SIM_STATE first = {0};
	SIM_STATE second = {0};
	SIM_STATE loaded = {0};

	fill(&first);
	sim_state_init(&second, 7, (const uint8_t[]){5, 7, 4});
	assert_int_equal(sim_state_save_new(place->path, &first, &err), ERR_OK);
	assert_int_equal(sim_state_save_new(place->path, &second, &err), ERR_EXISTS);
	assert_int_equal(sim_state_load(place->path, &loaded, &err), ERR_OK);
	assert_int_equal(loaded.serial, first.serial);
}

static enum err_code
load_text(const struct place *place, struct view text, struct err *err)
{
	SIM_STATE state = {0};

	assert_int_equal(file_write(place->path, text, 0600, err), ERR_OK);
	return sim_state_load(place->path, &state, err);
}

static void
a_state_cut_anywhere_is_refused_and_named(void **state)
{
	const struct place *place = *state;
	struct err err;
	SIM_STATE saved = {0};
	BUF text = {0};

	fill(&saved);
	assert_int_equal(sim_state_save(place->path, &saved, &err), ERR_OK);
	assert_int_equal(file_read(place->path, 1 << 20, &text, &err), ERR_OK);
	for (size_t size = 0; size + 2 < text.size; size += 1 + size / 8) {
		assert_int_not_equal(load_text(place, view_of(text.data, size), &err), ERR_OK);
		assert_non_null(strstr(err.text, place->path));
	}
}

static void
members_out_of_range_are_refused(void **state)
{
	const struct place *place = *state;
	static const struct {
		const char *find, *put;
	} edits[] = {
	    {"\"version\":1", "\"version\":2"},
	    {"\"type\":\"halligan-simtoken\"", "\"type\":\"halligan-simtokem\""},
	    {"\"serial\":4294967295", "\"serial\":4294967296"},
	    {"\"serial\":4294967295", "\"serial\":0"},
	    {"\"firmware\":\"5.4.3\"", "\"firmware\":\"5.4.3.\""},
	    {"\"firmware\":\"5.4.3\"", "\"firmware\":\"5.4.256\""},
	    {"\"tries\":1,\"total\":3", "\"tries\":4,\"total\":3"},
	    {"\"algorithm\":3,", "\"algorithm\":4,"},
	    {"\"slot\":149", "\"slot\":150"},
	    {"\"slot\":149", "\"slot\":249"},
	    {"\"algorithm\":20", "\"algorithm\":21"},
	    {"\"pin\":3,\"touch\":2", "\"pin\":4,\"touch\":2"},
	    {"\"tag\":6275333", "\"tag\":6291201"},
	    {"\"objects\"", "\"objectz\""},
	    {"\"private\":\"30", "\"private\":\"31"},
	    {"\"quirks\":\"forgets-pin,touch\"", "\"quirks\":\"forgets-pin,touch,\""},
	    {"\"quirks\":\"forgets-pin,touch\"", "\"quirks\":8"},
	};
	struct err err;
	SIM_STATE saved = {0};
	BUF text = {0};

	fill(&saved);
	assert_int_equal(sim_state_save(place->path, &saved, &err), ERR_OK);
	assert_int_equal(file_read(place->path, 1 << 20, &text, &err), ERR_OK);
	assert_int_equal(load_text(place, buf_view(&text), &err), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		const char *whole = buf_string(&text), *at = strstr(whole, edits[i].find);
		BUF edited = {0};
		assert_non_null(at);
		buf_bytes(&edited, view_of(whole, (size_t)(at - whole)));
		buf_text(&edited, edits[i].put);
		buf_text(&edited, at + strlen(edits[i].find));
		assert_int_not_equal(load_text(place, buf_view(&edited), &err), ERR_OK);
	}
}

static void
a_state_from_before_fido2_begins_without(void **state)
{
	const struct place *place = *state;
	SIM_STATE token = {0};
	SIM_STATE read = {0};
	struct err err;
	BUF text = {0};

	fill(&token);
	assert_int_equal(sim_state_save_new(place->path, &token, &err), ERR_OK);
	assert_int_equal(file_read(place->path, 1 << 20, &text, &err), ERR_OK);
	char *member = strstr(buf_string(&text), ",\"fido\":");
	assert_non_null(member);
	strcpy(member, "}\n");
	assert_int_equal(file_write(place->path, view_of_text((const char *)text.data), 0600, &err),
	    ERR_OK);
	assert_int_equal(sim_state_load(place->path, &read, &err), ERR_OK);
	sim_fido_init(&token.fido, false, false);
	assert_equal_states(&token, &read);
}

static void
save_with_key(const struct place *place, uint8_t algorithm, uint8_t made_as, bool trailing)
{
	struct err err;
	SIM_STATE saved = {0};

	sim_state_init(&saved, 1001, (const uint8_t[]){5, 7, 4});
	struct sim_key *key = sim_state_key(&saved, 0x82);
	key->algorithm = algorithm;
	key->pin_policy = key->touch_policy = 2;
	assert_int_equal(sim_key_generate(made_as, &key->private_key, &err), ERR_OK);
	if (trailing)
		buf_u8(&key->private_key, 0);
	assert_int_equal(sim_state_save(place->path, &saved, &err), ERR_OK);
}

static void
a_key_is_of_its_algorithm_and_nothing_follows_it(void **state)
{
	static const uint8_t kinds[] = {SIM_P256, SIM_P384, SIM_RSA1024, SIM_ED25519, SIM_X25519};
	const struct place *place = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++) {
			SIM_STATE loaded = {0};

			save_with_key(place, kinds[i], kinds[j], false);
			assert_int_equal(sim_state_load(place->path, &loaded, &err),
			    i == j ? ERR_OK : ERR_INVALID);
			save_with_key(place, kinds[i], kinds[i], true);
			assert_int_equal(sim_state_load(place->path, &loaded, &err), ERR_INVALID);
		}
	SIM_STATE loaded = {0};
	save_with_key(place, SIM_RSA2048, SIM_RSA1024, false);
	assert_int_equal(sim_state_load(place->path, &loaded, &err), ERR_INVALID);
}

static void
firmware_versions_are_three_numbers(void **state)
{
	static const char *const bad[] = {"", "5", "5.7", "5.7.", "5.7.4.1", "5.7.4 ", "a.b.c",
	    "-5.7.4", "5..4", "5.7.0256"};
	uint8_t firmware[3];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sim_firmware_from(bad[i], firmware, &err), ERR_INVALID);
	assert_int_equal(sim_firmware_from("255.0.10", firmware, &err), ERR_OK);
	assert_memory_equal(firmware, "\xff\x00\x0a", 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_token_comes_back_as_it_was_saved, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_new_token_never_replaces_another, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_state_cut_anywhere_is_refused_and_named, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(members_out_of_range_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_state_from_before_fido2_begins_without, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(a_key_is_of_its_algorithm_and_nothing_follows_it, setup,
	        teardown),
	    cmocka_unit_test(firmware_versions_are_three_numbers),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated token state", tests, NULL, NULL);
}
