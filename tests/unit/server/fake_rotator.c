/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-rotate-fake: a rotator whose target is a folder, {"folder":PATH}, or an account in it, which is a folder there
 * ({"folder":PATH,"account":NAME}), for tests of the vault's side.  A member "name" tells targets apart that share a folder.
 * In it:
 *
 *	accepts		the accepted passwords, one a line
 *	calls		each verb is added as a line
 *	begun		a line for each process that was told of this target
 *	mode		lines VERB=WORD; the first one for a verb is used up, unless WORD ends in '!'
 *	go		what a verb waits for whose word is "wait"
 *
 * The same program under other names: twin; slow, whose old values work for another FAKE_GRACE seconds; turning, which adds
 * and withdraws values (STYLE_OVERLAP).
 *
 * check=refuse  generate=refuse  probe=unreachable  probe=pass  probe=fail  probe=denied (where it would be refused)
 * apply=reject, =wordy (the same, in 500 bytes that are no ASCII), =lost (done, but says unknown), =drop (not done, says unknown), =hang (done, then
 * silent), =nothing (not done, says applied), =sly (done, says rejected), =both (the old one stays), =spoil (neither works),
 * =one (the old one is replaced among those of other accounts; else the new one is alone)
 * expel=none, =unclear
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/json_in.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/program/program.h"

#ifndef FAKE_NAME
#define FAKE_NAME "fake"
#endif
#ifndef FAKE_GRACE
#define FAKE_GRACE 0
#endif
#ifndef FAKE_STYLE
#define FAKE_STYLE STYLE_REPLACE
#endif

struct fake {
	char folder[4000];
};

static enum err_code
note_begun(const struct fake *fake, struct err *err)
{
	char path[4096];

	TRY(file_path(fake->folder, "begun", path, err));
	FILE *file = fopen(path, "a");
	if (file == NULL)
		return err_set(err, ERR_IO, "there is no such target");
	fputs(FAKE_NAME "\n", file);
	return fclose(file) == 0 ? ERR_OK : err_set(err, ERR_IO, "the target is full");
}

static enum err_code
fake_open(const struct rotation *rotation, void **ret_state, struct err *err)
{
	struct json_in in = json_in(rotation->target, "target", err);
	struct fake *fake = calloc(1, sizeof(*fake));
	const char *folder = json_in_text(&in, "folder", 1, 3000);
	const char *account = json_in_text_optional(&in, "account", 1, 40);
	(void)json_in_text_optional(&in, "name", 1, 64);

	if (fake == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	snprintf(fake->folder, sizeof(fake->folder), "%s%s%s", folder, account != NULL ? "/" : "",
	    account != NULL ? account : "");
	*ret_state = fake;
	TRY(json_in_end(&in));
	return note_begun(fake, err);
}

static void
fake_describe(const void *state, struct description *ret_description)
{
	(void)state;
	ret_description->fields[FIELD_PASSWORD] = true;
	ret_description->announced = (struct announcement){.style = FAKE_STYLE,
	    .holds = FAKE_STYLE == STYLE_REPLACE ? 1 : 2,
	    .grace = FAKE_GRACE,
	    .can = CAN_EXPEL};
}

static enum err_code
read_file(const struct fake *fake, const char *name, struct buf *ret_text, struct err *err)
{
	char path[4096];

	TRY(file_path(fake->folder, name, path, err));
	return file_exists(path) ? file_read(path, 1024 * 1024, ret_text, err) : ERR_OK;
}

static enum err_code
write_file(const struct fake *fake, const char *name, struct view text, struct err *err)
{
	char path[4096];

	TRY(file_path(fake->folder, name, path, err));
	return file_write(path, text, 0600, err);
}

static enum err_code
wait_for_go(const struct fake *fake, struct err *err)
{
	char path[4096];

	TRY(file_path(fake->folder, "go", path, err));
	while (!file_exists(path))
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	return ERR_OK;
}

/* Notes the call; RET_MODE is the word that stands for VERB now, or "". */
static enum err_code
begin(const struct fake *fake, const char *verb, const char *which, char ret_mode[64],
    struct err *err)
{
	BUF calls = {0}, modes = {0}, rest = {0};
	size_t length = strlen(verb);
	char *save = NULL;
	bool found = false;

	ret_mode[0] = '\0';
	TRY(read_file(fake, "calls", &calls, err));
	buf_format(&calls, "%s%s%s\n", verb, which != NULL ? " " : "", which != NULL ? which : "");
	TRY(write_file(fake, "calls", buf_view(&calls), err));
	TRY(read_file(fake, "mode", &modes, err));
	buf_text(&modes, "\n");
	char *text = strdup(buf_string(&modes));
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		bool used = !found && strncmp(line, verb, length) == 0 && line[length] == '=';

		if (used) {
			found = true;
			snprintf(ret_mode, 64, "%s", line + length + 1);
		}
		if (!used || line[strlen(line) - 1] == '!')
			buf_format(&rest, "%s\n", line);
	}
	free(text);
	ret_mode[strcspn(ret_mode, "!")] = '\0';
	if (found)
		TRY(write_file(fake, "mode", buf_view(&rest), err));
	return strcmp(ret_mode, "wait") == 0 ? wait_for_go(fake, err) : ERR_OK;
}

static enum err_code
password(const struct secret *credential, struct view *ret_value, struct err *err)
{
	return credential_get(secret_view(credential), FIELD_PASSWORD, ret_value, err);
}

static enum err_code
fake_check(void *state, struct rotation *rotation, struct err *err)
{
	char mode[64];

	(void)rotation;
	TRY(begin(state, "check", NULL, mode, err));
	return strcmp(mode, "refuse") == 0 ?
	    err_set(err, ERR_REFUSED, "the target makes no sense") :
	    ERR_OK;
}

static enum err_code
fake_generate(void *state, struct rotation *rotation, struct secret **ret_next, struct err *err)
{
	uint8_t bytes[16];
	char hex[33], mode[64];

	TRY(begin(state, "generate", NULL, mode, err));
	if (strcmp(mode, "refuse") == 0)
		return err_set(err, ERR_REFUSED, "no value today");
	TRY(random_bytes(bytes, sizeof(bytes), err));
	text_hex(VIEW_OF(bytes), hex);
	return rotation_replace(rotation->current, FIELD_PASSWORD, view_of_text(hex), ret_next,
	    err);
}

static enum err_code
accepts(const struct fake *fake, struct view value, bool *ret_accepts, struct err *err)
{
	BUF text = {0}, line = {0};

	buf_text(&text, "\n");
	TRY(read_file(fake, "accepts", &text, err));
	buf_text(&line, "\n");
	buf_bytes(&line, value);
	buf_text(&line, "\n");
	*ret_accepts = strstr(buf_string(&text), buf_string(&line)) != NULL;
	return ERR_OK;
}

static enum err_code
fake_probe(void *state, struct rotation *rotation, enum rotator_value which,
    enum probe_result *ret_result, struct err *err)
{
	struct view value;
	bool yes;
	char mode[64];

	TRY(begin(state, "probe", which == ROTATOR_CURRENT ? "current" : "next", mode, err));
	if (strcmp(mode, "unreachable") == 0) {
		*ret_result = PROBE_UNREACHABLE;
		rotation_detail(rotation, "nobody answers");
		return ERR_OK;
	}
	if (strcmp(mode, "pass") == 0 || strcmp(mode, "fail") == 0) {
		*ret_result = mode[0] == 'p' ? PROBE_ACCEPTED : PROBE_REFUSED;
		return ERR_OK;
	}
	TRY(password(which == ROTATOR_CURRENT ? rotation->current : rotation->next, &value, err));
	TRY(accepts(state, value, &yes, err));
	*ret_result = yes               ? PROBE_ACCEPTED :
	    strcmp(mode, "denied") == 0 ? PROBE_DENIED :
	                                  PROBE_REFUSED;
	return ERR_OK;
}

/* What is accepted, without OLD. */
static enum err_code
without(const struct fake *fake, struct view old, struct buf *ret_text, struct err *err)
{
	BUF text = {0};
	const char *end;

	TRY(read_file(fake, "accepts", &text, err));
	for (const char *line = buf_string(&text); (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		struct view one = view_of(line, (size_t)(end - line) + 1);

		if (!view_equal(view_of(line, one.size - 1), old))
			buf_bytes(ret_text, one);
	}
	return buf_check(ret_text, err);
}

static enum err_code
fake_apply(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	BUF text = {0};
	struct view old = {0}, new; /* by the host's own right it needs no old one */
	char mode[64];

	TRY(begin(state, "apply", NULL, mode, err));
	if (rotation->current != NULL)
		TRY(password(rotation->current, &old, err));
	TRY(password(rotation->next, &new, err));
	*ret_result = CHANGE_DONE;
	if (strcmp(mode, "reject") == 0) {
		*ret_result = CHANGE_REJECTED;
		rotation_detail(rotation, "too simple for this target");
		return ERR_OK;
	}
	if (strcmp(mode, "wordy") == 0) { /* a letter of two bytes at each place */
		*ret_result = CHANGE_REJECTED;
		for (size_t i = 0; i + 2 < sizeof(rotation->detail); i += 2)
			memcpy(rotation->detail + i, "\xc3\xa9", 3);
		return ERR_OK;
	}
	if (strcmp(mode, "nothing") == 0)
		return ERR_OK;
	if (strcmp(mode, "drop") == 0) {
		*ret_result = CHANGE_UNKNOWN;
		return ERR_OK;
	}
	if (strcmp(mode, "one") == 0)
		TRY(without(state, old, &text, err));
	if (strcmp(mode, "spoil") != 0) {
		buf_bytes(&text, new);
		buf_text(&text, "\n");
	}
	if (strcmp(mode, "both") == 0) {
		buf_bytes(&text, old);
		buf_text(&text, "\n");
	}
	TRY(write_file(state, "accepts", buf_view(&text), err));
	if (strcmp(mode, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(mode, "lost") == 0)
		*ret_result = CHANGE_UNKNOWN;
	if (strcmp(mode, "sly") == 0)
		*ret_result = CHANGE_REJECTED;
	return ERR_OK;
}

static enum err_code
fake_add(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	BUF text = {0};
	struct view value;
	char mode[64];

	TRY(begin(state, "add", NULL, mode, err));
	TRY(password(rotation->next, &value, err));
	TRY(without(state, value, &text, err));
	buf_bytes(&text, value);
	buf_text(&text, "\n");
	*ret_result = CHANGE_DONE;
	return write_file(state, "accepts", buf_view(&text), err);
}

static enum err_code
fake_withdraw(void *state, struct rotation *rotation, enum change_result *ret_result,
    struct err *err)
{
	BUF text = {0};
	struct view value;
	char mode[64];

	TRY(begin(state, "withdraw", NULL, mode, err));
	TRY(password(rotation->current, &value, err));
	TRY(without(state, value, &text, err));
	*ret_result = CHANGE_DONE;
	return write_file(state, "accepts", buf_view(&text), err);
}

static enum err_code
fake_expel(void *state, struct rotation *rotation, enum expel_result *ret_result, struct err *err)
{
	char mode[64];

	TRY(begin(state, "expel", NULL, mode, err));
	*ret_result = strcmp(mode, "none") == 0 ? EXPEL_NONE :
	    strcmp(mode, "unclear") == 0        ? EXPEL_CANNOT_TELL :
	                                          EXPEL_ENDED;
	rotation_detail(rotation, "two sessions");
	return ERR_OK;
}

static const char *const help[] = {"A rotator for tests.", NULL};

int
main(int argc, char **argv)
{
	static const struct program_ops ops = {.name = FAKE_NAME,
	    .help = help,
	    .open = fake_open,
	    .close = free,
	    .describe = fake_describe,
	    .check = fake_check,
	    .generate = fake_generate,
	    .probe = fake_probe,
	    .changes = {[ROTATOR_APPLY] = FAKE_STYLE == STYLE_REPLACE ? fake_apply : NULL,
	        [ROTATOR_ADD] = FAKE_STYLE == STYLE_REPLACE ? NULL : fake_add,
	        [ROTATOR_WITHDRAW] = FAKE_STYLE == STYLE_REPLACE ? NULL : fake_withdraw},
	    .expel = fake_expel};

	return program_run(&ops, argc, argv);
}
