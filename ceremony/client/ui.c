/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting on the way to a person. */
#include "ceremony/client/ui.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

enum { LINE_SIZE = 8192 };

static void format_line(char line[LINE_SIZE], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
format_line(char line[LINE_SIZE], const char *format, va_list arguments)
{
	if (vsnprintf(line, LINE_SIZE, format, arguments) < 0)
		line[0] = '\0';
}

void
ui_say(const struct ui *ui, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	ui->say(ui->context, line);
}

void
ui_relay(const struct ui *ui, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	ui->relay(ui->context, line);
}

void
ui_progress(const struct ui *ui, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	ui->progress(ui->context, line);
}

enum err_code
ui_demand(const struct ui *ui, const char *question, const char *word, struct err *err)
{
	bool yes = false;

	TRY(ui->confirm(ui->context, question, word, &yes, err));
	if (!yes)
		return err_set(err, ERR_REFUSED,
		    "not confirmed: you did not type %s; nothing was done", QUOTED(word));
	return ERR_OK;
}
