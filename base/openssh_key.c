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
 *				string type, and by the type
 *				  Ed25519	string public (32), string seed || public (64)
 *				  ECDSA		string curve, string point, number scalar
 *				  RSA		numbers n, e, d, 1/q mod p, p, q
 *				string comment, padding 1 2 3 .. to a multiple of 8
 *
 * where a string is a u32 length and that many bytes, all big-endian, and a number is a string of the fewest bytes that make
 * it positive.  Of a locked one cipher and kdf have names, and a tag may follow the private part.
 */
#include "base/openssh_key.h"

#include <string.h>

#include "base/base64.h"
#include "base/crypto_locked.h"
#include "base/random.h"
#include "base/text.h"

enum { LINE = 70, BLOCK = 8, PADDING_MAX = 16 /* what was locked has more */, BINARY_MAX = 16384 };

static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_line[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* with its NUL */

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

/* What stands before the numbers, and is in both parts: the type, and of ECDSA the name of the curve. */
struct type_name {
	const char *type, *curve;
};

static struct type_name
name_of(const struct key_numbers *numbers)
{
	const char *type = ssh_type_of(numbers->family, numbers->bits);

	if (type == NULL || numbers->family != FAMILY_ECDSA)
		return (struct type_name){type, ""};
	return (struct type_name){type, strrchr(type, '-') + 1};
}

/* A positive number, with a zero in front of what would be a negative one. */
static enum err_code
put_number(const struct secret *number, struct secret *out, struct err *err)
{
	struct view bytes = secret_view(number);
	bool zero = bytes.size > 0 && (bytes.data[0] & 0x80) != 0;

	TRY(put_u32(out, bytes.size + (zero ? 1 : 0), err));
	if (zero)
		TRY(append_byte(out, 0, err));
	return secret_append(out, bytes, err);
}

static enum err_code
write_public(const struct key_numbers *numbers, struct secret *out, struct err *err)
{
	const struct type_name name = name_of(numbers);

	TRY(put_string(out, view_of_text(name.type), err));
	if (numbers->family == FAMILY_RSA) {
		TRY(put_number(numbers->values[1], out, err)); /* e before n here, and only here */
		return put_number(numbers->values[0], out, err);
	}
	if (numbers->family == FAMILY_ECDSA)
		TRY(put_string(out, view_of_text(name.curve), err));
	return put_string(out, view_of(numbers->public_half, numbers->public_size), err);
}

static enum err_code
write_numbers(const struct key_numbers *numbers, struct secret *out, struct err *err)
{
	const struct type_name name = name_of(numbers);
	struct view half = view_of(numbers->public_half, numbers->public_size);

	TRY(put_string(out, view_of_text(name.type), err));
	switch (numbers->family) {
	case FAMILY_RSA:
		for (size_t i = 0; i < KEY_NUMBERS; i++)
			TRY(put_number(numbers->values[i], out, err));
		return ERR_OK;
	case FAMILY_ECDSA:
		TRY(put_string(out, view_of_text(name.curve), err));
		TRY(put_string(out, half, err));
		return put_number(numbers->values[0], out, err);
	case FAMILY_ED25519:
	default:
		TRY(put_string(out, half, err));
		TRY(put_u32(out, secret_size(numbers->values[0]) + half.size, err));
		TRY(secret_append(out, secret_view(numbers->values[0]), err));
		return secret_append(out, half, err);
	}
}

static enum err_code
write_private(const struct key_numbers *numbers, uint32_t check, const char *comment,
    struct secret *out, struct err *err)
{
	TRY(put_u32(out, check, err));
	TRY(put_u32(out, check, err));
	TRY(write_numbers(numbers, out, err));
	TRY(put_string(out, view_of_text(comment), err));
	for (uint8_t pad = 1; secret_size(out) % BLOCK != 0; pad++)
		TRY(append_byte(out, pad, err));
	return ERR_OK;
}

/* The file that is not locked, of its two parts. */
static enum err_code
write_file(struct view blob, struct view private_part, struct secret **ret_text, struct err *err)
{
	SECRET *binary = NULL, *text = NULL;

	TRY(secret_new(BINARY_MAX + SSH_BLOB_MAX, &binary, err));
	TRY(secret_append(binary, VIEW_OF(magic), err));
	TRY(put_string(binary, view_of_text("none"), err));
	TRY(put_string(binary, view_of_text("none"), err));
	TRY(put_string(binary, view_of_text(""), err));
	TRY(put_u32(binary, 1, err));
	TRY(put_string(binary, blob, err));
	TRY(put_string(binary, private_part, err));
	TRY(secret_new(2 * secret_size(binary) + 2 * LINE, &text, err));
	TRY(secret_append(text, view_of_text(begin_line), err));
	TRY(append_byte(text, '\n', err));
	TRY(encode_lines(binary, text, err));
	TRY(secret_append(text, view_of_text(end_line), err));
	TRY(append_byte(text, '\n', err));
	*ret_text = TAKE(text);
	return ERR_OK;
}

enum err_code
openssh_key_write(const struct key_numbers *numbers, uint32_t check, const char *comment,
    struct secret **ret_text, struct err *err)
{
	SECRET *private_part = NULL, *blob = NULL;

	if (strlen(comment) > SSH_COMMENT_MAX || !text_is_plain(view_of_text(comment)))
		return err_set(err, ERR_INVALID, "the key's comment is not plain or over %d bytes",
		    SSH_COMMENT_MAX);
	if (ssh_type_of(numbers->family, numbers->bits) == NULL)
		return err_set(err, ERR_INVALID, "SSH has no keys on a curve of %u bits",
		    numbers->bits);
	TRY(secret_new(SSH_BLOB_MAX, &blob, err));
	TRY(write_public(numbers, blob, err));
	TRY(secret_new(BINARY_MAX / 2, &private_part, err));
	TRY(write_private(numbers, check, comment, private_part, err));
	return write_file(secret_view(blob), secret_view(private_part), ret_text, err);
}

enum err_code
openssh_key_make(enum key_family family, unsigned bits, const char *comment,
    struct secret **ret_text, struct err *err)
{
	KEY_NUMBERS_OF numbers = {0};
	uint32_t check;

	TRY(key_numbers_make(family, bits, &numbers, err));
	TRY(random_bytes(&check, sizeof(check), err));
	return openssh_key_write(&numbers, check, comment, ret_text, err);
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

/* What can be read of BINARY without a passphrase. */
struct envelope {
	struct view cipher, kdf, options, blob, private_part, tag;
	bool locked;
};

static enum err_code
malformed(struct err *err)
{
	return err_set(err, ERR_INVALID, "the private key is malformed");
}

static enum err_code
read_envelope(struct view binary, struct envelope *ret_envelope, struct err *err)
{
	struct reader reader = reader_of(binary);
	struct view start = reader_bytes(&reader, sizeof(magic));
	struct view cipher = reader_lp32(&reader, SSH_CIPHER_MAX);
	struct view kdf = reader_lp32(&reader, SSH_CIPHER_MAX);
	struct view options = reader_lp32(&reader, 1024);
	uint32_t count = reader_u32(&reader);
	struct view blob = reader_lp32(&reader, SSH_BLOB_MAX);
	struct view private_part = reader_lp32(&reader, BINARY_MAX);
	bool locked =
	    !view_equal(cipher, view_of_text("none")) || !view_equal(kdf, view_of_text("none"));

	if (!view_equal(start, VIEW_OF(magic)))
		return err_set(err, ERR_INVALID, "the private key is not an openssh-key-v1");
	if (reader.failed || (!locked && (reader.rest.size > 0 || options.size != 0)))
		return malformed(err);
	if (count != 1)
		return err_set(err, ERR_INVALID, "the private key file holds %u keys, expected 1",
		    count);
	*ret_envelope =
	    (struct envelope){cipher, kdf, options, blob, private_part, reader.rest, locked};
	return ERR_OK;
}

/* The comment, and the padding: ssh-keygen takes no other. */
static bool
read_tail(struct reader *reader)
{
	struct view comment = reader_lp32(reader, BINARY_MAX);

	if (reader->failed || reader->rest.size >= PADDING_MAX ||
	    (comment.size > 0 && memchr(comment.data, '\0', comment.size) != NULL))
		return false;
	for (size_t i = 0; i < reader->rest.size; i++)
		if (reader->rest.data[i] != i + 1)
			return false;
	return true;
}

static enum err_code
read_number(struct reader *reader, struct secret **ret_number, struct err *err)
{
	struct view bytes = reader_lp32(reader, SSH_BLOB_MAX);

	while (bytes.size > 0 && bytes.data[0] == 0)
		bytes = view_of(bytes.data + 1, bytes.size - 1);
	return secret_from(bytes, ret_number, err);
}

static enum err_code
not_together(struct err *err)
{
	return err_set(err, ERR_INVALID, "the private key's two halves do not belong together");
}

/* What write_numbers() writes behind the type; the family and bits of NUMBERS are known. */
static enum err_code
read_numbers(struct reader *reader, struct key_numbers *numbers, struct err *err)
{
	const struct type_name name = name_of(numbers);
	struct view curve = view_of_text(""), half, pair;

	for (size_t i = 0; numbers->family == FAMILY_RSA && i < KEY_NUMBERS; i++)
		TRY(read_number(reader, &numbers->values[i], err));
	if (numbers->family == FAMILY_RSA)
		return ERR_OK;
	if (numbers->family == FAMILY_ECDSA)
		curve = reader_lp32(reader, SSH_TYPE_MAX);
	half = reader_lp32(reader, KEY_PUBLIC_MAX);
	if (half.size == 0 || !view_equal(curve, view_of_text(name.curve)))
		return malformed(err);
	memcpy(numbers->public_half, half.data, half.size);
	numbers->public_size = half.size;
	if (numbers->family == FAMILY_ECDSA)
		return read_number(reader, &numbers->values[0], err);
	pair = reader_lp32(reader, 2 * ED25519_SIZE);
	if (half.size != ED25519_SIZE || pair.size != 2 * ED25519_SIZE)
		return malformed(err);
	if (!view_equal(view_of(pair.data + ED25519_SIZE, ED25519_SIZE), half))
		return not_together(err);
	return secret_from(view_of(pair.data, ED25519_SIZE), &numbers->values[0], err);
}

/* A file with one key's public half and another's private one would have the wrong lines taken away. */
static enum err_code
check_halves(struct reader *reader, const struct ssh_public *public_key,
    struct key_numbers *numbers, struct err *err)
{
	SECRET *blob = NULL;

	TRY(read_numbers(reader, numbers, err));
	if (!read_tail(reader))
		return malformed(err);
	TRY(key_numbers_check(numbers, err));
	TRY(secret_new(2 * SSH_BLOB_MAX + SSH_TYPE_MAX, &blob, err));
	TRY(write_public(numbers, blob, err));
	if (!view_equal(secret_view(blob), view_of(public_key->blob, public_key->size)))
		return not_together(err);
	return ERR_OK;
}

/* Of types that accounts do not have (base/key_text.h) only the frame is looked at. */
static enum err_code
check_private(struct view private_part, const struct ssh_public *public_key, struct err *err)
{
	KEY_NUMBERS_OF numbers = {0};
	struct reader reader = reader_of(private_part);
	uint32_t first = reader_u32(&reader), second = reader_u32(&reader);
	struct view inner_type = reader_lp32(&reader, SSH_TYPE_MAX);

	if (reader.failed || first != second || private_part.size % BLOCK != 0 ||
	    !view_equal(inner_type, view_of_text(public_key->type)))
		return malformed(err);
	if (ssh_public_family(public_key, &numbers.family, &numbers.bits))
		return check_halves(&reader, public_key, &numbers, err);
	return ERR_OK;
}

static enum err_code
decode_file(struct view text, struct secret **ret_binary, struct err *err)
{
	SECRET *binary = NULL;
	struct view body;

	TRY(find_body(text, &body, err));
	TRY(secret_new(BINARY_MAX + SSH_BLOB_MAX, &binary, err));
	if (body.size / 4 * 3 > secret_capacity(binary))
		return err_set(err, ERR_INVALID, "the private key is too large");
	TRY(decode_lines(body, binary, err));
	*ret_binary = TAKE(binary);
	return ERR_OK;
}

enum err_code
openssh_key_look(struct view text, struct openssh_look *ret_look, struct err *err)
{
	SECRET *binary = NULL;
	struct openssh_look look = {0};
	struct envelope envelope = {0};

	TRY(decode_file(text, &binary, err));
	TRY(read_envelope(secret_view(binary), &envelope, err));
	TRY(ssh_public_from_blob(envelope.blob, &look.public_key, err));
	if (!text_is_plain(envelope.cipher) || envelope.cipher.size == 0)
		return malformed(err);
	if (!envelope.locked)
		TRY(check_private(envelope.private_part, &look.public_key, err));
	memcpy(look.cipher, envelope.cipher.data, envelope.cipher.size);
	look.locked = envelope.locked;
	*ret_look = look;
	return ERR_OK;
}

enum err_code
openssh_key_public(struct view text, struct ssh_public *ret_public, struct err *err)
{
	struct openssh_look look;

	TRY(openssh_key_look(text, &look, err));
	if (look.locked)
		return err_set(err, ERR_REFUSED,
		    "the private key is protected by a passphrase, which nobody could type in an "
		    "emergency: remove it with ssh-keygen -p -f FILE; the vault seals the key");
	*ret_public = look.public_key;
	return ERR_OK;
}

static enum err_code
open_part(const struct envelope *envelope, const struct secret *passphrase,
    struct secret **ret_plain, struct err *err)
{
	char cipher[SSH_CIPHER_MAX + 1] = {0};
	struct reader reader = reader_of(envelope->options);
	struct crypto_lock lock = {.cipher = cipher,
	    .sealed = envelope->private_part,
	    .tag = envelope->tag};

	memcpy(cipher, envelope->cipher.data, envelope->cipher.size);
	lock.salt = reader_lp32(&reader, LOCKED_SALT_MAX);
	lock.rounds = reader_u32(&reader);
	if (!reader_end(&reader) || !view_equal(envelope->kdf, view_of_text("bcrypt")))
		return malformed(err);
	return crypto_unlock(&lock, passphrase, ret_plain, err);
}

enum err_code
openssh_key_unlock(struct view text, const struct secret *passphrase, struct secret **ret_text,
    struct err *err)
{
	SECRET *binary = NULL, *plain = NULL;
	struct openssh_look look;
	struct envelope envelope = {0};

	TRY(openssh_key_look(text, &look, err));
	TRY(decode_file(text, &binary, err));
	TRY(read_envelope(secret_view(binary), &envelope, err));
	if (!look.locked)
		return err_set(err, ERR_INVALID, "the private key is not locked");
	TRY(open_part(&envelope, passphrase, &plain, err));
	enum err_code code = check_private(secret_view(plain), &look.public_key, err);

	if (code == ERR_INVALID)
		return err_set(err, ERR_INTEGRITY,
		    "the passphrase is wrong, or the file is damaged");
	TRY(code);
	return write_file(envelope.blob, secret_view(plain), ret_text, err);
}
