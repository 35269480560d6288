/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals one made-up credential and writes what a later Halligan must be able to open for ever:
 *
 *	usage: make-golden FOLDER
 *
 * version-1.header and .ciphertext as the store keeps them, .dek, .credential (the plaintext as
 * base/credential.h encodes it), .envelope (65 bytes enc, then ciphertext, of the header's first
 * envelope) and .share-key (the 32-byte private scalar that opens it).  Run by hand, once for each
 * format; its output is committed and never made again.  Nothing in it is secret.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/file.h"
#include "vault/seal/seal.h"

static const char *const quorum_text =
    "2 of (ciso, infra, audit) or (1 of (ceo, cto) and 1 of (infra, secops))";
static const char *const seats[] = {"ciso", "ciso", "infra", "audit", "ceo", "cto", "secops"};

static enum err_code
make_credential(struct secret **ret_credential, struct err *err)
{
	SECRET *credential = NULL;
	TRY(credential_new(&credential, err));
	TRY(credential_add(credential, FIELD_USERNAME, view_of_text("root"), err));
	TRY(credential_add(credential, FIELD_PASSWORD, view_of_text("correct horse battery staple"),
	    err));
	TRY(credential_add(credential, FIELD_NOTE, view_of_text("a golden credential"), err));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

static enum err_code
make_ids(struct header *ids, struct err *err)
{
	struct digest secret;
	TRY(sha256_one(view_of_text("vault"), &ids->vault, err));
	TRY(sha256_one(view_of_text("secret"), &secret, err));
	memcpy(ids->secret.bytes, secret.bytes, SECRET_ID_SIZE);
	TRY(sha256_one(view_of_text("definition"), &ids->definition, err));
	TRY(sha256_one(view_of_text("charter"), &ids->charter, err));
	ids->version = 7;
	return ERR_OK;
}

/* Token ids are hashes of "token 0", "token 1", ...; KEYS are the share keys. */
static enum err_code
make_recipients(struct p256_key **keys, struct seal_recipient *recipients, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++) {
		char token[16];
		snprintf(token, sizeof(token), "token %zu", i);
		recipients[i].seat = seats[i];
		TRY(sha256_one(view_of_text(token), &recipients[i].token, err));
		TRY(p256_key_new(&keys[i], err));
		p256_key_public(keys[i], &recipients[i].share_key);
	}
	return ERR_OK;
}

static enum err_code
write_file(const char *folder, const char *name, struct view bytes, struct err *err)
{
	char path[4096];
	TRY(file_path(folder, name, path, err));
	return file_write_new(path, bytes, 0644, err);
}

/* The first envelope, and the one of KEYS that it is sealed to. */
static enum err_code
write_envelope(const char *folder, const struct sealed_version *version, struct p256_key **keys,
    struct err *err)
{
	HEADER *header = NULL;
	SECRET *scalar = NULL;
	BUF envelope = {0};
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++) {
		struct point public;
		p256_key_public(keys[i], &public);
		if (point_equal(&public, &header->envelopes[0].recipient))
			TRY(p256_key_scalar(keys[i], &scalar, err));
	}
	buf_bytes(&envelope, VIEW_OF(version->envelopes[0].enc));
	buf_bytes(&envelope, buf_view(&version->envelopes[0].ciphertext));
	TRY(write_file(folder, "version-1.envelope", buf_view(&envelope), err));
	return write_file(folder, "version-1.share-key", secret_view(scalar), err);
}

static enum err_code
make(const char *folder, struct p256_key **keys, struct err *err)
{
	HEADER *ids = NULL;
	SECRET *credential = NULL;
	SECRET *dek = NULL;
	SEALED_VERSION version = {0};
	struct quorum quorum;
	struct seal_recipient recipients[ARRAY_SIZE(seats)];
	TRY(crypto_start(err));
	TRY(header_new(&ids, err));
	TRY(make_ids(ids, err));
	TRY(make_credential(&credential, err));
	TRY(quorum_parse(quorum_text, &quorum, err));
	TRY(make_recipients(keys, recipients, err));
	TRY(seal_version(ids, &quorum, recipients, ARRAY_SIZE(seats), secret_view(credential),
	    &version, &dek, err));
	TRY(write_file(folder, "version-1.header", buf_view(&version.header), err));
	TRY(write_file(folder, "version-1.ciphertext", buf_view(&version.ciphertext), err));
	TRY(write_file(folder, "version-1.dek", secret_view(dek), err));
	TRY(write_file(folder, "version-1.credential", secret_view(credential), err));
	return write_envelope(folder, &version, keys, err);
}

int
main(int argc, char **argv)
{
	struct err err;
	struct p256_key *keys[ARRAY_SIZE(seats)] = {NULL};
	if (argc != 2) {
		fprintf(stderr, "usage: make-golden FOLDER\n");
		return 2;
	}
	enum err_code code = make(argv[1], keys, &err);
	if (code != ERR_OK)
		fprintf(stderr, "make-golden: %s\n", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		p256_key_free(keys[i]);
	return code != ERR_OK;
}
