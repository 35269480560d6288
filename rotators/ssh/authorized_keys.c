/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is found as sshd finds it: white space; nothing or '#': no key; else "TYPE BASE64" where
 * TYPE is a word that the decoded BASE64 confirms; else options up to the first white space that is
 * not in double quotes (within which \" does not end them), and then "TYPE BASE64".  What is
 * neither is left alone, as sshd leaves it alone.  Words end at spaces and tabs; other white space inside
 * BASE64 is skipped.
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

static size_t
skip_word(struct view line, size_t at)
{
	while (at < line.size && !is_blank(line.data[at]))
		at++;
	return at;
}

/* What may stand inside BASE64, and behind it as a line ending. */
static bool
is_skipped(uint8_t byte)
{
	return byte == '\r' || byte == '\v' || byte == '\f';
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

static bool
read_blob(struct view word, struct ssh_public *ret_key)
{
	BUF letters = {0}, blob = {0};
	struct err err;

	for (size_t i = 0; i < word.size; i++)
		if (!is_skipped(word.data[i]))
			buf_u8(&letters, word.data[i]);
	return buf_check(&letters, &err) == ERR_OK && buf_from_base64(&blob, buf_view(&letters)) &&
	    ssh_public_from_blob(buf_view(&blob), ret_key, &err) == ERR_OK;
}

/* sshd takes the names of RSA's signatures for the key's type. */
static bool
is_type_of(struct view word, const struct ssh_public *key)
{
	if (view_equal(word, view_of_text(key->type)))
		return true;
	return strcmp(key->type, "ssh-rsa") == 0 &&
	    (view_equal(word, view_of_text("rsa-sha2-256")) ||
	        view_equal(word, view_of_text("rsa-sha2-512")));
}

/* "TYPE BASE64" at AT, with the type that the base64 holds. */
static bool
key_at(struct view line, size_t at, struct place *ret_place, struct ssh_public *ret_key)
{
	size_t type_end = skip_word(line, at), begin = skip_blanks(line, type_end);
	size_t end = skip_word(line, begin);

	while (end > begin && is_skipped(line.data[end - 1]))
		end--;
	if (type_end == at || begin == type_end || end == begin ||
	    !read_blob(view_of(line.data + begin, end - begin), ret_key) ||
	    !is_type_of(view_of(line.data + at, type_end - at), ret_key))
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

/* --- Lines -------------------------------------------------------------------------------- */

struct line {
	struct view text; /* without its newline */
	bool newline;
	bool has_key;
	struct place place;
	struct ssh_public key;
};

/* The line of FILE at *AT, which moves behind it.  False at the end of the file. */
static bool
next_line(struct view file, size_t *at, struct line *ret_line)
{
	if (*at >= file.size)
		return false;
	const uint8_t *begin = file.data + *at, *newline = memchr(begin, '\n', file.size - *at);

	ret_line->newline = newline != NULL;
	ret_line->text =
	    view_of(begin, newline != NULL ? (size_t)(newline - begin) : file.size - *at);
	ret_line->has_key = find_key(ret_line->text, &ret_line->place, &ret_line->key);
	*at += ret_line->text.size + (ret_line->newline ? 1 : 0);
	return true;
}

static bool
has(const struct line *line, const struct ssh_public *key)
{
	return line->has_key && ssh_public_equal(&line->key, key);
}

static void
put_line(const struct line *line, struct buf *file)
{
	buf_bytes(file, line->text);
	if (line->newline)
		buf_u8(file, '\n');
}

static struct view
without_return(struct view text)
{
	bool has_return = text.size > 0 && text.data[text.size - 1] == '\r';

	return view_of(text.data, text.size - (has_return ? 1 : 0));
}

/* Is TEXT the line of FILE at AT, but for its ending? */
static bool
stands_at(struct view file, size_t at, struct view text)
{
	struct line line;

	return next_line(file, &at, &line) &&
	    view_equal(without_return(line.text), without_return(text));
}

/* LINE with KEY in the place of its own. */
static void
write_twin(const struct line *line, const struct ssh_public *key, struct buf *twin)
{
	buf_bytes(twin, view_of(line->text.data, line->place.begin));
	ssh_public_write(key, twin);
	buf_bytes(twin,
	    view_of(line->text.data + line->place.end, line->text.size - line->place.end));
}

/* --- The file ----------------------------------------------------------------------------- */

static enum err_code
check_size(size_t size, const char *what, struct err *err)
{
	if (size <= AUTHORIZED_KEYS_MAX)
		return ERR_OK;
	return err_set(err, ERR_INVALID, "the file %s larger than %d KiB", what,
	    AUTHORIZED_KEYS_MAX / 1024);
}

enum err_code
authorized_keys_count(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct authorized_keys_count *ret_count, struct err *err)
{
	struct authorized_keys_count count = {0};
	struct line line;

	TRY(check_size(file.size, "is", err));
	if (file.size > 0 && memchr(file.data, '\0', file.size) != NULL)
		return err_set(err, ERR_INVALID,
		    "the file has a NUL byte: it is damaged, or not an authorized_keys file");
	for (size_t at = 0; next_line(file, &at, &line);) {
		count.current += has(&line, current) ? 1 : 0;
		count.next += has(&line, next) ? 1 : 0;
	}
	*ret_count = count;
	return ERR_OK;
}

/* LINE ends before AT. */
static enum err_code
add_twin(struct view file, size_t at, const struct line *line, const struct ssh_public *next,
    struct buf *added, size_t *changed, struct err *err)
{
	BUF twin = {0};

	write_twin(line, next, &twin);
	TRY(buf_check(&twin, err));
	if (stands_at(file, at, buf_view(&twin)))
		return ERR_OK;
	if (!line->newline)
		buf_u8(added, '\n');
	buf_bytes(added, buf_view(&twin));
	if (line->newline)
		buf_u8(added, '\n');
	*changed += 1;
	return ERR_OK;
}

enum err_code
authorized_keys_add(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err)
{
	struct authorized_keys_count count;
	struct line line;
	BUF added = {0};

	TRY(authorized_keys_count(file, current, next, &count, err));
	for (size_t at = 0; next_line(file, &at, &line);) {
		put_line(&line, &added);
		if (has(&line, current))
			TRY(add_twin(file, at, &line, next, &added, &count.changed, err));
	}
	TRY(buf_check(&added, err));
	TRY(check_size(added.size, "would be", err));
	buf_bytes(ret_file, buf_view(&added));
	TRY(buf_check(ret_file, err));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
authorized_keys_withdraw(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err)
{
	struct authorized_keys_count count;
	struct line line;

	TRY(authorized_keys_count(file, current, next, &count, err));
	for (size_t at = 0; next_line(file, &at, &line);)
		if (!has(&line, current))
			put_line(&line, ret_file);
	count.changed = count.current;
	TRY(buf_check(ret_file, err));
	*ret_count = count;
	return ERR_OK;
}
