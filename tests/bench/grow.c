/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault that was founded with simulated tokens, grown through the store's calls:
 *
 *	usage: bench-grow VAULT OPERATOR OFFICER SECRETS DEBTS LEAVES
 *
 * OPERATOR: the state of an operator's simulated token (PIV), which tells its sign key.  Prints nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "ceremony/server/vault/open.h"
#include "ceremony/server/vault/session.h"
#include "rotators/contract/places.h"
#include "tests/unit/server/grown_bench.h"
#include "tokens/sim/state/file.h"

/* How a scalar begins in the DER of a P-256 key (RFC 5915): version 1, then 32 octets. */
static const uint8_t scalar_begins[] = {0x02, 0x01, 0x01, 0x04, 0x20};

/* NULL: no such key. */
static struct p256_key *
key_of(struct view der)
{
	struct err err;
	SECRET *scalar = NULL;
	struct p256_key *key = NULL;
	const uint8_t *at = memmem(der.data, der.size, scalar_begins, sizeof(scalar_begins));

	if (at == NULL || (size_t)(der.data + der.size - at) < sizeof(scalar_begins) + 32)
		return NULL;
	assert_ok(secret_from(view_of(at + sizeof(scalar_begins), 32), &scalar, &err));
	return p256_key_from(scalar, &key, &err) == ERR_OK ? key : NULL;
}

/* The seat one of whose tokens has KEY as its sign key. */
static const struct seat *
seat_of(const struct charter *charter, const struct p256_key *key)
{
	struct point point;

	p256_key_public(key, &point);
	for (size_t i = 0; i < charter->seat_count; i++)
		if (memcmp(&charter->seats[i].tokens[0].keys[KEY_SIGN], &point, sizeof(point)) == 0)
			return &charter->seats[i];
	return NULL;
}

static void
load_person(const char *path, const struct charter *charter, struct person *ret_person)
{
	struct err err;
	SIM_STATE state = {0};

	assert_ok(sim_state_load(path, &state, &err));
	for (size_t i = 0; i < SIM_KEYS; i++) {
		P256_KEY *key = key_of(buf_view(&state.keys[i].private_key));
		const struct seat *seat = key != NULL ? seat_of(charter, key) : NULL;

		if (seat == NULL)
			continue;
		ret_person->seat = *seat;
		ret_person->keys[KEY_SIGN] = TAKE(key);
		return;
	}
	fail_msg("%s has no sign key of the charter", path);
}

static void
grow(const char *folder, const char *operator, const char * officer, const struct growth *growth)
{
	struct err err;
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	const struct server_options options = {.folder = folder,
	    .rotators = &none,
	    .now = process_now};
	SESSION session = {0};
	struct person signer = {0}, second = {0};

	assert_ok(session_open(&session, &options, -1, &err));
	load_person(operator, session.chain.charter, &signer);
	load_person(officer, session.chain.charter, &second);
	const struct ground ground = {.store = session.store,
	    .vault_id = session.chain.vault,
	    .charter = session.chain.charter,
	    .signer = &signer,
	    .second = &second,
	    .target = "/nonexistent",
	    .now = process_now()};
	ground_grow(&ground, growth);
	p256_key_free(signer.keys[KEY_SIGN]);
	p256_key_free(second.keys[KEY_SIGN]);
}

int
main(int argc, char **argv)
{
	struct err err;

	if (argc != 7) {
		fprintf(stderr, "usage: bench-grow VAULT OPERATOR OFFICER SECRETS DEBTS LEAVES\n");
		return 2;
	}
	const struct growth growth = {(unsigned)strtoul(argv[4], NULL, 10),
	    (unsigned)strtoul(argv[5], NULL, 10), strtoull(argv[6], NULL, 10)};
	assert_ok(crypto_start(&err));
	grow(argv[1], argv[2], argv[3], &growth);
	return 0;
}
