/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a vault's log for others to verify:
 *
 *	usage: make-log FOLDER LEAVES
 *
 * FOLDER gets the database and, for every tenth size and the last, a signed checkpoint in
 * `checkpoint.SIZE`.  Leaf I has I * I bytes, the first byte varying.  Printed: the log's vkey, then
 * proofs, "inclusion INDEX SIZE HASH..." for every leaf and "consistency OLD SIZE HASH..." for every
 * earlier size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/lib/note_key.h"
#include "vault/log/anchor.h"
#include "vault/log/note.h"
#include "vault/store/log.h"
#include "vault/store/log_hash.h"

struct log {
	const char *folder;
	struct store *store;
	struct secret *seed, *anchor;
	char origin[ORIGIN_MAX + 1];
	struct note_key key; /* its name is the origin */
};

static void
log_done(struct log *log)
{
	store_free(log->store);
	secret_free(log->seed);
	secret_free(log->anchor);
}

static enum err_code
log_start(const char *folder, struct log *log, struct err *err)
{
	struct digest vault;
	log->folder = folder;
	TRY(crypto_start(err));
	TRY(sha256_one(view_of_text("vault"), &vault, err));
	TRY(checkpoint_origin("test.example", &vault, log->origin, err));
	memcpy(log->key.name, log->origin, sizeof(log->origin));
	TRY(secret_new(ED25519_SIZE, &log->seed, err));
	TRY(secret_random(log->seed, ED25519_SIZE, err));
	TRY(ed25519_public(log->seed, &log->key.key, err));
	TRY(anchor_key(log->seed, &log->anchor, err));
	return store_create(folder, "make-log", log->anchor, &log->store, err);
}

static enum err_code
append(struct log *log, uint64_t number, struct err *err)
{
	BUF leaf = {0};
	uint64_t index;
	size_t size = (size_t)(number * number);
	uint8_t *bytes = buf_space(&leaf, size);
	if (bytes != NULL && size > 0)
		bytes[0] = (uint8_t)number;
	TRY(buf_check(&leaf, err));
	TRY(store_begin(log->store, err));
	TRY(store_append_leaf(log->store, buf_view(&leaf), &index, err));
	return store_commit(log->store, err);
}

static enum err_code
write_checkpoint(struct log *log, uint64_t size, struct err *err)
{
	struct checkpoint checkpoint = {.size = size};
	char name[64], path[4096];
	BUF note = {0};
	memcpy(checkpoint.origin, log->origin, sizeof(log->origin));
	TRY(store_log_root(log->store, size, &checkpoint.root, err));
	TRY(checkpoint_sign(&checkpoint, log->seed, &log->key.key, &note, err));
	snprintf(name, sizeof(name), "checkpoint.%llu", (unsigned long long)size);
	TRY(file_path(log->folder, name, path, err));
	return file_write(path, buf_view(&note), 0600, err);
}

static void
print_proof(const char *kind, uint64_t from, uint64_t size, const struct digest *proof,
    size_t count)
{
	char hex[2 * DIGEST_SIZE + 1];
	printf("%s %llu %llu", kind, (unsigned long long)from, (unsigned long long)size);
	for (size_t i = 0; i < count; i++) {
		text_hex(VIEW_OF(proof[i].bytes), hex);
		printf(" %s", hex);
	}
	printf("\n");
}

static enum err_code
print_proofs(struct log *log, uint64_t size, struct err *err)
{
	struct digest proof[TLOG_PROOF_MAX];
	size_t count;
	for (uint64_t i = 0; i < size; i++) {
		TRY(tlog_prove_inclusion(i, size, store_log_fetch, log->store, proof, &count, err));
		print_proof("inclusion", i, size, proof, count);
		TRY(tlog_prove_consistency(i + 1, size, store_log_fetch, log->store, proof, &count,
		    err));
		print_proof("consistency", i + 1, size, proof, count);
	}
	return ERR_OK;
}

static enum err_code
make(struct log *log, uint64_t leaves, struct err *err)
{
	BUF vkey = {0};
	for (uint64_t i = 0; i < leaves; i++) {
		TRY(append(log, i, err));
		if ((i + 1) % 10 == 0 || i + 1 == leaves)
			TRY(write_checkpoint(log, i + 1, err));
	}
	TRY(note_key_format(&log->key, &vkey, err));
	printf("%s\n", buf_string(&vkey));
	return print_proofs(log, leaves, err);
}

int
main(int argc, char **argv)
{
	CLEANUP(log_done) struct log log = {0};
	struct err err;
	if (argc != 3) {
		fprintf(stderr, "usage: make-log FOLDER LEAVES\n");
		return 2;
	}
	enum err_code code = log_start(argv[1], &log, &err);
	if (code == ERR_OK)
		code = make(&log, strtoull(argv[2], NULL, 10), &err);
	if (code != ERR_OK)
		fprintf(stderr, "make-log: %s\n", err.text);
	return code != ERR_OK;
}
