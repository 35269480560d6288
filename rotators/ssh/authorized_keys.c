/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is found as sshd finds it: white space; nothing or '#': no key; else "TYPE BASE64" where
 * TYPE is a word that the decoded BASE64 confirms; else options up to the first white space that is
 * not in double quotes (within which \" does not end them), and then "TYPE BASE64".  What is
 * neither is left alone, as sshd leaves it alone.
 */
#include "rotators/ssh/authorized_keys.h"

#include <string.h>

#include "base/base64.h"

/* Where TYPE begins and BASE64 ends in a line. */
struct place {
	size_t begin, end;
};

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t
skip_blanks(struct view line, size_t at)
{
	while (at < line.size && is_blank(line.data[at]))
		at++;
	return at;
}

/* A carriage return ends a word too: it is a line ending, not a part of the key. */
static size_t
skip_word(struct view line, size_t at)
{
	while (at < line.size && !is_blank(line.data[at]) && line.data[at] != '\r')
		at++;
	return at;
}

static size_t
skip_options(struct view line, size_t at)
{
	bool quoted = false;

	for (; at < line.size && (quoted || !is_blank(line.data[at])); at++) {
		if (line.data[at] == '\\' && at + 1 < line.size && line.data[at + 1] == '"')
			at++;
		else if (line.data[at] == '"')
			quoted = !quoted;
	}
	return at;
}

/* "TYPE BASE64" at AT, with the type that the base64 holds. */
static bool
key_at(struct view line, size_t at, struct place *ret_place, struct ssh_public *ret_key)
{
	BUF blob = {0};
	struct err err;
	size_t type_end = skip_word(line, at), begin = skip_blanks(line, type_end);
	size_t end = skip_word(line, begin);

	if (type_end == at || begin == type_end || end == begin ||
	    !buf_from_base64(&blob, view_of(line.data + begin, end - begin)) ||
	    ssh_public_from_blob(buf_view(&blob), ret_key, &err) != ERR_OK)
		return false;
	if (!view_equal(view_of(line.data + at, type_end - at), view_of_text(ret_key->type)))
		return false;
	*ret_place = (struct place){at, end};
	return true;
}

static bool
find_key(struct view line, struct place *ret_place, struct ssh_public *ret_key)
{
	size_t at = skip_blanks(line, 0);

	if (at == line.size || line.data[at] == '#')
		return false;
	if (key_at(line, at, ret_place, ret_key))
		return true;
	return key_at(line, skip_blanks(line, skip_options(line, at)), ret_place, ret_key);
}

static void
replace_line(struct view line, const struct ssh_public *current, const struct ssh_public *next,
    struct buf *file, struct authorized_keys_count *count)
{
	struct place place;
	struct ssh_public key;
	bool found = find_key(line, &place, &key);

	if (found && ssh_public_equal(&key, next))
		count->next++;
	if (!found || !ssh_public_equal(&key, current)) {
		buf_bytes(file, line);
		return;
	}
	count->current++;
	buf_bytes(file, view_of(line.data, place.begin));
	ssh_public_write(next, file);
	buf_bytes(file, view_of(line.data + place.end, line.size - place.end));
}

enum err_code
authorized_keys_replace(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err)
{
	struct authorized_keys_count count = {0};

	if (file.size > AUTHORIZED_KEYS_MAX)
		return err_set(err, ERR_INVALID, "the file is larger than %d KiB",
		    AUTHORIZED_KEYS_MAX / 1024);
	if (file.size > 0 && memchr(file.data, '\0', file.size) != NULL)
		return err_set(err, ERR_INVALID,
		    "the file has a NUL byte: it is damaged, or not an authorized_keys file");
	for (size_t at = 0; at < file.size;) {
		const uint8_t *newline = memchr(file.data + at, '\n', file.size - at);
		size_t end = newline == NULL ? file.size : (size_t)(newline - file.data) + 1;
		size_t text_end = newline == NULL ? end : end - 1;

		replace_line(view_of(file.data + at, text_end - at), current, next, ret_file,
		    &count);
		buf_bytes(ret_file, view_of(file.data + text_end, end - text_end));
		at = end;
	}
	TRY(buf_check(ret_file, err));
	*ret_count = count;
	return ERR_OK;
}
