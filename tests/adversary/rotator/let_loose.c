/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets a rotator gone bad loose where a starter isolates it, and says what stopped each of its attempts.
 *
 *	let-loose HOW LANDLOCK USER PROGRAM STARTER		HOW, LANDLOCK: what holds, as the starter itself is asked to say; -1: any
 *	let-loose HOW LANDLOCK USER PROGRAM socket:PATH	USER: whose uid the rotator gets; root asks for the one with that number
 *
 * A line for each attempt, "NAME<tab>WHAT STOPPED IT"; what succeeded and is conceded in docs/THREATS.md says so.  Exit
 * status 1: an attempt succeeded that is not, or the world is not whole any more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "rotators/contract/starter.h"
#include "tests/adversary/rotator/conceded.h"
#include "tests/adversary/rotator/driver.h"

enum { OUTLIVES_SECONDS = 6, ASKED = 5 };

struct loose {
	const char *how;
	int landlock;
	uid_t user;
	const char *program, *starter;
};

static enum err_code
read_words(char **argv, struct loose *loose, struct err *err)
{
	char *end;

	loose->how = argv[1];
	loose->landlock = (int)strtol(argv[2], &end, 10);
	if (*end == '\0')
		loose->user = (uid_t)strtoul(argv[3], &end, 10);
	loose->program = argv[4];
	loose->starter = argv[5];
	return *end == '\0' ? ERR_OK : err_set(err, ERR_USAGE, "not a number");
}

static enum err_code
check_holds(struct loose *loose, const struct rotator_places *places, struct err *err)
{
	struct start_holds holds;

	TRY(starter_holds(places, &holds, err));
	if (strcmp(isolation_names[holds.isolation], loose->how) != 0 ||
	    (loose->landlock >= 0 && holds.landlock != loose->landlock))
		return err_set(err, ERR_REFUSED,
		    "what holds here is %s with Landlock %d, not %s with %d",
		    isolation_names[holds.isolation], holds.landlock, loose->how, loose->landlock);
	loose->landlock = holds.landlock;
	return ERR_OK;
}

/* How many succeeded that must not. */
static int
tell_all(const struct loose *loose, const struct adversary *adversary)
{
	const struct attempt *attempt;
	char text[64];
	const char *how = geteuid() == 0 && loose->user == 0 ? "root" : loose->how;
	int wrong = 0;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
		struct outcome outcome = adversary_outcomes(adversary)[i];
		bool succeeded = outcome.result == ATTEMPT_SUCCEEDED;
		const char *words = conceded(attempt, how, loose->landlock);

		outcome_text(outcome, text);
		printf("%s\t%s%s\n", attempt->name,
		    succeeded && words != NULL ? "conceded: " : text,
		    succeeded && words != NULL ? words : "");
		wrong += succeeded && words == NULL;
	}
	return wrong;
}

static enum err_code
let_loose(struct loose *loose, int *ret_wrong, struct err *err)
{
	uid_t user = geteuid() == 0 ? loose->user : geteuid(); /* who can give a place away? */
	const struct adversary_options options = {.program = loose->program,
	    .user = user,
	    .neighbour = user,
	    .outlive = OUTLIVES_SECONDS};
	static const char prefix[] = "socket:";
	bool socket = strncmp(loose->starter, prefix, sizeof(prefix) - 1) == 0;
	char folder[4096];
	ADVERSARY *adversary = NULL;
	ROTATOR *rotator = NULL;

	TRY(adversary_new(&options, &adversary, err));
	struct world *world = adversary_world(adversary);
	struct rotator_start start = adversary_start(adversary);
	struct rotator_places places = {.shipped = folder,
	    .starter = loose->starter,
	    .starter_socket = socket ? loose->starter + sizeof(prefix) - 1 : NULL};

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(start.path, '/') - start.path),
	    start.path);
	start.places = &places;
	if (geteuid() == 0 && loose->user == 0) /* the target is this program's */
		json_put_text((struct json *)(uintptr_t)start.target, "account", "root");
	start.hidden[0] = world->texts[WORLD_VAULT];
	TRY(check_holds(loose, &places, err));
	TRY(rotator_start(&start, &rotator, err));
	TRY(adversary_attack(adversary, rotator, err));
	TRY(adversary_outlive(adversary, TAKE(rotator), err));
	*ret_wrong = tell_all(loose, adversary);
	return adversary_verify(adversary, err);
}

int
main(int argc, char **argv)
{
	struct loose loose = {0};
	struct err err = {0};
	int wrong = 0;

	if (argc != ASKED + 1) {
		fputs("usage: let-loose HOW LANDLOCK USER PROGRAM STARTER\n", stderr);
		return 2;
	}
	if (read_words(argv, &loose, &err) != ERR_OK || let_loose(&loose, &wrong, &err) != ERR_OK) {
		fprintf(stderr, "let-loose: %s\n", err.text);
		return 1;
	}
	return wrong > 0;
}
