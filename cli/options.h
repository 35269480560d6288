/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and their options as rows; everything that is not in a row is refused, with the nearest
 * name that is.  --help and the manual pages say the same (tests/lint/man-agrees.sh).
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { OPTION_REPEATS = 1, OPTION_REQUIRED = 2 };
struct option_row {
	const char *name;     /* without the dashes */
	const char *argument; /* NULL: a flag */
	unsigned flags;
	const char *help;
};

/* What a command needs, and thereby which common options it takes. */
enum {
	NEEDS_VAULT = 1, /* --vault */
	NEEDS_TOKEN = 2, /* --serial, --driver, --wait, --pin-fd; with a vault --token */
	CAN_JSON = 4,    /* --json */
};

struct cli_call;
struct command {
	const char *name;                 /* "secret add" */
	const char *arguments;            /* "NAME", "[ID]", "" */
	const char *help;                 /* one line */
	const struct option_row *options; /* ends with a NULL name; may be NULL */
	unsigned min, max;                /* how many arguments */
	unsigned needs;
	enum err_code (*run)(struct cli_call *call, struct err *err);
};

enum { VALUES_MAX = 128, ARGUMENTS_MAX = 512 };
struct parsed {
	const struct command *command;
	bool help;
	struct {
		const struct option_row *row;
		const char *value; /* NULL for a flag */
	} values[VALUES_MAX];
	size_t value_count;
	const char *arguments[ARGUMENTS_MAX + 1];
	size_t argument_count;
};

/* The command whose name the first words of ARGV are; RET_USED says how many.  ERR_USAGE names the
 * nearest.  COMMANDS ends with a NULL name. */
enum err_code command_find(const struct command *commands, int argc, char **argv,
    const struct command **ret_command, int *ret_used, struct err *err) MUST_CHECK;
/* Is there a command of just this NAME? */
bool command_named(const struct command *commands, const char *name);
/* The words after the command's name: --name VALUE, --name=VALUE, arguments, `--` before arguments
 * that begin with a dash.  With --help nothing else is checked. */
enum err_code options_parse(const struct command *command, int argc, char **argv,
    struct parsed *ret_parsed, struct err *err) MUST_CHECK;

/* NULL when absent. */
const char *option_text(const struct parsed *parsed, const char *name);
bool option_given(const struct parsed *parsed, const char *name);
/* All values of a repeated option, in order; at most MAX. */
size_t option_all(const struct parsed *parsed, const char *name, const char **ret_values,
    size_t max);
/* FALLBACK when absent.  ERR_USAGE says what form is expected. */
enum err_code option_number(const struct parsed *parsed, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *ret_number, struct err *err) MUST_CHECK;
enum err_code option_duration(const struct parsed *parsed, const char *name, int64_t fallback,
    int64_t *ret_seconds, struct err *err) MUST_CHECK;

/* Help through PRINT, line by line. */
void help_command(const struct command *command, void (*print)(void *context, const char *line),
    void *context);
/* The commands whose first word is GROUP ("secret").  False, and nothing is printed, when there are none. */
bool help_group(const struct command *commands, const char *group,
    void (*print)(void *context, const char *line), void *context);
void help_all(const struct command *commands, void (*print)(void *context, const char *line),
    void *context);

#endif
