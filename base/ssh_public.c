/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ssh_public.h"

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

bool
ssh_public_family(const struct ssh_public *public_key, enum key_family *ret_family,
    unsigned *ret_bits)
{
	static const struct {
		const char *type;
		enum key_family family;
		unsigned bits;
	} rows[] = {
	    {"ssh-ed25519", FAMILY_ED25519, 256},
	    {"ecdsa-sha2-nistp256", FAMILY_ECDSA, 256},
	    {"ecdsa-sha2-nistp384", FAMILY_ECDSA, 384},
	    {"ecdsa-sha2-nistp521", FAMILY_ECDSA, 521},
	    {"ssh-rsa", FAMILY_RSA, 0},
	};
	size_t rsa_bits;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(public_key->type, rows[i].type) != 0)
			continue;
		*ret_family = rows[i].family;
		*ret_bits =
		    ssh_public_rsa_bits(public_key, &rsa_bits) ? (unsigned)rsa_bits : rows[i].bits;
		return true;
	}
	return false;
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
		return err_set(err, ERR_INVALID, "the SSH public key says %.*s but holds a %s key",
		    (int)type_end, (const char *)text.data, public_key.type);
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
