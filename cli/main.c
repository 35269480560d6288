/* SPDX-License-Identifier: Apache-2.0 */
/* Wires the production drivers: PIV and FIDO2 tokens, the terminal, the clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "cli/run.h"
#include "cli/terminal/ui.h"
#include "rotators/contract/places.h"
#include "tokens/fido/driver.h"
#include "tokens/piv/piv.h"

enum { FD_MAX = 255 };

/* The highest descriptor that an option names ("--pin-fd 9", "--from-fd password=7"): all above it
 * are closed. */
static int
highest_fd(int argc, char **argv)
{
	int highest = 2;

	for (int i = 1; i < argc; i++) {
		const char *end = strchr(argv[i], '=');
		size_t size = end != NULL ? (size_t)(end - argv[i]) : strlen(argv[i]);
		const char *value = end != NULL ? end + 1 : argv[i + 1];
		long fd;

		if (strncmp(argv[i], "--", 2) != 0 || size < 4 || value == NULL ||
		    strncmp(argv[i] + size - 2, "fd", 2) != 0)
			continue;
		if (strrchr(value, '=') != NULL)
			value = strrchr(value, '=') + 1;
		fd = strtol(value, NULL, 10);
		if (fd > highest && fd <= FD_MAX)
			highest = (int)fd;
	}
	return highest;
}

#define USERS_PROGRAMS ".config/halligan/programs"

/* Our own executable, the folder where the rotators are, a program in it, and the folder where an ordinary user has
 * programs of their own, or "". */
struct places {
	char self[4096], rotators[4096], unlock[4096], programs[4096], starter[4096];
};

/* Root's vault takes root's programs only. */
static enum err_code
find_programs(char ret_folder[4096], struct err *err)
{
	const char *home = geteuid() != 0 ? secure_getenv("HOME") : NULL;
	size_t size = home != NULL ? strlen(home) : 0;
	char folder[4096];

	ret_folder[0] = '\0';
	if (size == 0 || size >= sizeof(folder) || home[0] != '/')
		return ERR_OK;
	memcpy(folder, home, size + 1);
	while (size > 1 && folder[size - 1] == '/') /* as a definition has it */
		folder[--size] = '\0';
	return file_path(folder, USERS_PROGRAMS, ret_folder, err);
}

static enum err_code
prepare(int argc, char **argv, struct places *places, struct err *err)
{
	TRY(process_harden(highest_fd(argc, argv), err));
	TRY(process_self(places->self, err));
	TRY(process_beside(HALLIGAN_ROTATORS, places->rotators, err));
	TRY(process_beside(HALLIGAN_ROTATORS "/halligan-unlock-key", places->unlock, err));
	TRY(process_beside(HALLIGAN_STARTER, places->starter, err));
	TRY(find_programs(places->programs, err));
	return crypto_start(err);
}

int
main(int argc, char **argv)
{
	struct places places;
	struct rotator_places rotators = {.shipped = places.rotators,
	    .own = {PROGRAMS_FOLDER},
	    .starter = places.starter};
	struct err err = {0};
	struct tty tty;
	struct ui ui;
	struct cli_io io;
	struct token_driver tokens[] = {piv_driver(), fido_driver()};
	struct cli_drivers drivers = {.tokens = tokens,
	    .token_count = ARRAY_SIZE(tokens),
	    .self = places.self,
	    .unlock = places.unlock,
	    .rotators = &rotators,
	    .now = process_now};
	enum err_code code = prepare(argc, argv, &places, &err);
	int status;

	if (code != ERR_OK) {
		fprintf(stderr, "halligan: %s\n", err.text);
		return cli_exit_code(code);
	}
	if (places.programs[0] != '\0')
		rotators.own[1] = places.programs;
	tty_open(&tty);
	tty_fill(&tty, &ui, &io);
	status = cli_run(argc, argv, &drivers, &io);
	tty_close(&tty);
	return status;
}
