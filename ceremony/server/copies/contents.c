/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/copies/contents.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/server/vault/change.h"
#include "vault/store/ceremony.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"

static struct secret_id
secret_of(const struct copy_row *row)
{
	struct secret_id id;

	memcpy(id.bytes, row->key.bytes, SECRET_ID_SIZE);
	return id;
}

static struct id
ceremony_of(const struct copy_row *row)
{
	struct id id;

	memcpy(id.bytes, row->key.bytes, ID_SIZE);
	return id;
}

enum err_code
contents_name(struct session *session, const struct copy_row *row, char ret_name[SINK_NAME_SIZE],
    struct err *err)
{
	VERSION_ROW version = {0};
	const struct secret_id secret = secret_of(row);
	const struct id ceremony = ceremony_of(row);
	char hex[2 * DIGEST_SIZE + 1];

	switch (row->kind) {
	case COPY_VERSION:
		TRY(store_get_version(session->store, &secret, copy_number(row), &version, err));
		copy_name_version(&secret, copy_number(row), &version.header_hash, ret_name);
		return ERR_OK;
	case COPY_RELEASE:
		copy_name_release(&ceremony, ret_name);
		return ERR_OK;
	case COPY_DOCUMENT:
		snprintf(ret_name, SINK_NAME_SIZE, "%u.document", copy_number(row));
		return ERR_OK;
	case COPY_DEFINITION:
	case COPY_KINDS:
	default:
		text_hex(VIEW_OF(row->key.bytes), hex);
		snprintf(ret_name, SINK_NAME_SIZE, "%s.definition", hex);
		return ERR_OK;
	}
}

/* A stored version as it was sealed. */
static enum err_code
load_sealed(struct session *session, const struct copy_row *row, struct sealed_version *ret_version,
    struct err *err)
{
	VERSION_ROW version = {0};
	HEADER *header = NULL;
	const struct secret_id secret = secret_of(row);
	struct digest token;

	TRY(store_get_version(session->store, &secret, copy_number(row), &version, err));
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version.header), header, err));
	ret_version->header = TAKE(version.header);
	ret_version->ciphertext = TAKE(version.ciphertext);
	ret_version->envelopes = calloc(header->envelope_count, sizeof(*ret_version->envelopes));
	if (ret_version->envelopes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a sealed version");
	for (uint32_t i = 0; i < header->envelope_count; i++) {
		TRY(store_get_envelope(session->store, &secret, version.number, i, &token,
		    &ret_version->envelopes[i], err));
		ret_version->envelope_count = i + 1;
	}
	return ERR_OK;
}

static enum err_code
load_version(struct session *session, const struct copy_row *row, struct buf *ret_bytes,
    struct err *err)
{
	SEALED_VERSION version = {0};

	TRY(load_sealed(session, row, &version, err));
	return copy_encode(&version, ret_bytes, err);
}

static enum err_code
load_statement(struct session *session, const struct copy_row *row, struct buf *ret_bytes,
    struct err *err)
{
	DSSE statement = {0};
	struct ceremony_row ceremony;
	struct digest digest = row->key;
	const struct id id = ceremony_of(row);

	if (row->kind == COPY_RELEASE) {
		TRY(store_get_ceremony(session->store, &id, &ceremony, err));
		digest = ceremony.release;
	} else if (row->kind == COPY_DOCUMENT) {
		TRY(store_get_document(session->store, copy_number(row), &digest, err));
	}
	TRY(session_statement(session, &digest, copy_kind_names[row->kind], &statement, err));
	return dsse_encode(&statement, ret_bytes, err);
}

/* What is listed is stored. */
static enum err_code
load(struct session *session, const struct copy_row *row, char ret_name[SINK_NAME_SIZE],
    struct buf *ret_bytes, struct err *err)
{
	enum err_code code = contents_name(session, row, ret_name, err);

	if (code == ERR_OK)
		code = row->kind == COPY_VERSION ? load_version(session, row, ret_bytes, err) :
		                                   load_statement(session, row, ret_bytes, err);
	return change_alarm(code, err);
}

enum err_code
contents_load(struct session *session, const struct copy_row *row, bool *ret_listed,
    char ret_name[SINK_NAME_SIZE], struct buf *ret_bytes, struct err *err)
{
	READING reading = NULL;
	bool listed;

	TRY(reading_begin(session, &reading, err));
	TRY(store_has_copy(session->store, row, &listed, err));
	if (listed)
		TRY(load(session, row, ret_name, ret_bytes, err));
	*ret_listed = listed;
	return ERR_OK;
}

void
contents_text(struct session *session, const struct copy_row *row,
    char ret_text[CONTENTS_TEXT_SIZE])
{
	struct secret_row secret;
	const struct secret_id id = secret_of(row);
	char hex[2 * DIGEST_SIZE + 1];
	struct err ignored;

	text_hex(VIEW_OF(row->key.bytes), hex);
	if (row->kind == COPY_RELEASE)
		snprintf(ret_text, CONTENTS_TEXT_SIZE, "what ceremony %.8s released", hex);
	else if (row->kind == COPY_DOCUMENT)
		snprintf(ret_text, CONTENTS_TEXT_SIZE, "document %u of the charter's chain",
		    copy_number(row));
	else if (row->kind == COPY_DEFINITION)
		snprintf(ret_text, CONTENTS_TEXT_SIZE, "the definition %.8s", hex);
	else if (store_get_secret(session->store, &id, &secret, &ignored) == ERR_OK)
		snprintf(ret_text, CONTENTS_TEXT_SIZE, "%s, version %u", secret.name,
		    copy_number(row));
	else
		snprintf(ret_text, CONTENTS_TEXT_SIZE, "secret %.8s, version %u", hex,
		    copy_number(row));
}

/* A number without zeros before it, up to END. */
static bool
read_number(const char *text, const char *end, uint32_t *ret_number)
{
	uint64_t number = 0;

	for (const char *at = text; at < end; at++) {
		if (*at < '0' || *at > '9' || number > UINT32_MAX)
			return false;
		number = 10 * number + (uint64_t)(*at - '0');
	}
	*ret_number = (uint32_t)number;
	return end > text && *text != '0' && number <= UINT32_MAX;
}

static bool
read_hex(const char *text, size_t size, uint8_t *ret_bytes)
{
	char hex[2 * DIGEST_SIZE + 1];

	if (strlen(text) < 2 * size)
		return false;
	snprintf(hex, sizeof(hex), "%.*s", (int)(2 * size), text);
	return text_from_hex(hex, ret_bytes, size);
}

/* SECRET-VERSION-HASH: the hash is compared by whoever knows the version. */
static bool
read_version(const char *name, const char *end, struct copy_row *ret_row)
{
	struct secret_id id;
	uint32_t number;
	const char *dash = name + 2 * SECRET_ID_SIZE;

	if (!read_hex(name, SECRET_ID_SIZE, id.bytes) || *dash != '-')
		return false;
	const char *second = strchr(dash + 1, '-');
	if (second == NULL || second > end || !read_number(dash + 1, second, &number))
		return false;
	*ret_row = copy_of_version(&id, number);
	return true;
}

bool
contents_of_name(const char *name, struct copy_row *ret_row)
{
	const char *end = strchr(name, '.');
	struct digest digest;
	struct id id;
	uint32_t number;

	if (end == NULL)
		return false;
	if (strcmp(end, ".sealed") == 0)
		return read_version(name, end, ret_row);
	if (strcmp(end, ".release") == 0 && end - name == 2 * ID_SIZE &&
	    read_hex(name, ID_SIZE, id.bytes)) {
		*ret_row = copy_of_release(&id);
		return true;
	}
	if (strcmp(end, ".document") == 0 && read_number(name, end, &number)) {
		*ret_row = copy_of_document(number);
		return true;
	}
	if (strcmp(end, ".definition") == 0 && end - name == 2 * DIGEST_SIZE &&
	    read_hex(name, DIGEST_SIZE, digest.bytes)) {
		*ret_row = copy_of_definition(&digest);
		return true;
	}
	return false;
}
