/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the golden envelope and hands its shares on to a made-up spare token:
 *
 *	usage: make-spare FOLDER
 *
 * version-1.spare (65 bytes enc, then ciphertext) and .spare-key (the private scalar that opens it); the
 * spare's token id is the hash of "token spare".  Run by hand, once; its output is committed.  Nothing in
 * it is secret.
 */
#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "vault/seal/envelope.h"

struct golden {
	struct buf header_bytes, envelope, scalar;
	struct header *header;
	struct digest hash;
};

static enum err_code
read_one(const char *folder, const char *name, struct buf *ret_bytes, struct err *err)
{
	char path[4096];

	TRY(file_path(folder, name, path, err));
	return file_read(path, HEADER_MAX, ret_bytes, err);
}

static enum err_code
write_one(const char *folder, const char *name, struct view bytes, struct err *err)
{
	char path[4096];

	TRY(file_path(folder, name, path, err));
	return file_write_new(path, bytes, 0644, err);
}

static enum err_code
load(const char *folder, struct golden *golden, struct err *err)
{
	TRY(read_one(folder, "version-1.header", &golden->header_bytes, err));
	TRY(read_one(folder, "version-1.envelope", &golden->envelope, err));
	TRY(read_one(folder, "version-1.share-key", &golden->scalar, err));
	TRY(header_new(&golden->header, err));
	TRY(header_decode(buf_view(&golden->header_bytes), golden->header, err));
	return header_hash(buf_view(&golden->header_bytes), &golden->hash, err);
}

static enum err_code
open_shares(const struct golden *golden, struct secret **ret_shares, struct err *err)
{
	SECRET *scalar = NULL;
	P256_KEY *key = NULL;
	struct view envelope = buf_view(&golden->envelope);

	TRY(secret_from(buf_view(&golden->scalar), &scalar, err));
	TRY(p256_key_from(scalar, &key, err));
	return seal_open_envelope(golden->header, &golden->hash, 0,
	    view_of(envelope.data, POINT_SIZE),
	    view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE), hpke_agree_local, key,
	    ret_shares, err);
}

static enum err_code
make(const char *folder, struct golden *golden, struct err *err)
{
	SECRET *shares = NULL, *scalar = NULL;
	P256_KEY *key = NULL;
	HPKE *hpke = NULL;
	BUF box = {0};
	struct digest token, info;
	struct point public, enc;

	TRY(crypto_start(err));
	TRY(load(folder, golden, err));
	TRY(open_shares(golden, &shares, err));
	TRY(p256_key_new(&key, err));
	p256_key_public(key, &public);
	TRY(p256_key_scalar(key, &scalar, err));
	TRY(sha256_one(view_of_text("token spare"), &token, err));
	TRY(seal_spare_info(golden->header, 0, &token, &info, err));
	TRY(hpke_sender(hpke_suite_default, &public, VIEW_OF(info.bytes), &hpke, &enc, err));
	buf_bytes(&box, VIEW_OF(enc.bytes));
	TRY(hpke_seal(hpke, VIEW_OF(golden->hash.bytes), secret_view(shares), &box, err));
	TRY(write_one(folder, "version-1.spare", buf_view(&box), err));
	return write_one(folder, "version-1.spare-key", secret_view(scalar), err);
}

int
main(int argc, char **argv)
{
	struct err err;
	struct golden golden = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: make-spare FOLDER\n");
		return 2;
	}
	enum err_code code = make(argv[1], &golden, &err);
	if (code != ERR_OK)
		fprintf(stderr, "make-spare: %s\n", err.text);
	buf_done(&golden.header_bytes);
	buf_done(&golden.envelope);
	buf_done(&golden.scalar);
	header_freep(&golden.header);
	return code != ERR_OK;
}
