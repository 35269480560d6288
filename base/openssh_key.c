/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file, between its BEGIN and END lines, is base64 in lines of 70 characters of
 *
 *	"openssh-key-v1" NUL
 *	string	cipher		"none"
 *	string	kdf		"none"
 *	string	kdf options	""
 *	u32	number of keys	1
 *	string	public key
 *	string	private part:	u32 check, u32 the same check,
 *				string type, string public (32), string seed || public (64),
 *				string comment, padding 1 2 3 .. to a multiple of 8
 *
 * where a string is a u32 length and that many bytes, all big-endian.
 */
#include "base/openssh_key.h"

#include <string.h>

#include "base/base64.h"
#include "base/crypto_key.h"
#include "base/random.h"
#include "base/text.h"

enum { LINE = 70, BLOCK = 8, BINARY_MAX = 16384 };

static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_line[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* with its NUL */
static const char ed25519_type[] = "ssh-ed25519";

/* --- Lines of base64 ----------------------------------------------------------------------- */

static enum err_code
append_byte(struct secret *out, uint8_t byte, struct err *err)
{
	return secret_append(out, view_of(&byte, 1), err);
}

/* BINARY as lines of LINE letters, each ended by a newline. */
static enum err_code
encode_lines(const struct secret *binary, struct secret *out, struct err *err)
{
	struct view bytes = secret_view(binary);
	size_t column = 0;

	for (size_t i = 0; i < bytes.size; i += 3) {
		uint8_t letters[4];

		base64_letters(bytes.data + i, bytes.size - i, letters);
		for (size_t k = 0; k < sizeof(letters); k++) {
			TRY(append_byte(out, letters[k], err));
			if (++column % LINE == 0)
				TRY(append_byte(out, '\n', err));
		}
	}
	return column % LINE == 0 ? ERR_OK : append_byte(out, '\n', err);
}

static bool
is_space(uint8_t byte)
{
	return byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t';
}

/* Strict but for white space between letters.  Which bytes are letters is public. */
static enum err_code
decode_lines(struct view text, struct secret *out, struct err *err)
{
	uint8_t letters[4], bytes[3];
	size_t have = 0, count = 3;

	for (size_t i = 0; i < text.size; i++) {
		if (is_space(text.data[i]))
			continue;
		letters[have++] = text.data[i];
		if (have < sizeof(letters))
			continue;
		/* Only the last group has padding. */
		count = count == 3 ? base64_bytes(letters, bytes) : 0;
		if (count == 0)
			return err_set(err, ERR_INVALID, "the private key is not base64");
		TRY(secret_append(out, view_of(bytes, count), err));
		have = 0;
	}
	if (have != 0)
		return err_set(err, ERR_INVALID, "the private key's base64 is cut short");
	return ERR_OK;
}

/* --- Public keys -------------------------------------------------------------------------- */

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

/* --- Private keys, writing ---------------------------------------------------------------- */

static enum err_code
put_u32(struct secret *out, size_t value, struct err *err)
{
	const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
	    (uint8_t)(value >> 8), (uint8_t)value};

	return secret_append(out, VIEW_OF(bytes), err);
}

static enum err_code
put_string(struct secret *out, struct view bytes, struct err *err)
{
	TRY(put_u32(out, bytes.size, err));
	return secret_append(out, bytes, err);
}

static enum err_code
write_private(const struct secret *seed, struct view public_half, uint32_t check,
    const char *comment, struct secret *out, struct err *err)
{
	TRY(put_u32(out, check, err));
	TRY(put_u32(out, check, err));
	TRY(put_string(out, view_of_text(ed25519_type), err));
	TRY(put_string(out, public_half, err));
	TRY(put_u32(out, secret_size(seed) + public_half.size, err));
	TRY(secret_append(out, secret_view(seed), err));
	TRY(secret_append(out, public_half, err));
	TRY(put_string(out, view_of_text(comment), err));
	for (uint8_t pad = 1; secret_size(out) % BLOCK != 0; pad++)
		TRY(append_byte(out, pad, err));
	return ERR_OK;
}

static enum err_code
write_binary(const struct secret *seed, uint32_t check, const char *comment, struct secret *out,
    struct err *err)
{
	SECRET *private_part = NULL;
	BUF blob = {0};
	struct ed25519_public public_half;

	TRY(ed25519_public(seed, &public_half, err));
	buf_lp32(&blob, view_of_text(ed25519_type));
	buf_lp32(&blob, VIEW_OF(public_half.bytes));
	TRY(buf_check(&blob, err));
	TRY(secret_new(1024, &private_part, err));
	TRY(write_private(seed, VIEW_OF(public_half.bytes), check, comment, private_part, err));
	TRY(secret_append(out, VIEW_OF(magic), err));
	TRY(put_string(out, view_of_text("none"), err));
	TRY(put_string(out, view_of_text("none"), err));
	TRY(put_string(out, view_of_text(""), err));
	TRY(put_u32(out, 1, err));
	TRY(put_string(out, buf_view(&blob), err));
	return put_string(out, secret_view(private_part), err);
}

enum err_code
openssh_key_encode(const struct secret *seed, uint32_t check, const char *comment,
    struct secret **ret_text, struct err *err)
{
	SECRET *binary = NULL, *text = NULL;

	if (strlen(comment) > SSH_COMMENT_MAX || !text_is_plain(view_of_text(comment)))
		return err_set(err, ERR_INVALID, "the key's comment is not plain or over %d bytes",
		    SSH_COMMENT_MAX);
	TRY(secret_new(2048, &binary, err));
	TRY(write_binary(seed, check, comment, binary, err));
	TRY(secret_new(4096, &text, err));
	TRY(secret_append(text, view_of_text(begin_line), err));
	TRY(append_byte(text, '\n', err));
	TRY(encode_lines(binary, text, err));
	TRY(secret_append(text, view_of_text(end_line), err));
	TRY(append_byte(text, '\n', err));
	*ret_text = TAKE(text);
	return ERR_OK;
}

enum err_code
openssh_key_generate(const char *comment, struct secret **ret_text, struct err *err)
{
	SECRET *seed = NULL;
	uint32_t check;

	TRY(secret_new(ED25519_SIZE, &seed, err));
	TRY(secret_random(seed, ED25519_SIZE, err));
	TRY(random_bytes(&check, sizeof(check), err));
	return openssh_key_encode(seed, check, comment, ret_text, err);
}

/* --- Private keys, reading ---------------------------------------------------------------- */

/* What stands between the BEGIN and END lines. */
static enum err_code
find_body(struct view text, struct view *ret_body, struct err *err)
{
	size_t head = sizeof(begin_line) - 1, tail = sizeof(end_line) - 1;

	while (text.size > 0 && is_space(text.data[text.size - 1]))
		text.size--;
	if (text.size < head + tail || memcmp(text.data, begin_line, head) != 0 ||
	    !is_space(text.data[head]) || memcmp(text.data + text.size - tail, end_line, tail) != 0)
		return err_set(err, ERR_INVALID,
		    "the private key is not in OpenSSH's format (\"%s\" to \"%s\"); ssh-keygen -p "
		    "-f FILE rewrites older formats",
		    begin_line, end_line);
	*ret_body = view_of(text.data + head, text.size - head - tail);
	return ERR_OK;
}

static enum err_code
read_envelope(struct view binary, struct view *ret_blob, struct view *ret_private, struct err *err)
{
	struct reader reader = reader_of(binary);
	struct view start = reader_bytes(&reader, sizeof(magic));
	struct view cipher = reader_lp32(&reader, 64);
	struct view kdf = reader_lp32(&reader, 64);
	struct view options = reader_lp32(&reader, 1024);
	uint32_t count = reader_u32(&reader);
	struct view blob = reader_lp32(&reader, SSH_BLOB_MAX);
	struct view private_part = reader_lp32(&reader, BINARY_MAX);

	if (!view_equal(start, VIEW_OF(magic)))
		return err_set(err, ERR_INVALID, "the private key is not an openssh-key-v1");
	if (!view_equal(cipher, view_of_text("none")) || !view_equal(kdf, view_of_text("none")))
		return err_set(err, ERR_REFUSED,
		    "the private key is protected by a passphrase, which nobody could type in an "
		    "emergency: remove it with ssh-keygen -p -f FILE; the vault seals the key");
	if (!reader_end(&reader) || options.size != 0)
		return err_set(err, ERR_INVALID, "the private key is malformed");
	if (count != 1)
		return err_set(err, ERR_INVALID, "the private key file holds %u keys, expected 1",
		    count);
	*ret_blob = blob;
	*ret_private = private_part;
	return ERR_OK;
}

static enum err_code
check_ed25519(struct reader *reader, struct view blob, struct err *err)
{
	struct view public_half = reader_lp32(reader, ED25519_SIZE);
	struct view pair = reader_lp32(reader, 2 * ED25519_SIZE);
	SECRET *seed = NULL;
	BUF expected = {0};
	struct ed25519_public derived;

	if (reader->failed || pair.size != 2 * ED25519_SIZE || public_half.size != ED25519_SIZE)
		return err_set(err, ERR_INVALID, "the private key is malformed");
	TRY(secret_from(view_of(pair.data, ED25519_SIZE), &seed, err));
	TRY(ed25519_public(seed, &derived, err));
	buf_lp32(&expected, view_of_text(ed25519_type));
	buf_lp32(&expected, VIEW_OF(derived.bytes));
	TRY(buf_check(&expected, err));
	if (!view_equal(blob, buf_view(&expected)) ||
	    !view_equal(public_half, VIEW_OF(derived.bytes)) ||
	    !view_equal(view_of(pair.data + ED25519_SIZE, ED25519_SIZE), VIEW_OF(derived.bytes)))
		return err_set(err, ERR_INVALID,
		    "the private key's two halves do not belong together");
	return ERR_OK;
}

static enum err_code
check_private(struct view private_part, struct view blob, const char *type, struct err *err)
{
	struct reader reader = reader_of(private_part);
	uint32_t first = reader_u32(&reader), second = reader_u32(&reader);
	struct view inner_type = reader_lp32(&reader, SSH_TYPE_MAX);

	if (reader.failed || first != second || private_part.size % BLOCK != 0 ||
	    !view_equal(inner_type, view_of_text(type)))
		return err_set(err, ERR_INVALID, "the private key is malformed");
	if (strcmp(type, ed25519_type) == 0)
		return check_ed25519(&reader, blob, err);
	return ERR_OK;
}

enum err_code
openssh_key_public(struct view text, struct ssh_public *ret_public, struct err *err)
{
	SECRET *binary = NULL;
	struct view body, blob, private_part;
	struct ssh_public public_key;

	TRY(find_body(text, &body, err));
	TRY(secret_new(BINARY_MAX + SSH_BLOB_MAX, &binary, err));
	if (body.size / 4 * 3 > secret_capacity(binary))
		return err_set(err, ERR_INVALID, "the private key is too large");
	TRY(decode_lines(body, binary, err));
	TRY(read_envelope(secret_view(binary), &blob, &private_part, err));
	TRY(ssh_public_from_blob(blob, &public_key, err));
	TRY(check_private(private_part, blob, public_key.type, err));
	*ret_public = public_key;
	return ERR_OK;
}
