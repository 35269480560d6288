/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of fixed size.  Every text is first made in a second buffer, so that arguments may point
 * into the error that is being replaced, and is then cleaned: a text may quote a file name or a
 * peer's words, and nothing of that may reach a terminal as an escape sequence.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PART ".  " /* between two parts of a text */

static const char *const names[ERR_CODE_COUNT] = {
    [ERR_OK] = "ok",
    [ERR_USAGE] = "usage",
    [ERR_INVALID] = "invalid",
    [ERR_REFUSED] = "refused",
    [ERR_WAITING] = "waiting",
    [ERR_EXPIRED] = "expired",
    [ERR_NOT_FOUND] = "not-found",
    [ERR_EXISTS] = "exists",
    [ERR_TOKEN] = "token",
    [ERR_TOKEN_GONE] = "token-gone",
    [ERR_TOKEN_ABSENT] = "token-absent",
    [ERR_PIN] = "pin",
    [ERR_PIN_BLOCKED] = "pin-blocked",
    [ERR_TOUCH] = "touch",
    [ERR_TARGET] = "target",
    [ERR_TARGET_UNKNOWN] = "target-unknown",
    [ERR_INTEGRITY] = "integrity",
    [ERR_CRYPTO] = "crypto",
    [ERR_IO] = "io",
    [ERR_NO_SPACE] = "no-space",
    [ERR_MEMORY] = "memory",
    [ERR_BUSY] = "busy",
    [ERR_VERSION] = "version",
    [ERR_PROTOCOL] = "protocol",
    [ERR_INTERNAL] = "internal",
};

/* A text that is being put together; OVER when something did not fit. */
struct draft {
	char text[ERR_TEXT_SIZE];
	size_t size;
	bool over;
};

static void draft_add(struct draft *draft, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
draft_add(struct draft *draft, const char *format, va_list args)
{
	size_t room = sizeof(draft->text) - draft->size;
	int need = vsnprintf(draft->text + draft->size, room, format, args);

	if (need < 0) {
		draft->text[draft->size] = '\0';
		draft->over = true;
	} else if ((size_t)need >= room) {
		draft->size = sizeof(draft->text) - 1;
		draft->over = true;
	} else {
		draft->size += (size_t)need;
	}
}

static void
draft_text(struct draft *draft, const char *text)
{
	size_t room = sizeof(draft->text) - 1 - draft->size;
	size_t size = strlen(text);

	if (size > room) {
		size = room;
		draft->over = true;
	}
	memcpy(draft->text + draft->size, text, size);
	draft->size += size;
	draft->text[draft->size] = '\0';
}

/* C0 and DEL, and the C1 controls as UTF-8 has them (C2 80..9F): a terminal may obey both. */
static void
draft_clean(struct draft *draft)
{
	for (size_t i = 0; i < draft->size; i++) {
		uint8_t byte = (uint8_t)draft->text[i];
		uint8_t next = (uint8_t)draft->text[i + 1];

		if (byte < 0x20 || byte == 0x7f)
			draft->text[i] = '?';
		else if (byte == 0xc2 && next >= 0x80 && next < 0xa0)
			draft->text[i] = draft->text[i + 1] = '?';
	}
}

/* End a text that did not fit with "...", without leaving half a UTF-8 sequence before it. */
static void
draft_cut(struct draft *draft)
{
	static const char dots[] = "...";
	size_t end = sizeof(draft->text) - sizeof(dots);

	if (end > draft->size)
		end = draft->size;
	while (end > 0 && ((uint8_t)draft->text[end] & 0xc0) == 0x80)
		end--;
	memcpy(draft->text + end, dots, sizeof(dots));
}

static enum err_code
draft_finish(struct draft *draft, enum err_code code, struct err *err)
{
	draft_clean(draft);
	if (draft->over)
		draft_cut(draft);
	for (size_t i = 0; i < ERR_PARTS; i++)
		if (err->parts[i] >= draft->size)
			err->parts[i] = 0; /* cut off */
	memcpy(err->text, draft->text, sizeof(err->text));
	err->code = code;
	return code;
}

/* What was said before. */
static void
forget(struct err *err)
{
	err->cure = NULL;
	memset(err->parts, 0, sizeof(err->parts));
}

enum err_code
err_set(struct err *err, enum err_code code, const char *format, ...)
{
	struct draft draft = {0};
	va_list args;

	va_start(args, format);
	draft_add(&draft, format, args);
	va_end(args);
	forget(err);
	return draft_finish(&draft, code, err);
}

enum err_code
err_cure(struct err *err, const char *cure)
{
	err->cure = cure;
	return err->code;
}

enum err_code
err_add(struct err *err, const char *format, ...)
{
	struct draft draft = {0};
	va_list args;

	va_start(args, format);
	draft_add(&draft, format, args);
	va_end(args);
	draft_text(&draft, ": ");
	for (size_t i = 0; i < ERR_PARTS; i++)
		if (err->parts[i] != 0)
			err->parts[i] = (unsigned short)(err->parts[i] + draft.size);
	draft_text(&draft, err->text);
	return draft_finish(&draft, err->code, err);
}

void
err_cut(struct err *err, size_t size)
{
	struct draft draft = {0};

	if (strlen(err->text) <= size)
		return;
	memcpy(draft.text, err->text, size);
	draft.size = size;
	draft_finish(&draft, err->code, err);
}

enum err_code
err_part(struct err *err, const char *format, ...)
{
	struct draft draft = {0};
	size_t part = 0;
	va_list args;

	while (part < ERR_PARTS && err->parts[part] != 0)
		part++;
	draft_text(&draft, err->text);
	draft_text(&draft, PART);
	if (part < ERR_PARTS)
		err->parts[part] = (unsigned short)draft.size;
	va_start(args, format);
	draft_add(&draft, format, args);
	va_end(args);
	return draft_finish(&draft, err->code, err);
}

size_t
err_parts(const struct err *err)
{
	size_t count = 1;

	while (count <= ERR_PARTS && err->parts[count - 1] != 0)
		count++;
	return count;
}

void
err_copy_part(const struct err *err, size_t part, char ret_text[ERR_TEXT_SIZE])
{
	size_t from = part > 0 && part <= ERR_PARTS ? err->parts[part - 1] : 0;
	size_t to = strlen(err->text);

	if (part > 0 && from == 0)
		to = 0;
	else if (part < ERR_PARTS && err->parts[part] != 0)
		to = err->parts[part] - strlen(PART);
	memcpy(ret_text, err->text + from, to - from);
	ret_text[to - from] = '\0';
}

enum err_code
err_also(struct err *err, const struct err *more)
{
	char text[ERR_TEXT_SIZE];

	if (more->code == ERR_OK)
		return err->code;
	if (err->code == ERR_OK) {
		*err = *more;
		return err->code;
	}
	for (size_t i = 0; i < err_parts(more); i++) {
		err_copy_part(more, i, text);
		(void)err_part(err, "%s", text);
	}
	return err->code;
}

void
err_gather(struct err *all, enum err_code code, const struct err *one)
{
	if (code != ERR_OK)
		(void)err_also(all, one);
}

enum err_code
err_gathered(const struct err *all, struct err *err)
{
	if (all->code != ERR_OK)
		*err = *all;
	return all->code;
}

enum err_code
err_errno(struct err *err, enum err_code code, int error_number, const char *format, ...)
{
	struct draft draft = {0};
	const char *reason = strerrordesc_np(error_number);
	va_list args;

	if (error_number == ENOSPC || error_number == EDQUOT)
		code = ERR_NO_SPACE;
	else if (error_number == ENOMEM)
		code = ERR_MEMORY;
	va_start(args, format);
	draft_add(&draft, format, args);
	va_end(args);
	draft_text(&draft, ": ");
	draft_text(&draft, reason != NULL ? reason : "unknown error");
	forget(err);
	return draft_finish(&draft, code, err);
}

const char *
err_name(enum err_code code)
{
	return (unsigned)code < ERR_CODE_COUNT ? names[code] : names[ERR_INTERNAL];
}

enum err_code
err_from_name(const char *name)
{
	/* "ok" names no error: a peer that reports one by that name must not look like success. */
	for (int code = ERR_OK + 1; code < ERR_CODE_COUNT; code++) {
		if (strcmp(names[code], name) == 0)
			return (enum err_code)code;
	}
	return ERR_PROTOCOL;
}
