/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sealing, and hashing a log, cost beside what OpenSSL itself needs for the same:
 *
 *	usage: bench-seal ROUNDS FOLDER
 *
 * A version sealed to N recipients, as a ratio to N new P-256 keys that agree with N others, by plain calls of
 * libcrypto.  A log of leaves, hashed as its verification hashes them, and verified where it is stored (in FOLDER for
 * as long as that takes), as a multiple of SHA-256 of the same bytes: those of a leaf, or of a node, in one call each.
 * Both sides by turns; medians, and how far the middle half of them lies apart.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "vault/log/tlog.h"
#include "vault/seal/seal.h"
#include "vault/store/log.h"

enum { ROUNDS_MAX = 5000, KEYS = HEADER_ENVELOPES, LEAVES = 20000, AT_ONCE = 500, LEAF_SIZE = 420 };

/* ---- time: of the CPU, since nothing here waits ---- */

static double
microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

struct series {
	double times[ROUNDS_MAX];
	size_t count;
};

/* How far the middle half lies apart, as a part of the median. */
static double
spread(const struct series *series)
{
	const double *times = series->times;

	return (times[series->count * 3 / 4] - times[series->count / 4]) / times[series->count / 2];
}

/* What is measured, and its bound; both end with 0 or an error. */
struct pair {
	enum err_code (*ours)(void *context, struct err *err);
	enum err_code (*bound)(void *context, struct err *err);
	void *context;
	unsigned rounds;
};

static enum err_code
measure(const struct pair *pair, struct series *ours, struct series *bound, struct err *err)
{
	ours->count = bound->count = 0;
	for (unsigned i = 0; i < pair->rounds; i++) {
		double began = microseconds();

		TRY(pair->ours(pair->context, err));
		double between = microseconds();

		TRY(pair->bound(pair->context, err));
		ours->times[ours->count++] = between - began;
		bound->times[bound->count++] = microseconds() - between;
	}
	qsort(ours->times, ours->count, sizeof(double), compare);
	qsort(bound->times, bound->count, sizeof(double), compare);
	return ERR_OK;
}

static void
print_row(const char *name, const struct series *ours, const struct series *bound, bool multiple)
{
	double time = ours->times[ours->count / 2], least = bound->times[bound->count / 2];
	double fast = ours->times[0], fastest = bound->times[0];

	printf("  %-24s %9.1f %9.1f %5.0f%% %5.0f%% | %5.2f %5.2f\n", name, time, least,
	    100 * spread(ours), 100 * spread(bound), multiple ? time / least : least / time,
	    multiple ? fast / fastest : fastest / fast);
}

/* ---- sealing ---- */

struct seal {
	struct header *ids;
	struct quorum quorum;
	struct seal_recipient recipients[KEYS];
	struct p256_key *keys[KEYS];
	EVP_PKEY *peers[KEYS];
	struct secret *credential;
	size_t count;
};

static void
seal_done(struct seal *seal)
{
	for (size_t i = 0; i < KEYS; i++) {
		p256_key_freep(&seal->keys[i]);
		EVP_PKEY_free(seal->peers[i]);
	}
	header_freep(&seal->ids);
	secret_freep(&seal->credential);
}

static enum err_code
add_recipient(struct seal *seal, struct err *err)
{
	size_t i = seal->count++;

	seal->recipients[i].seat = seal->quorum.seats[i];
	TRY(sha256_one(VIEW_OF(seal->quorum.seats[i]), &seal->recipients[i].token, err));
	TRY(p256_key_new(&seal->keys[i], err));
	p256_key_public(seal->keys[i], &seal->recipients[i].share_key);
	seal->peers[i] = EVP_EC_gen("P-256");
	return seal->peers[i] != NULL ? ERR_OK : err_set(err, ERR_CRYPTO, "no key");
}

static enum err_code
prepare_seal(struct seal *seal, const char *quorum, struct err *err)
{
	TRY(quorum_parse(quorum, &seal->quorum, err));
	TRY(header_new(&seal->ids, err));
	memset(seal->ids->vault.bytes, 1, DIGEST_SIZE);
	memset(seal->ids->secret.bytes, 2, SECRET_ID_SIZE);
	memset(seal->ids->definition.bytes, 3, DIGEST_SIZE);
	memset(seal->ids->charter.bytes, 4, DIGEST_SIZE);
	seal->ids->version = 5;
	while (seal->count < seal->quorum.seat_count)
		TRY(add_recipient(seal, err));
	TRY(credential_new(&seal->credential, err));
	return credential_add(seal->credential, FIELD_PASSWORD,
	    view_of_text("a password of 24 bytes.."), err);
}

static enum err_code
seal_once(void *context, struct err *err)
{
	const struct seal *seal = context;
	SEALED_VERSION version = {0};

	return seal_version(seal->ids, &seal->quorum, seal->recipients, seal->count,
	    secret_view(seal->credential), &version, NULL, err);
}

static bool
agree(EVP_PKEY *peer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	uint8_t shared[SCALAR_SIZE];
	size_t size = sizeof(shared);
	bool agreed = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(context, peer, 0) == 1 &&
	    EVP_PKEY_derive(context, shared, &size) == 1;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	return agreed;
}

static enum err_code
agree_with_all(void *context, struct err *err)
{
	const struct seal *seal = context;

	for (size_t i = 0; i < seal->count; i++)
		if (!agree(seal->peers[i]))
			return err_set(err, ERR_CRYPTO, "OpenSSL's own ECDH failed");
	return ERR_OK;
}

static enum err_code
measure_seal(const char *name, const char *quorum, unsigned rounds, struct err *err)
{
	static struct series ours, bound;
	CLEANUP(seal_done) struct seal seal = {0};

	TRY(prepare_seal(&seal, quorum, err));
	const struct pair pair = {seal_once, agree_with_all, &seal, rounds};

	TRY(measure(&pair, &ours, &bound, err));
	print_row(name, &ours, &bound, false);
	return ERR_OK;
}

/* ---- hashing a log ---- */

struct leaves {
	uint8_t bytes[LEAF_SIZE + 1]; /* with a leaf's first byte */
	size_t size;
	EVP_MD *digest;
	EVP_MD_CTX *context;
	struct store *store;
	struct secret *key;
};

static void
leaves_done(struct leaves *leaves)
{
	EVP_MD_CTX_free(leaves->context);
	EVP_MD_free(leaves->digest);
	store_freep(&leaves->store);
	secret_freep(&leaves->key);
}

static enum err_code
hash_log(void *context, struct err *err)
{
	const struct leaves *leaves = context;
	struct tlog_frontier frontier = {0};
	struct digest root;

	for (size_t i = 0; i < LEAVES; i++)
		TRY(tlog_add(&frontier, view_of(leaves->bytes + 1, leaves->size), err));
	return tlog_frontier_root(&frontier, &root, err);
}

static bool
hash_plainly(const struct leaves *leaves, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	return EVP_DigestInit_ex2(leaves->context, leaves->digest, NULL) == 1 &&
	    EVP_DigestUpdate(leaves->context, leaves->bytes, size) == 1 &&
	    EVP_DigestFinal_ex(leaves->context, digest, NULL) == 1;
}

static enum err_code
hash_same(void *context, struct err *err)
{
	const struct leaves *leaves = context;

	for (size_t i = 0; i < LEAVES; i++)
		if (!hash_plainly(leaves, leaves->size + 1) ||
		    (i > 0 && !hash_plainly(leaves, 1 + 2 * DIGEST_SIZE)))
			return err_set(err, ERR_CRYPTO, "OpenSSL's own SHA-256 failed");
	return ERR_OK;
}

static enum err_code
verify_stored(void *context, struct err *err)
{
	const struct leaves *leaves = context;

	return store_log_recompute(leaves->store, NULL, err);
}

static enum err_code
store_leaves(struct leaves *leaves, const char *folder, struct err *err)
{
	uint64_t index;

	TRY(secret_from(view_of_text("a key of 32 bytes for the bench."), &leaves->key, err));
	TRY(store_create(folder, "bench", leaves->key, &leaves->store, err));
	for (size_t i = 0; i < LEAVES; i++) {
		if (i % AT_ONCE == 0)
			TRY(store_begin(leaves->store, err));
		TRY(store_append_leaf(leaves->store, view_of(leaves->bytes + 1, leaves->size),
		    &index, err));
		if (i % AT_ONCE == AT_ONCE - 1)
			TRY(store_commit(leaves->store, err));
	}
	return ERR_OK;
}

static enum err_code
prepare_leaves(struct leaves *leaves, struct err *err)
{
	leaves->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	leaves->context = EVP_MD_CTX_new();
	if (leaves->digest == NULL || leaves->context == NULL)
		return err_set(err, ERR_CRYPTO, "no SHA-256");
	return ERR_OK;
}

static enum err_code
measure_log(size_t size, const char *folder, unsigned rounds, struct err *err)
{
	static struct series ours, bound;
	CLEANUP(leaves_done) struct leaves leaves = {.bytes = "x", .size = size};
	char name[64];

	TRY(prepare_leaves(&leaves, err));
	if (folder != NULL)
		TRY(store_leaves(&leaves, folder, err));
	const struct pair pair = {folder != NULL ? verify_stored : hash_log, hash_same, &leaves,
	    rounds};

	TRY(measure(&pair, &ours, &bound, err));
	snprintf(name, sizeof(name), "%s %zu bytes", folder != NULL ? "verified," : "hashed,",
	    size);
	print_row(name, &ours, &bound, true);
	return ERR_OK;
}

/* In a folder of its own in FOLDER, which is removed again. */
static enum err_code
measure_stored(size_t size, const char *folder, unsigned rounds, struct err *err)
{
	char path[4096], command[4200];

	snprintf(path, sizeof(path), "%s/bench-seal-XXXXXX", folder);
	if (mkdtemp(path) == NULL)
		return err_set(err, ERR_IO, "cannot make a folder in %s", folder);
	enum err_code code = measure_log(size, path, rounds, err);

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		fprintf(stderr, "bench-seal: %s stays\n", path);
	return code;
}

/* ---- all ---- */

static enum err_code
measure_all(unsigned rounds, const char *folder, struct err *err)
{
	TRY(crypto_start(err));
	printf("  %-24s %9s %9s %6s %6s | %5s %5s\n", "", "us", "bound us", "spread", "spread",
	    "ratio", "least");
	TRY(measure_seal("seal 2 of 3", "2 of (a, b, c)", rounds, err));
	TRY(measure_seal("seal 3 of 5", "3 of (a, b, c, d, e)", rounds, err));
	TRY(measure_seal("seal 5 of 9", "5 of (a, b, c, d, e, f, g, h, i)", rounds, err));
	printf("  a log of %d leaves: times SHA-256 of the same bytes\n", (int)LEAVES);
	TRY(measure_log(LEAF_SIZE, NULL, rounds / 20 + 1, err));
	TRY(measure_log(100, NULL, rounds / 20 + 1, err));
	return measure_stored(LEAF_SIZE, folder, rounds / 20 + 1, err);
}

int
main(int argc, char **argv)
{
	struct err err;
	unsigned rounds = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	if (rounds == 0 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench-seal ROUNDS FOLDER\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (measure_all(rounds, argv[2], &err) == ERR_OK)
		return 0;
	fprintf(stderr, "bench-seal: %s\n", err.text);
	return 1;
}
