/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/starter_conf.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "base/trusted.h"
#include "rotators/contract/executable.h"

static const char *const kind_names[] = {"vault", "account", "program", "path", "hide"};
static const char blanks[] = " \t";

void
conf_done(struct conf *conf)
{
	for (size_t i = 0; i < conf->count; i++)
		free(conf->entries[i].word);
	free(conf->entries);
	*conf = (struct conf){0};
}

bool
conf_has(const struct conf *conf, enum conf_kind kind, const char *word)
{
	for (size_t i = 0; i < conf->count; i++)
		if (conf->entries[i].kind == kind && strcmp(conf->entries[i].word, word) == 0)
			return true;
	return false;
}

static bool
lies_in(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* FOLDER as root wrote it may lead through links of root's. */
static bool
really_lies_in(const char *real, const char *folder)
{
	char path[4096];
	FD fd = -1;
	struct err unsaid;

	return trusted_reach(folder, &fd, path, &unsaid) == ERR_OK && lies_in(real, path);
}

static bool
any_shown(const struct conf *conf, const char *path,
    bool (*lies)(const char *path, const char *folder))
{
	for (size_t i = 0; i < conf->count; i++)
		if (conf->entries[i].kind == CONF_SHOWS && lies(path, conf->entries[i].word))
			return true;
	return false;
}

bool
conf_names(const struct conf *conf, const char *path)
{
	return any_shown(conf, path, lies_in);
}

bool
conf_shows(const struct conf *conf, const char *real)
{
	return any_shown(conf, real, really_lies_in);
}

bool
conf_vault(const struct conf *conf, uid_t *ret_uid)
{
	for (size_t i = 0; i < conf->count; i++) {
		const struct passwd *user =
		    conf->entries[i].kind == CONF_VAULT ? getpwnam(conf->entries[i].word) : NULL;

		if (user == NULL)
			continue;
		*ret_uid = user->pw_uid;
		return true;
	}
	return false;
}

/* --- Reading ------------------------------------------------------------------------------ */

struct reading {
	struct conf conf;
	unsigned line;
};

static void
reading_done(struct reading *reading)
{
	conf_done(&reading->conf);
}

static enum err_code
say_wrong(const struct reading *reading, struct err *err, const char *what, const char *word)
{
	return err_set(err, ERR_INVALID, CONF_PATH ", line %u: %s: %.200s", reading->line, what,
	    QUOTED(word));
}

static enum err_code
check_account(const struct reading *reading, const char *word, struct err *err)
{
	return getpwnam(word) != NULL ?
	    ERR_OK :
	    say_wrong(reading, err, "this host has no such account", word);
}

static enum err_code
check_path(const struct reading *reading, const char *word, struct err *err)
{
	NEEDS needs = {0};
	struct err cause;

	return needs_add(&needs, word, false, &cause) == ERR_OK ?
	    ERR_OK :
	    say_wrong(reading, err,
	        "a path must be absolute, not / itself, without \".\", \"..\" and a \"/\" at its end",
	        word);
}

static enum err_code
check_word(const struct reading *reading, enum conf_kind kind, const char *word, struct err *err)
{
	uid_t ignored;

	switch (kind) {
	case CONF_VAULT:
		if (conf_vault(&reading->conf, &ignored))
			return say_wrong(reading, err, "a second vault's account", word);
		return check_account(reading, word, err);
	case CONF_ACCOUNTS:
		return check_account(reading, word, err);
	case CONF_PROGRAM:
		return text_is_name(word) && strchr(word, '/') == NULL ?
		    ERR_OK :
		    say_wrong(reading, err, "a program is named without its folder", word);
	case CONF_SHOWS:
	case CONF_HIDES:
	default:
		return check_path(reading, word, err);
	}
}

static enum err_code
add_entry(struct reading *reading, enum conf_kind kind, const char *word, struct err *err)
{
	struct conf *conf = &reading->conf;
	struct conf_entry *entries;
	char *copy;

	if (conf->count == CONF_ENTRIES)
		return say_wrong(reading, err, "more than 256 entries", word);
	entries = reallocarray(conf->entries, conf->count + 1, sizeof(*entries));
	copy = entries != NULL ? strdup(word) : NULL;
	if (entries != NULL)
		conf->entries = entries;
	if (copy == NULL)
		return err_set(err, ERR_MEMORY, "no memory for " CONF_PATH);
	entries[conf->count++] = (struct conf_entry){kind, copy};
	return ERR_OK;
}

/* LINE is cut up. */
static enum err_code
read_line(struct reading *reading, char *line, struct err *err)
{
	char *rest = NULL;

	line[strcspn(line, "#")] = '\0';
	const char *key = strtok_r(line, blanks, &rest), *word = strtok_r(NULL, blanks, &rest);

	if (key == NULL)
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++) {
		if (strcmp(key, kind_names[i]) != 0)
			continue;
		if (word == NULL)
			return say_wrong(reading, err, "a word is missing behind", key);
		if (strtok_r(NULL, blanks, &rest) != NULL)
			return say_wrong(reading, err, "more than one word behind", key);
		TRY(check_word(reading, (enum conf_kind)i, word, err));
		return add_entry(reading, (enum conf_kind)i, word, err);
	}
	return say_wrong(reading, err,
	    "no entry is called so; there are vault, account, program, path and hide", key);
}

enum err_code
conf_parse(struct view text, struct conf *ret_conf, struct err *err)
{
	CLEANUP(reading_done) struct reading reading = {.line = 0};
	BUF copy = {0};
	char *line, *rest;

	if (memchr(text.data, '\0', text.size) != NULL)
		return err_set(err, ERR_INVALID, CONF_PATH " holds a NUL: it is no text");
	buf_bytes(&copy, text);
	buf_u8(&copy, '\0');
	TRY(buf_check(&copy, err));
	rest = (char *)copy.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		reading.line++;
		TRY(read_line(&reading, line, err));
	}
	*ret_conf = reading.conf;
	reading.conf = (struct conf){0};
	return ERR_OK;
}

enum err_code
conf_read(struct conf *ret_conf, struct err *err)
{
	BUF text = {0};
	enum err_code code = executable_beside(CONF_PATH, CONF_MAX, &text, err);

	if (code == ERR_NOT_FOUND) {
		*ret_conf = (struct conf){0};
		return ERR_OK;
	}
	TRY(code);
	return conf_parse(buf_view(&text), ret_conf, err);
}
