/* SPDX-License-Identifier: Apache-2.0 */
/* One command on its way: what it works with, which is handed in so that tests hand in fakes. */
#ifndef CLI_CALL_H
#define CLI_CALL_H

#include "ceremony/client/connection.h"
#include "cli/options.h"

struct cli_io {
	const struct ui *ui;
	void *context; /* of the functions below */
	/* A line of standard output, whatever was diverted. */
	void (*print)(void *context, const char *line);
	/* A line of standard error. */
	void (*complain)(void *context, const char *line);
	/* From now on ui->say goes to standard error: standard output carries data. */
	void (*divert)(void *context);
	/* PINs come from this descriptor. */
	void (*use_pin_fd)(void *context, int fd);
	/* Could `show` show one now?  Its errors. */
	enum err_code (*check_show)(void *context, struct err *err);
	/* Show an encoded credential on a screen of its own, until Enter or for SECONDS; then clear it.
	 * ERR_REFUSED without a terminal. */
	enum err_code (*show)(void *context, const char *title, struct view credential,
	    int64_t seconds, struct err *err);
	/* One line that is replaced by the next; on a terminal only. */
	bool on_terminal;
	/* Where that person types lines, to be polled; -1: nowhere. */
	int terminal;
	/* Somebody is there who can plug in a token and answer questions. */
	bool person;
};
struct rotator_places;

struct cli_drivers {
	const struct token_driver *tokens;
	size_t token_count;
	const char *self;   /* path of this executable */
	const char *unlock; /* of halligan-unlock-key (rotators/ssh/unlock_contract.h) */
	const struct rotator_places *rotators; /* for `serve` */
	int64_t (*now)(void);
};

struct cli_call {
	const struct cli_drivers *drivers;
	const struct cli_io *io;
	const struct parsed *parsed;
	struct client *client; /* from call_connect to the command's end */
};

/* With the vault; sets CALL->client.  FORESEE (may be NULL) sends with the greeting for what PLAN will need. */
enum err_code call_connect_for(struct cli_call *call,
    void (*foresee)(struct client *client, const void *plan), const void *plan,
    struct err *err) MUST_CHECK;
/* For what begins with client_sync. */
enum err_code call_connect(struct cli_call *call, struct err *err) MUST_CHECK;
/* What is needed without a vault, by token commands. */
enum err_code call_options(const struct cli_call *call, struct client_options *ret_options,
    struct err *err) MUST_CHECK;
/* The location from --vault or HALLIGAN_VAULT.  ERR_USAGE: neither. */
enum err_code call_vault(const struct cli_call *call, const char **ret_vault,
    struct err *err) MUST_CHECK;
bool call_json(const struct cli_call *call); /* --json was given */
/* Print OBJECT as one line. */
enum err_code call_print_json(const struct cli_call *call, const struct json *object,
    struct err *err) MUST_CHECK;
const char *call_argument(const struct cli_call *call, size_t index); /* NULL when absent */
/* A secret from a descriptor that an option names, at most MAX bytes; ONE_LINE drops one newline at
 * the end.  NULL in RET_SECRET when the option is absent. */
enum err_code call_secret_fd(const struct cli_call *call, const char *option, size_t max,
    struct secret **ret_secret, struct err *err) MUST_CHECK;
enum err_code read_secret_fd(int fd, size_t max, bool one_line, struct secret **ret_secret,
    struct err *err) MUST_CHECK;

#endif
