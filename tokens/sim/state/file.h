/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a simulated token remembers without power: one JSON file, written atomically at each
 * change.  It holds PIN, PUK and private keys in the clear, which is fine for a training token
 * (its attestation root is public) and wrong for anything else; the file has mode 0600 all the
 * same.
 *
 *	{"type":"halligan-simtoken","version":1,"serial":1001,"firmware":"5.7.4",
 *	 "quirks":"few-slots,touch",			-- only when there are any
 *	 "pin":{"value":HEX,"tries":3,"total":3},"puk":{...},
 *	 "management":{"algorithm":10,"key":HEX,"touch":false},
 *	 "keys":[{"slot":130,"algorithm":17,"pin":2,"touch":2,"generated":true,"private":HEX}],
 *	 "objects":[{"tag":6275333,"value":HEX}],
 *	 "fido":{...}}			see tokens/sim/state/fido.h
 */
#ifndef TOKENS_SIM_STATE_FILE_H
#define TOKENS_SIM_STATE_FILE_H

#include "tokens/sim/state/state.h"

enum err_code sim_state_load(const char *path, struct sim_state *ret_state,
    struct err *err) MUST_CHECK;
enum err_code sim_state_save(const char *path, const struct sim_state *state,
    struct err *err) MUST_CHECK;
/* Make a new file; ERR_EXISTS when there is one. */
enum err_code sim_state_save_new(const char *path, const struct sim_state *state,
    struct err *err) MUST_CHECK;

#endif
