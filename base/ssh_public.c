/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ssh_public.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"

bool
ssh_public_equal(const struct ssh_public *a, const struct ssh_public *b)
{
	return view_equal(view_of(a->blob, a->size), view_of(b->blob, b->size));
}

bool
ssh_public_rsa_bits(const struct ssh_public *public_key, size_t *ret_bits)
{
	struct reader reader = reader_of(view_of(public_key->blob, public_key->size));
	size_t bits = 0;

	if (strcmp(public_key->type, "ssh-rsa") != 0)
		return false;
	(void)reader_lp32(&reader, SSH_TYPE_MAX);
	(void)reader_lp32(&reader, SSH_BLOB_MAX); /* e; then n (RFC 4253, section 6.6) */
	struct view modulus = reader_lp32(&reader, SSH_BLOB_MAX);

	if (reader_end(&reader)) {
		while (modulus.size > 0 && modulus.data[0] == 0)
			modulus = view_of(modulus.data + 1, modulus.size - 1);
		bits = 8 * modulus.size;
		for (unsigned top = 0x80; modulus.size > 0 && (modulus.data[0] & top) == 0;
		     top >>= 1)
			bits--;
	}
	*ret_bits = bits;
	return true;
}

/* All types that hosts' and accounts' keys may have. */
static const struct type {
	const char *name;
	enum key_family family;
	unsigned bits;
} types[] = {
    {"ssh-ed25519", FAMILY_ED25519, 256},
    {"ecdsa-sha2-nistp256", FAMILY_ECDSA, 256},
    {"ecdsa-sha2-nistp384", FAMILY_ECDSA, 384},
    {"ecdsa-sha2-nistp521", FAMILY_ECDSA, 521},
    {"ssh-rsa", FAMILY_RSA, 0},
};

static const struct type *
find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return &types[i];
	return NULL;
}

bool
ssh_type_known(const char *type)
{
	return find_type(type) != NULL;
}

const char *
ssh_type_of(enum key_family family, unsigned bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].family == family && (family != FAMILY_ECDSA || types[i].bits == bits))
			return types[i].name;
	return NULL;
}

bool
ssh_public_family(const struct ssh_public *public_key, enum key_family *ret_family,
    unsigned *ret_bits)
{
	const struct type *type = find_type(public_key->type);
	size_t rsa_bits;

	if (type == NULL)
		return false;
	*ret_family = type->family;
	*ret_bits = ssh_public_rsa_bits(public_key, &rsa_bits) ? (unsigned)rsa_bits : type->bits;
	return true;
}

enum err_code
ssh_public_fingerprint(const struct ssh_public *public_key, struct ssh_fingerprint *ret_fingerprint,
    struct err *err)
{
	struct digest digest;
	BUF text = {0};

	TRY(sha256_one(view_of(public_key->blob, public_key->size), &digest, err));
	buf_text(&text, "SHA256:");
	buf_base64(&text, VIEW_OF(digest.bytes));
	TRY(buf_check(&text, err));
	(void)snprintf(ret_fingerprint->text, sizeof(ret_fingerprint->text), "%.*s",
	    SSH_FINGERPRINT_SIZE - 1, buf_string(&text)); /* without the padding */
	return ERR_OK;
}

enum err_code
ssh_public_from_blob(struct view blob, struct ssh_public *ret_public, struct err *err)
{
	struct ssh_public public_key = {.size = blob.size};
	struct reader reader = reader_of(blob);
	struct view type = reader_lp32(&reader, SSH_TYPE_MAX);

	if (reader.failed || type.size == 0 || !text_is_plain(type) ||
	    memchr(type.data, ' ', type.size) != NULL || reader.rest.size == 0)
		return err_set(err, ERR_INVALID, "it is not an SSH public key");
	if (blob.size > SSH_BLOB_MAX)
		return err_set(err, ERR_INVALID, "the SSH public key is larger than %d bytes",
		    SSH_BLOB_MAX);
	memcpy(public_key.type, type.data, type.size);
	memcpy(public_key.blob, blob.data, blob.size);
	*ret_public = public_key;
	return ERR_OK;
}

/* SAID: of any size and bytes. */
static enum err_code
says_other(struct view said, const char *type, struct err *err)
{
	char shown[SSH_TYPE_MAX + sizeof("...")];
	bool cut = said.size > SSH_TYPE_MAX;

	(void)snprintf(shown, sizeof(shown), "%.*s%s", cut ? SSH_TYPE_MAX : (int)said.size,
	    (const char *)said.data, cut ? "..." : "");
	text_make_plain(shown);
	return err_set(err, ERR_INVALID, "the SSH public key says %s but holds a %s key",
	    QUOTED(shown), type);
}

enum err_code
ssh_public_parse(struct view text, struct ssh_public *ret_public, struct err *err)
{
	struct ssh_public public_key;
	BUF blob = {0};
	size_t type_end = 0, end;

	while (type_end < text.size && text.data[type_end] != ' ')
		type_end++;
	for (end = type_end + 1; end < text.size && text.data[end] != ' ';)
		end++;
	if (type_end == 0 || type_end + 1 >= text.size ||
	    !buf_from_base64(&blob, view_of(text.data + type_end + 1, end - type_end - 1)))
		return err_set(err, ERR_INVALID,
		    "an SSH public key is \"TYPE BASE64\", as in ssh-ed25519 AAAA...");
	TRY(buf_check(&blob, err));
	TRY(ssh_public_from_blob(buf_view(&blob), &public_key, err));
	if (!view_equal(view_of(text.data, type_end), view_of_text(public_key.type)))
		return says_other(view_of(text.data, type_end), public_key.type, err);
	*ret_public = public_key;
	return ERR_OK;
}

void
ssh_public_write(const struct ssh_public *public_key, struct buf *text)
{
	buf_text(text, public_key->type);
	buf_u8(text, ' ');
	buf_base64(text, view_of(public_key->blob, public_key->size));
}
