/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys go from memory to file and back as one locked block.  Everything is written by
 * base/file.h: whole and durable, or not at all.
 */
#include "ceremony/server/vault/host.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "vault/documents/id.h"
#include "vault/log/anchor.h"

enum {
	FILE_FORMAT = 1,
	PREFIX_SIZE = 6,
	HOST_KEY_SIZE = PREFIX_SIZE + 3 * 32,
	CEREMONY_KEY_SIZE = PREFIX_SIZE + SCALAR_SIZE + ED25519_SIZE
};

static const char host_magic[4] = {'H', 'A', 'L', 'k'};
static const char ceremony_magic[4] = {'H', 'A', 'L', 'c'};

enum err_code
host_id_path(const char *folder, const char *prefix, const struct id *id, const char *suffix,
    char ret_path[4096], struct err *err)
{
	char hex[2 * ID_SIZE + 1], name[128];

	text_hex(VIEW_OF(id->bytes), hex);
	snprintf(name, sizeof(name), "%s/%s%s", prefix, hex, suffix);
	return file_path(folder, name, ret_path, err);
}

/* A block that begins with MAGIC and the format. */
static enum err_code
block_new(const char magic[4], size_t size, struct secret **ret_block, struct err *err)
{
	static const uint8_t format[2] = {0, FILE_FORMAT};
	SECRET *block = NULL;

	TRY(secret_new(size, &block, err));
	TRY(secret_append(block, view_of(magic, 4), err));
	TRY(secret_append(block, VIEW_OF(format), err));
	*ret_block = TAKE(block);
	return ERR_OK;
}

static enum err_code
block_read(const char *path, const char magic[4], size_t size, struct secret **ret_block,
    struct err *err)
{
	SECRET *block = NULL;
	const uint8_t *data;

	TRY(file_read_secret(path, size, &block, err));
	data = secret_data(block);
	if (secret_size(block) < PREFIX_SIZE || memcmp(data, magic, 4) != 0)
		return err_set(err, ERR_INTEGRITY, "%s is not a %.4s file: it is damaged", path,
		    magic);
	if (data[4] != 0 || data[5] != FILE_FORMAT)
		return err_set(err, ERR_VERSION, "%s has format %d, this Halligan reads %d", path,
		    data[4] * 256 + data[5], (int)FILE_FORMAT);
	if (secret_size(block) != size)
		return err_set(err, ERR_INTEGRITY, "%s has %zu bytes instead of %zu: it is damaged",
		    path, secret_size(block), size);
	*ret_block = TAKE(block);
	return ERR_OK;
}

/* Part INDEX of 32 bytes. */
static enum err_code
block_part(struct secret *block, size_t index, struct secret **ret_part, struct err *err)
{
	return secret_from(view_of(secret_data(block) + PREFIX_SIZE + 32 * index, 32), ret_part,
	    err);
}

void
host_keys_done(struct host_keys *keys)
{
	secret_freep(&keys->statement);
	secret_freep(&keys->log);
	secret_freep(&keys->anchor);
	p256_key_freep(&keys->escrow);
}
#define HOST_KEYS CLEANUP(host_keys_done) struct host_keys

static enum err_code
keys_from(struct secret *block, struct host_keys *ret_keys, struct err *err)
{
	HOST_KEYS keys = {0};
	SECRET *scalar = NULL;

	TRY(block_part(block, 0, &keys.statement, err));
	TRY(block_part(block, 1, &keys.log, err));
	TRY(anchor_key(keys.log, &keys.anchor, err));
	TRY(block_part(block, 2, &scalar, err));
	TRY(p256_key_from(scalar, &keys.escrow, err));
	TRY(ed25519_public(keys.statement, &keys.statement_public, err));
	TRY(ed25519_public(keys.log, &keys.log_public, err));
	p256_key_public(keys.escrow, &keys.escrow_public);
	*ret_keys = TAKE(keys);
	return ERR_OK;
}

static enum err_code
append_random(struct secret *block, struct err *err)
{
	SECRET *seed = NULL;

	TRY(secret_new(32, &seed, err));
	TRY(secret_random(seed, 32, err));
	return secret_append(block, secret_view(seed), err);
}

static enum err_code
append_scalar(struct secret *block, const struct p256_key *key, struct err *err)
{
	SECRET *scalar = NULL;

	TRY(p256_key_scalar(key, &scalar, err));
	return secret_append(block, secret_view(scalar), err);
}

enum err_code
host_keys_make(const char *folder, struct host_keys *ret_keys, struct err *err)
{
	SECRET *block = NULL;
	P256_KEY *escrow = NULL;
	HOST_KEYS keys = {0};
	char path[4096];

	TRY(file_path(folder, "host.key", path, err));
	TRY(block_new(host_magic, HOST_KEY_SIZE, &block, err));
	TRY(append_random(block, err));
	TRY(append_random(block, err));
	TRY(p256_key_new(&escrow, err));
	TRY(append_scalar(block, escrow, err));
	TRY(keys_from(block, &keys, err));
	TRY(file_write_new(path, secret_view(block), 0600, err));
	*ret_keys = TAKE(keys);
	return ERR_OK;
}

enum err_code
host_keys_load(const char *folder, struct host_keys *ret_keys, struct err *err)
{
	SECRET *block = NULL;
	char path[4096];

	TRY(file_path(folder, "host.key", path, err));
	if (block_read(path, host_magic, HOST_KEY_SIZE, &block, err) != ERR_OK)
		return err_cure(err, HOST_KEY_CURE);
	if (keys_from(block, ret_keys, err) != ERR_OK)
		return err_add(err, "%s", path);
	return ERR_OK;
}

enum err_code
host_write_vault_id(const char *folder, const struct digest *vault, struct err *err)
{
	char path[4096], text[2 * DIGEST_SIZE + 2];
	struct digest present;
	enum err_code code = host_read_vault_id(folder, &present, err);

	if (code == ERR_OK && digest_equal(&present, vault))
		return ERR_OK;
	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS, "%s/vault.id names another vault", folder);
	if (code != ERR_NOT_FOUND)
		return code;
	TRY(file_path(folder, "vault.id", path, err));
	text_hex(VIEW_OF(vault->bytes), text);
	text[2 * DIGEST_SIZE] = '\n';
	return file_write_new(path, view_of(text, 2 * DIGEST_SIZE + 1), 0600, err);
}

static enum err_code
refuse_vault_id(const char *path, struct err *err)
{
	err_set(err, ERR_INTEGRITY, "%s is damaged: it must be 64 hex digits", path);
	return err_cure(err,
	    "put vault.id back as it was: whoever used this vault has its id as the name of a folder in "
	    "~/.local/state/halligan/vaults");
}

enum err_code
host_read_vault_id(const char *folder, struct digest *ret_vault, struct err *err)
{
	BUF text = {0};
	char path[4096];
	struct digest vault;

	TRY(file_path(folder, "vault.id", path, err));
	TRY(file_read(path, 2 * DIGEST_SIZE + 1, &text, err));
	if (text.size == 2 * DIGEST_SIZE + 1 && text.data[text.size - 1] == '\n')
		text.size--;
	if (text.size != 2 * DIGEST_SIZE ||
	    !text_from_hex(buf_string(&text), vault.bytes, DIGEST_SIZE))
		return refuse_vault_id(path, err);
	*ret_vault = vault;
	return ERR_OK;
}

enum err_code
ceremony_key_make(const char *folder, const struct id *id, struct point *ret_public,
    struct err *err)
{
	SECRET *block = NULL, *lease = NULL;
	P256_KEY *key = NULL;
	char path[4096];

	TRY(host_id_path(folder, "ceremony", id, ".key", path, err));
	TRY(p256_key_new(&key, err));
	TRY(secret_new(ED25519_SIZE, &lease, err));
	TRY(secret_random(lease, ED25519_SIZE, err));
	TRY(block_new(ceremony_magic, CEREMONY_KEY_SIZE, &block, err));
	TRY(append_scalar(block, key, err));
	TRY(secret_append(block, secret_view(lease), err));
	TRY(file_write_new(path, secret_view(block), 0600, err));
	p256_key_public(key, ret_public);
	return ERR_OK;
}

enum err_code
ceremony_key_load(const char *folder, const struct id *id, struct p256_key **ret_key,
    struct secret **ret_lease, struct err *err)
{
	SECRET *block = NULL, *scalar = NULL, *lease = NULL;
	char path[4096];

	TRY(host_id_path(folder, "ceremony", id, ".key", path, err));
	TRY(block_read(path, ceremony_magic, CEREMONY_KEY_SIZE, &block, err));
	TRY(block_part(block, 0, &scalar, err));
	TRY(block_part(block, 1, &lease, err));
	if (p256_key_from(scalar, ret_key, err) != ERR_OK)
		return err_add(err, "%s", path);
	*ret_lease = TAKE(lease);
	return ERR_OK;
}

enum err_code
ceremony_key_erase(const char *folder, const struct id *id, struct err *err)
{
	char path[4096];

	TRY(host_id_path(folder, "ceremony", id, ".key", path, err));
	return file_erase(path, err);
}
