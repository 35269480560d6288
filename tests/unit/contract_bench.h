/* SPDX-License-Identifier: Apache-2.0 */
/* A rotator that is a shell script in a temporary folder, and what it is started with. */
#ifndef TESTS_UNIT_CONTRACT_BENCH_H
#define TESTS_UNIT_CONTRACT_BENCH_H

#include "base/credential.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/check.h"

/* The fixture's values. */
#define PASSWORD       "correct horse battery"
#define NEXT_PASSWORD  "staple 4711 paperclip"
#define OTHER_PASSWORD "nothing but gravel 12"

#define LONGEST_NAME "halligan-456789012345678901234567890123456789012345678901234567"

struct fixture {
	char folder[64];
	char path[128];
	char trace
	    [128]; /* the scripts' second memory; member "trace" of the target, $t in a script */
	struct digest hash;
	struct json *target;
	struct secret *current, *next, *via;
};

int set_up(void **state);
int tear_down(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Makes the script BODY the rotator.  Before it the target line was read into $target; `ask` reads the next line into
 * $line, and ends the script where there is none; `say TEXT` is a line of answer. */
void install(struct fixture *fixture, const char *body);
/* All of the fixture's values but the other one, and 10 s. */
struct rotator_start start_of(const struct fixture *fixture);
struct rotator *start(struct fixture *fixture, const char *body);
/* With the other value, too, and a name of 63 letters for what the target makes. */
struct rotator *start_with_all(struct fixture *fixture, const char *body);
/* Without a next value: it is to be made, under the name halligan-0f1e. */
struct rotator *start_to_make(struct fixture *fixture, const char *body);
/* With all but the other value, and SECONDS for each verb. */
struct rotator *start_within(struct fixture *fixture, unsigned seconds, const char *body);
void assert_detail(const struct rotator *rotator, const char *part);

#endif
