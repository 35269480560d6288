/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated token's state file: what is accepted is written, read and written again alike. */
#include "base/file.h"
#include "tests/fuzz/target.h"
#include "tokens/sim/crypto/key_check.h"
#include "tokens/sim/state/file.h"
#include "tokens/sim/state/state.h"

static struct view on_disk; /* what the file holds */
static struct buf written;  /* what was saved last */

enum err_code __wrap_file_read(const char *path, size_t max, struct buf *ret_bytes,
    struct err *err);
enum err_code __wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err);

enum err_code
__wrap_file_read(const char *path, size_t max, struct buf *ret_bytes, struct err *err)
{
	(void)path;
	if (on_disk.size > max)
		return err_set(err, ERR_INVALID, "too large");
	buf_bytes(ret_bytes, on_disk);
	return buf_check(ret_bytes, err);
}

enum err_code
__wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	(void)path;
	MUST(mode == 0600);
	buf_done(&written);
	buf_bytes(&written, bytes);
	return buf_check(&written, err);
}

/* Every key that a token has is what it is said to be, and can be described. */
static void
check_keys(const struct sim_state *state)
{
	struct err err;

	for (size_t i = 0; i < SIM_KEYS; i++) {
		const struct sim_key *key = &state->keys[i];
		struct view private_key = buf_view(&key->private_key);
		BUF encoded = {0};

		if (key->algorithm == 0)
			continue;
		MUST(sim_key_check(key->algorithm, private_key, &err) == ERR_OK);
		MUST(sim_key_public(private_key, &encoded, &err) == ERR_OK);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SIM_STATE state = {0};
	SIM_STATE again = {0};
	struct err err;
	BUF first = {0};

	on_disk = view_of(data, size);
	if (sim_state_load("state", &state, &err) != ERR_OK)
		return 0;
	check_keys(&state);
	MUST(sim_state_save("state", &state, &err) == ERR_OK);
	buf_bytes(&first, buf_view(&written));
	on_disk = buf_view(&first);
	MUST(sim_state_load("state", &again, &err) == ERR_OK);
	MUST(sim_state_save("state", &again, &err) == ERR_OK);
	MUST(view_equal(buf_view(&first), buf_view(&written)));
	return 0;
}
