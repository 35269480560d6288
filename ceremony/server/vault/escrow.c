/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each value is sealed for itself, so that several of the largest size need no block of secret
 * memory larger than one of them.
 */
#include "ceremony/server/vault/escrow.h"

#include <string.h>

#include "base/credential.h"
#include "base/hpke.h"
#include "base/hpke_info.h"
#include "base/text.h"

enum {
	ESCROW_FORMAT = 1,
	ESCROW_CT_MAX = CREDENTIAL_ENCODED_MAX + AEAD_TAG_SIZE,
	ESCROW_MAX = ESCROW_VALUES * (ESCROW_CT_MAX + 128)
};

void
escrow_done(struct escrow *escrow)
{
	for (size_t i = 0; i < escrow->count; i++)
		secret_freep(&escrow->values[i].credential);
	escrow->count = 0;
}

struct secret *
escrow_find(const struct escrow *escrow, uint32_t version)
{
	for (size_t i = 0; i < escrow->count; i++)
		if (escrow->values[i].version == version)
			return escrow->values[i].credential;
	return NULL;
}

void
escrow_drop(struct escrow *escrow, uint32_t version)
{
	for (size_t i = 0; i < escrow->count; i++) {
		if (escrow->values[i].version != version)
			continue;
		secret_freep(&escrow->values[i].credential);
		escrow->values[i] = escrow->values[--escrow->count];
		return;
	}
}

enum err_code
escrow_add(struct escrow *escrow, uint32_t version, const struct digest *header,
    struct secret *credential, struct err *err)
{
	for (size_t i = 0; i < escrow->count; i++) {
		if (escrow->values[i].version != version)
			continue;
		secret_free(escrow->values[i].credential);
		escrow->values[i] = (struct escrow_value){version, *header, credential};
		return ERR_OK;
	}
	if (escrow->count == ESCROW_VALUES) {
		secret_free(credential);
		return err_set(err, ERR_REFUSED,
		    "the escrow holds %d values of which none is proven dead; no other is made",
		    (int)ESCROW_VALUES);
	}
	escrow->values[escrow->count++] = (struct escrow_value){version, *header, credential};
	return ERR_OK;
}

static enum err_code
seal_info(const struct escrow *escrow, uint32_t version, const struct digest *header,
    struct digest *ret_info, struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 escrow", &escrow->vault);
	buf_bytes(&bytes, VIEW_OF(escrow->debt.bytes));
	buf_bytes(&bytes, VIEW_OF(escrow->secret.bytes));
	buf_u32(&bytes, version);
	buf_bytes(&bytes, VIEW_OF(header->bytes));
	return hpke_info_end(&bytes, ret_info, err);
}

static enum err_code
seal_value(const struct escrow *escrow, const struct escrow_value *value,
    const struct host_keys *keys, struct buf *file, struct err *err)
{
	HPKE *hpke = NULL;
	BUF ciphertext = {0};
	struct digest info;
	struct point enc;

	TRY(seal_info(escrow, value->version, &value->header, &info, err));
	TRY(hpke_sender(hpke_suite_default, &keys->escrow_public, VIEW_OF(info.bytes), &hpke, &enc,
	    err));
	TRY(hpke_seal(hpke, (struct view){0}, secret_view(value->credential), &ciphertext, err));
	buf_u32(file, value->version);
	buf_bytes(file, VIEW_OF(value->header.bytes));
	buf_bytes(file, VIEW_OF(enc.bytes));
	buf_lp32(file, buf_view(&ciphertext));
	return ERR_OK;
}

static enum err_code
write_as(const char *folder, const char *ending, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err)
{
	BUF file = {0};
	char path[4096];

	TRY(host_id_path(folder, "escrow", &escrow->debt, ending, path, err));
	buf_text(&file, "HALe");
	buf_u16(&file, ESCROW_FORMAT);
	buf_u8(&file, (uint8_t)escrow->count);
	for (size_t i = 0; i < escrow->count; i++)
		TRY(seal_value(escrow, &escrow->values[i], keys, &file, err));
	TRY(buf_check(&file, err));
	if (file_write(path, buf_view(&file), 0600, err) != ERR_OK)
		return err_add(err, "writing the escrow");
	return ERR_OK;
}

enum err_code
escrow_write(const char *folder, const struct escrow *escrow, const struct host_keys *keys,
    struct err *err)
{
	return write_as(folder, "", escrow, keys, err);
}

enum err_code
escrow_write_new(const char *folder, const struct escrow *escrow, const struct host_keys *keys,
    struct err *err)
{
	return write_as(folder, ESCROW_NEW, escrow, keys, err);
}

enum err_code
escrow_keep(const char *folder, const struct id *debt, bool replace, struct err *err)
{
	char path[4096], name[2 * ID_SIZE + 1];

	TRY(host_id_path(folder, "escrow", debt, ESCROW_NEW, path, err));
	text_hex(VIEW_OF(debt->bytes), name);
	enum err_code code = file_rename(path, name, replace, err);
	return code == ERR_EXISTS ? ERR_OK : code;
}

static enum err_code
open_value(struct escrow *escrow, struct reader *reader, const struct host_keys *keys,
    const char *path, struct err *err)
{
	HPKE *hpke = NULL;
	SECRET *credential = NULL;
	struct digest info, header = {{0}};
	uint32_t version = reader_u32(reader);
	struct view hash = reader_bytes(reader, DIGEST_SIZE);
	struct view enc = reader_bytes(reader, POINT_SIZE);
	struct view ciphertext = reader_lp32(reader, ESCROW_CT_MAX);

	if (reader->failed || version == 0 || escrow_find(escrow, version) != NULL)
		return err_set(err, ERR_INTEGRITY, "%s is damaged", path);
	memcpy(header.bytes, hash.data, DIGEST_SIZE);
	TRY(seal_info(escrow, version, &header, &info, err));
	if (hpke_recipient(hpke_suite_default, enc, &keys->escrow_public, hpke_agree_local,
	        keys->escrow, VIEW_OF(info.bytes), &hpke, err) != ERR_OK ||
	    hpke_open(hpke, (struct view){0}, ciphertext, &credential, err) != ERR_OK ||
	    credential_check(secret_view(credential), err) != ERR_OK) {
		(void)err_add(err, "%s, version %u", path, version);
		return err->code == ERR_MEMORY ? ERR_MEMORY : (err->code = ERR_INTEGRITY);
	}
	return escrow_add(escrow, version, &header, TAKE(credential), err);
}

static enum err_code
parse(struct escrow *escrow, struct view bytes, const struct host_keys *keys, const char *path,
    struct err *err)
{
	struct reader reader = reader_of(bytes);
	struct view magic = reader_bytes(&reader, 4);
	uint16_t format = reader_u16(&reader);
	size_t count = reader_u8(&reader);

	if (!view_equal(magic, view_of_text("HALe")) || count > ESCROW_VALUES)
		return err_set(err, ERR_INTEGRITY, "%s is damaged", path);
	if (format != ESCROW_FORMAT)
		return err_set(err, ERR_VERSION, "%s has format %u, this Halligan reads %d", path,
		    format, (int)ESCROW_FORMAT);
	for (size_t i = 0; i < count; i++)
		TRY(open_value(escrow, &reader, keys, path, err));
	if (!reader_end(&reader))
		return err_set(err, ERR_INTEGRITY, "%s is damaged: it is too long", path);
	return ERR_OK;
}

/* Under the first of ENDINGS by which it is there. */
static enum err_code
read_as(const char *folder, const char *const endings[], size_t count, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err)
{
	BUF file = {0};
	ESCROW escrow = {.vault = ret_escrow->vault,
	    .debt = ret_escrow->debt,
	    .secret = ret_escrow->secret};
	enum err_code code = ERR_NOT_FOUND;
	char path[4096];

	for (size_t i = 0; i < count && code == ERR_NOT_FOUND; i++) {
		TRY(host_id_path(folder, "escrow", &escrow.debt, endings[i], path, err));
		code = file_read(path, ESCROW_MAX, &file, err);
	}
	TRY(code);
	TRY(parse(&escrow, buf_view(&file), keys, path, err));
	*ret_escrow = escrow;
	escrow.count = 0;
	return ERR_OK;
}

enum err_code
escrow_read(const char *folder, const struct host_keys *keys, struct escrow *ret_escrow,
    struct err *err)
{
	static const char *const endings[] = {"", ESCROW_NEW,
	    ""}; /* whenever the one becomes the other */

	return read_as(folder, endings, ARRAY_SIZE(endings), keys, ret_escrow, err);
}

enum err_code
escrow_read_new(const char *folder, const struct host_keys *keys, struct escrow *ret_escrow,
    struct err *err)
{
	static const char *const endings[] = {ESCROW_NEW};

	return read_as(folder, endings, ARRAY_SIZE(endings), keys, ret_escrow, err);
}

static enum err_code
erase_as(const char *folder, const struct id *debt, const char *ending, struct err *err)
{
	char path[4096];

	TRY(host_id_path(folder, "escrow", debt, ending, path, err));
	return file_erase(path, err);
}

enum err_code
escrow_erase(const char *folder, const struct id *debt, struct err *err)
{
	TRY(erase_as(folder, debt, ESCROW_NEW, err));
	return erase_as(folder, debt, "", err);
}

enum err_code
escrow_erase_new(const char *folder, const struct id *debt, struct err *err)
{
	char path[4096];

	TRY(host_id_path(folder, "escrow", debt, "", path, err));
	return file_exists(path) ? erase_as(folder, debt, ESCROW_NEW, err) : ERR_OK;
}
