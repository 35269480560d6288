/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"

enum { NAMES_MAX = 64 };

static const struct option_row vault_rows[] =
    {{"vault", "VAULT", 0, "a folder or ssh://[USER@]HOST[:PORT]/DIR; default: $HALLIGAN_VAULT"},
        {NULL}};
static const struct option_row token_rows[] = {{"serial", "N", 0,
                                                   "use the token with this serial number"},
    {"driver", "piv|fido2", 0, "use this side of a token that has both"},
    {"wait", "TIME", 0, "wait so long for the token; 0s: not; default at a terminal: 5m"},
    {"pin-fd", "N", 0, "read the PIN's line from this descriptor instead of the terminal"},
    {"timing", NULL, 0, "say at the end how long it took, and how much of it the token"}, {NULL}};
static const struct option_row label_rows[] = {{"token", "LABEL", 0,
                                                   "use the token that charter or roster call so"},
    {NULL}};
static const struct option_row json_rows[] =
    {{"json", NULL, 0, "one JSON object on standard output, everything else on standard error"},
        {NULL}};
static const struct option_row help_rows[] = {{"help", NULL, 0, "show this help"}, {NULL}};

enum { TABLES = 6 };
/* The tables that COMMAND's options stand in. */
static void
option_tables(const struct command *command, const struct option_row *ret_tables[TABLES])
{
	ret_tables[0] = command->options;
	ret_tables[1] = (command->needs & NEEDS_VAULT) != 0 ? vault_rows : NULL;
	ret_tables[2] = (command->needs & NEEDS_TOKEN) != 0 ? token_rows : NULL;
	ret_tables[3] = (command->needs & NEEDS_VAULT) != 0 && (command->needs & NEEDS_TOKEN) != 0 ?
	    label_rows :
	    NULL;
	ret_tables[4] = (command->needs & CAN_JSON) != 0 ? json_rows : NULL;
	ret_tables[5] = help_rows;
}

static const struct option_row *
find_row(const struct command *command, const char *name, size_t size)
{
	const struct option_row *tables[TABLES];

	option_tables(command, tables);
	for (size_t t = 0; t < TABLES; t++) {
		for (const struct option_row *row = tables[t]; row != NULL && row->name != NULL;
		     row++) {
			if (strlen(row->name) == size && memcmp(row->name, name, size) == 0)
				return row;
		}
	}
	return NULL;
}

static enum err_code
unknown_option(const struct command *command, const char *name, size_t size, struct err *err)
{
	const struct option_row *tables[TABLES];
	const char *names[NAMES_MAX + 1] = {NULL};
	char wanted[64];
	const char *near;
	size_t count = 0;

	option_tables(command, tables);
	for (size_t t = 0; t < TABLES; t++) {
		for (const struct option_row *row = tables[t];
		     row != NULL && row->name != NULL && count < NAMES_MAX; row++)
			names[count++] = row->name;
	}
	snprintf(wanted, sizeof(wanted), "%.*s", size < 63 ? (int)size : 63, name);
	near = text_nearest(wanted, names);
	return err_set(err, ERR_USAGE, "`halligan %s` has no option --%s%s%s%s", command->name,
	    wanted, near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
}

/* Do the words of NAME begin ARGV?  Returns how many words, 0 when not. */
static int
words_match(const char *name, int argc, char **argv)
{
	int word = 0;

	while (*name != '\0') {
		size_t size = strcspn(name, " ");

		if (word == argc || strlen(argv[word]) != size ||
		    memcmp(argv[word], name, size) != 0)
			return 0;
		word++;
		name += size;
		name += *name == ' ';
	}
	return word;
}

/* "secret" alone, or "secret ad": the commands of that group. */
static enum err_code
unknown_command(const struct command *commands, int argc, char **argv, struct err *err)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	size_t count = 0, first = strlen(argv[0]);
	char wanted[128];
	const char *near;
	BUF group = {0};

	for (const struct command *c = commands; c->name != NULL && count < NAMES_MAX; c++) {
		names[count++] = c->name;
		if (strncmp(c->name, argv[0], first) == 0 && c->name[first] == ' ')
			buf_format(&group, "%s%s", group.size > 0 ? ", " : "", c->name);
	}
	if (group.size > 0 && (argc < 2 || argv[1][0] == '-'))
		return err_set(err, ERR_USAGE, "`halligan %s` needs one more word: %s", argv[0],
		    buf_string(&group));
	snprintf(wanted, sizeof(wanted), "%.60s%s%.60s", argv[0], group.size > 0 ? " " : "",
	    group.size > 0 ? argv[1] : "");
	near = text_nearest(wanted, names);
	return err_set(err, ERR_USAGE, "there is no command %s%s%s%s", QUOTED(wanted),
	    near != NULL ? "; did you mean `halligan " : "", near != NULL ? near : "",
	    near != NULL ? "`?" : "");
}

enum err_code
command_find(const struct command *commands, int argc, char **argv,
    const struct command **ret_command, int *ret_used, struct err *err)
{
	for (const struct command *command = commands; command->name != NULL; command++) {
		int used = words_match(command->name, argc, argv);

		if (used > 0) {
			*ret_command = command;
			*ret_used = used;
			return ERR_OK;
		}
	}
	return unknown_command(commands, argc, argv, err);
}

bool
command_named(const struct command *commands, const char *name)
{
	for (const struct command *command = commands; command->name != NULL; command++)
		if (strcmp(command->name, name) == 0)
			return true;
	return false;
}

bool
option_given(const struct parsed *parsed, const char *name)
{
	for (size_t i = 0; i < parsed->value_count; i++) {
		if (strcmp(parsed->values[i].row->name, name) == 0)
			return true;
	}
	return false;
}

static enum err_code
add_value(struct parsed *parsed, const struct option_row *row, const char *value, struct err *err)
{
	if ((row->flags & OPTION_REPEATS) == 0 && option_given(parsed, row->name))
		return err_set(err, ERR_USAGE, "--%s is given twice", row->name);
	if (parsed->value_count == VALUES_MAX)
		return err_set(err, ERR_USAGE, "more than %d options", VALUES_MAX);
	parsed->values[parsed->value_count].row = row;
	parsed->values[parsed->value_count++].value = value;
	return ERR_OK;
}

/* One option at ARGV[0]; RET_USED is 1 or 2. */
static enum err_code
parse_option(struct parsed *parsed, int argc, char **argv, int *ret_used, struct err *err)
{
	const char *name = argv[0] + 2;
	const char *equals = strchr(name, '=');
	size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find_row(parsed->command, name, size);

	*ret_used = 1;
	if (row == NULL)
		return unknown_option(parsed->command, name, size, err);
	if (row->argument == NULL && equals != NULL)
		return err_set(err, ERR_USAGE, "--%s takes no value", row->name);
	if (row->argument == NULL)
		return add_value(parsed, row, NULL, err);
	if (equals != NULL)
		return add_value(parsed, row, equals + 1, err);
	if (argc < 2)
		return err_set(err, ERR_USAGE, "--%s needs a value: %s", row->name, row->argument);
	*ret_used = 2;
	return add_value(parsed, row, argv[1], err);
}

static enum err_code
add_argument(struct parsed *parsed, const char *argument, struct err *err)
{
	if (parsed->argument_count == parsed->command->max && parsed->command->max == 0)
		return err_set(err, ERR_USAGE, "`halligan %s` takes no argument \"%.60s\"",
		    parsed->command->name, argument);
	if (parsed->argument_count == parsed->command->max)
		return err_set(err, ERR_USAGE, "\"%.60s\" is one argument too many: halligan %s %s",
		    argument, parsed->command->name, parsed->command->arguments);
	parsed->arguments[parsed->argument_count++] = argument;
	return ERR_OK;
}

static enum err_code
check_complete(const struct parsed *parsed, struct err *err)
{
	const struct option_row *row = parsed->command->options;

	if (parsed->argument_count < parsed->command->min)
		return err_set(err, ERR_USAGE, "an argument is missing: halligan %s %s",
		    parsed->command->name, parsed->command->arguments);
	for (; row != NULL && row->name != NULL; row++) {
		if ((row->flags & OPTION_REQUIRED) != 0 && !option_given(parsed, row->name))
			return err_set(err, ERR_USAGE, "--%s%s%s is missing", row->name,
			    row->argument != NULL ? " " : "",
			    row->argument != NULL ? row->argument : "");
	}
	return ERR_OK;
}

enum err_code
options_parse(const struct command *command, int argc, char **argv, struct parsed *ret_parsed,
    struct err *err)
{
	struct parsed parsed = {.command = command};
	bool only_arguments = false;

	for (int i = 0; i < argc;) {
		int used = 1;

		if (!only_arguments && strcmp(argv[i], "--help") == 0) {
			*ret_parsed = (struct parsed){.command = command, .help = true};
			return ERR_OK;
		}
		if (!only_arguments && strcmp(argv[i], "--") == 0)
			only_arguments = true;
		else if (!only_arguments && strncmp(argv[i], "--", 2) == 0)
			TRY(parse_option(&parsed, argc - i, argv + i, &used, err));
		else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0')
			return err_set(err, ERR_USAGE, "\"%.60s\" is no option: they begin with --",
			    argv[i]);
		else
			TRY(add_argument(&parsed, argv[i], err));
		i += used;
	}
	TRY(check_complete(&parsed, err));
	*ret_parsed = parsed;
	return ERR_OK;
}

const char *
option_text(const struct parsed *parsed, const char *name)
{
	for (size_t i = 0; i < parsed->value_count; i++) {
		if (strcmp(parsed->values[i].row->name, name) == 0)
			return parsed->values[i].value;
	}
	return NULL;
}

size_t
option_all(const struct parsed *parsed, const char *name, const char **ret_values, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < parsed->value_count && count < max; i++) {
		if (strcmp(parsed->values[i].row->name, name) == 0)
			ret_values[count++] = parsed->values[i].value;
	}
	return count;
}

enum err_code
option_number(const struct parsed *parsed, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *ret_number, struct err *err)
{
	const char *text = option_text(parsed, name);
	int64_t number = 0;

	*ret_number = fallback;
	if (text == NULL)
		return ERR_OK;
	if (text[0] == '\0' || strlen(text) > 15 || strspn(text, "0123456789") != strlen(text))
		return err_set(err, ERR_USAGE, "--%s needs a number, not \"%.60s\"", name, text);
	for (const char *at = text; *at != '\0'; at++)
		number = number * 10 + (*at - '0');
	if (number < min || number > max)
		return err_set(err, ERR_USAGE, "--%s must be %lld to %lld", name, (long long)min,
		    (long long)max);
	*ret_number = number;
	return ERR_OK;
}

enum err_code
option_duration(const struct parsed *parsed, const char *name, int64_t fallback,
    int64_t *ret_seconds, struct err *err)
{
	const char *text = option_text(parsed, name);

	*ret_seconds = fallback;
	if (text != NULL && !text_from_duration(text, ret_seconds))
		return err_set(err, ERR_USAGE,
		    "--%s needs a duration such as 90s, 30m, 1h30m or 365d, not \"%.60s\"", name,
		    text);
	return ERR_OK;
}

static void
print_row(const struct option_row *row, void (*print)(void *context, const char *line),
    void *context)
{
	char left[80], line[400];

	snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument != NULL ? " " : "",
	    row->argument != NULL ? row->argument : "");
	snprintf(line, sizeof(line), "  %-32s %s%s%s", left, row->help,
	    (row->flags & OPTION_REQUIRED) != 0 ? " (required)" : "",
	    (row->flags & OPTION_REPEATS) != 0 ? " (may be repeated)" : "");
	print(context, line);
}

void
help_command(const struct command *command, void (*print)(void *context, const char *line),
    void *context)
{
	const struct option_row *tables[TABLES];
	char line[400];

	snprintf(line, sizeof(line), "usage: halligan %s [OPTION]...%s%s", command->name,
	    command->arguments[0] != '\0' ? " " : "", command->arguments);
	print(context, line);
	snprintf(line, sizeof(line), "%s.", command->help);
	print(context, line);
	print(context, "");
	option_tables(command, tables);
	for (size_t t = 0; t < TABLES; t++) {
		for (const struct option_row *row = tables[t]; row != NULL && row->name != NULL;
		     row++)
			print_row(row, print, context);
	}
	print(context, "");
	snprintf(line, sizeof(line), "More: man halligan-%s", command->name);
	for (char *at = line + strlen("More: man "); *at != '\0'; at++) {
		if (*at == ' ')
			*at = '-';
	}
	print(context, line);
}

static void
print_command(const struct command *command, void (*print)(void *context, const char *line),
    void *context)
{
	char line[400], left[80];

	snprintf(left, sizeof(left), "%s %s", command->name, command->arguments);
	snprintf(line, sizeof(line), "  %-26s %s", left, command->help);
	print(context, line);
}

bool
help_group(const struct command *commands, const char *group,
    void (*print)(void *context, const char *line), void *context)
{
	size_t size = strlen(group), found = 0;
	char line[400];

	for (const struct command *command = commands; command->name != NULL; command++) {
		if (strncmp(command->name, group, size) != 0 || command->name[size] != ' ')
			continue;
		if (found++ == 0) {
			snprintf(line, sizeof(line),
			    "usage: halligan %s COMMAND [OPTION]... [ARGUMENT]...", group);
			print(context, line);
			print(context, "");
		}
		print_command(command, print, context);
	}
	return found > 0;
}

void
help_all(const struct command *commands, void (*print)(void *context, const char *line),
    void *context)
{
	print(context, "usage: halligan COMMAND [OPTION]... [ARGUMENT]...");
	print(context, "Break-glass secrets, opened by a ceremony of several officers.");
	print(context, "");
	for (const struct command *command = commands; command->name != NULL; command++)
		print_command(command, print, context);
	print(context, "");
	print(context,
	    "halligan COMMAND --help shows a command's options; halligan --version the "
	    "version.");
}
