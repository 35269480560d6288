/* SPDX-License-Identifier: Apache-2.0 */
/* The rotator contract's calls, answered by the simulated target instead of by a process. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/contract/description.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/debts/world.h"

struct rotator {
	struct told told; /* its values and name */
	bool broken;      /* it did not answer: nothing that it says later counts */
	bool next_works;  /* it saw that */
	char detail[100];
};

const char *const verb_names[VERBS] = {"check", "generate", "probe", "apply", "add", "issue",
    "withdraw", "orphans", "expel"};
const char *const fault_names[FAULTS] = {"-", "refuses", "silent", "denied", "locked", "rejects",
    "unchanged", "hangs-before", "hangs-after", "late", "later", "dies-before", "dies-after",
    "twice", "forgets", "both", "lies", "lies-rejected", "lies-unchanged", "spoils"};

/* Sets of verbs. */
#define ON(verb) (1u << (verb))
#define ANY      ((1u << VERBS) - 1)
#define TAKES    (ON(VERB_WITHDRAW) | ON(VERB_ORPHANS))
#define GIVES    (ON(VERB_APPLY) | ON(VERB_ADD))
#define CHANGES  (TAKES | GIVES | ON(VERB_ISSUE))

bool
fault_fits(enum fault fault, enum verb verb)
{
	static const unsigned verbs[FAULTS] = {
	    [FAULT_REFUSES] = ON(VERB_CHECK) | ON(VERB_GENERATE),
	    [FAULT_SILENT] = ON(VERB_CHECK) | ON(VERB_GENERATE) | ON(VERB_EXPEL) | ON(VERB_PROBE),
	    [FAULT_DENIED] = ON(VERB_PROBE),
	    [FAULT_LOCKED] = ON(VERB_PROBE),
	    [FAULT_REJECTS] = GIVES | ON(VERB_ISSUE),
	    [FAULT_UNCHANGED] = CHANGES,
	    [FAULT_HANGS_BEFORE] = CHANGES,
	    [FAULT_HANGS_AFTER] = CHANGES,
	    [FAULT_LATE] = CHANGES,
	    [FAULT_LATER] = CHANGES,
	    [FAULT_DIES_BEFORE] = ANY,
	    [FAULT_DIES_AFTER] = CHANGES,
	    [FAULT_TWICE] = CHANGES,
	    [FAULT_FORGETS] = CHANGES,
	    [FAULT_BOTH] = ON(VERB_APPLY),
	    [FAULT_LIES] = CHANGES,
	    [FAULT_LIES_REJECTED] = GIVES,
	    [FAULT_LIES_UNCHANGED] = CHANGES,
	    [FAULT_SPOILS] = CHANGES,
	};

	return (verbs[fault] & ON(verb)) != 0;
}

static struct scene *
scene(void)
{
	return &world()->scene;
}

/* What goes wrong at this call of VERB. */
static enum fault
planned(enum verb verb)
{
	struct scene *now = scene();

	for (size_t i = 0; i < PLANS; i++)
		if (now->plans[i].at == now->calls && fault_fits(now->plans[i].fault, verb))
			return now->plans[i].fault;
	if (now->habit.times == 0 || now->habit.verb != verb)
		return FAULT_NONE;
	now->habit.times--;
	return now->habit.fault;
}

static enum fault
begin(struct rotator *rotator, enum verb verb)
{
	struct scene *now = scene();

	if (now->calls == CALLS)
		world_fail("the target is asked without end");
	now->calls++;
	target_catch_up(verb);
	truths_check();
	enum fault fault = planned(verb);
	now->trace[now->calls - 1] =
	    (struct called){(uint8_t)now->state, (uint8_t)verb, (uint8_t)fault};
	world()->tally.seen[now->announced.style][now->state][verb][fault]++;
	rotator->told.verb = verb;
	snprintf(rotator->detail, sizeof(rotator->detail), "%s",
	    fault != FAULT_NONE ? fault_names[fault] : "");
	if (fault == FAULT_DIES_BEFORE)
		kill(getpid(), SIGKILL);
	return fault;
}

enum err_code __wrap_rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err);
enum err_code __wrap_description_read(const char *program, const char *name,
    const struct json *target, struct description *ret_description, struct err *err);
enum err_code __wrap_rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err);
void __wrap_rotator_free(struct rotator *rotator);
const char *__wrap_rotator_detail(const struct rotator *rotator);
enum err_code __wrap_rotator_check(struct rotator *rotator, const struct announcement *announced,
    struct err *err);
enum err_code __wrap_rotator_generate(struct rotator *rotator, struct secret **ret_next,
    struct err *err);
enum err_code __wrap_rotator_make(struct rotator *rotator, enum rotator_change change,
    struct secret **ret_value, enum change_result *ret_result, struct err *err);
enum err_code __wrap_rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err);
enum err_code __wrap_rotator_change(struct rotator *rotator, enum rotator_change change,
    enum change_result *ret_result, struct err *err);
enum err_code __wrap_rotator_expel(struct rotator *rotator, enum expel_result *ret_result,
    struct err *err);

enum err_code
__wrap_rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err)
{
	(void)places, (void)pinned, (void)err;
	snprintf(ret_found->path, sizeof(ret_found->path), "/rotators/halligan-rotate-%s", name);
	memset(ret_found->hash.bytes, 0x52, DIGEST_SIZE);
	ret_found->own = false;
	return ERR_OK;
}

enum err_code
__wrap_description_read(const char *program, const char *name, const struct json *target,
    struct description *ret_description, struct err *err)
{
	(void)program, (void)target, (void)err;
	*ret_description = (struct description){.fields = {[FIELD_PASSWORD] = true},
	    .announced = scene()->announced};
	snprintf(ret_description->rotator, sizeof(ret_description->rotator), "%s", name);
	return ERR_OK;
}

static void
take_value(struct view credential, char ret_value[VALUE_SIZE])
{
	struct view value;
	struct err err;

	if (credential.size == 0)
		return;
	if (credential_get(credential, FIELD_PASSWORD, &value, &err) != ERR_OK)
		world_fail("a value without a password: %s", err.text);
	snprintf(ret_value, VALUE_SIZE, "%.*s", (int)value.size, (const char *)value.data);
}

enum err_code
__wrap_rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err)
{
	struct rotator *rotator = calloc(1, sizeof(*rotator));

	(void)err;
	take_value(start->current, rotator->told.current);
	take_value(start->next, rotator->told.next);
	if (start->name != NULL)
		snprintf(rotator->told.name, sizeof(rotator->told.name), "%s", start->name);
	*ret_rotator = rotator;
	return ERR_OK;
}

void
__wrap_rotator_free(struct rotator *rotator)
{
	free(rotator);
}

const char *
__wrap_rotator_detail(const struct rotator *rotator)
{
	return rotator->detail;
}

enum err_code
__wrap_rotator_check(struct rotator *rotator, const struct announcement *announced, struct err *err)
{
	enum fault fault = begin(rotator, VERB_CHECK);

	if (announcement_differs(announced, &scene()->announced) != NULL)
		world_fail("another target was announced");
	return fault == FAULT_REFUSES ? err_set(err, ERR_REFUSED, "the target makes no sense") :
	    fault == FAULT_SILENT     ? err_set(err, ERR_TARGET_UNKNOWN, "check: no answer") :
	                                ERR_OK;
}

static enum err_code
as_credential(const char *value, struct secret **ret_value, struct err *err)
{
	SECRET *credential = NULL;

	TRY(credential_new(&credential, err));
	TRY(credential_add(credential, FIELD_PASSWORD, view_of_text(value), err));
	*ret_value = TAKE(credential);
	return ERR_OK;
}

enum err_code
__wrap_rotator_generate(struct rotator *rotator, struct secret **ret_next, struct err *err)
{
	uint8_t bytes[16];
	enum fault fault = begin(rotator, VERB_GENERATE);

	if (scene()->unresolved)
		world_fail("another value is made while one is unresolved");
	if (fault == FAULT_REFUSES)
		return err_set(err, ERR_REFUSED, "no value today");
	if (fault == FAULT_SILENT)
		return err_set(err, ERR_TARGET_UNKNOWN, "generate: no answer");
	TRY(random_bytes(bytes, sizeof(bytes), err));
	text_hex(VIEW_OF(bytes), rotator->told.next);
	scene()->made++;
	return as_credential(rotator->told.next, ret_next, err);
}

/* What its process saw to work. */
static void
saw(struct rotator *rotator, bool next)
{
	rotator->next_works |= next;
	if (next)
		scene()->unresolved = false;
}

/* A no is proven by the other value, which the target takes at the same time. */
static enum probe_result
probe(struct rotator *rotator, bool next, enum fault fault)
{
	const char *value = next ? rotator->told.next : rotator->told.current;
	const char *other = next ? rotator->told.current : rotator->told.next;

	if (rotator->broken || fault == FAULT_SILENT)
		return PROBE_UNREACHABLE;
	if (fault == FAULT_LOCKED)
		return PROBE_DENIED;
	if (target_login(value)) {
		saw(rotator, next);
		return PROBE_ACCEPTED;
	}
	if (scene()->blunt)
		return PROBE_REFUSED;
	if (fault == FAULT_DENIED || other[0] == '\0' || !target_login(other))
		return PROBE_DENIED;
	saw(rotator, !next);
	for (uint32_t version = 1; version < VERSIONS; version++)
		if (strcmp(scene()->sealed[version], value) == 0)
			scene()->refused[version] = true;
	return PROBE_REFUSED;
}

enum err_code
__wrap_rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err)
{
	enum fault fault = begin(rotator, VERB_PROBE);
	bool next = value == ROTATOR_NEXT;
	const struct told *told = &rotator->told;

	if ((next ? told->next : told->current)[0] == '\0')
		return err_set(err, ERR_INTERNAL, "there is no such value");
	*ret_result = probe(rotator, next, fault);
	return ERR_OK;
}

/* --- What changes it ------------------------------------------------------------------------- */

static enum change_result
do_late(const struct told *told, unsigned calls)
{
	scene()->late = *told;
	scene()->late_at = scene()->calls + calls;
	return CHANGE_UNKNOWN;
}

/* Done, and what is said of it. */
static enum change_result
do_now(struct rotator *rotator, enum fault fault)
{
	struct scene *now = scene();
	struct told *told = &rotator->told;

	if (fault == FAULT_FORGETS) {
		memcpy(now->before, now->held, sizeof(now->held));
		now->before_count = now->held_count;
		now->forget_at = now->calls + 2;
	}
	enum change_result result = target_do(told, fault == FAULT_BOTH, false);

	if (fault == FAULT_TWICE && result == CHANGE_DONE)
		target_do_again(told);
	if (fault == FAULT_SPOILS)
		target_forget_all();
	truths_check();
	if (fault == FAULT_DIES_AFTER)
		kill(getpid(), SIGKILL);
	return fault == FAULT_HANGS_AFTER ? CHANGE_UNKNOWN :
	    fault == FAULT_LIES_REJECTED  ? CHANGE_REJECTED :
	    fault == FAULT_LIES_UNCHANGED ? CHANGE_UNCHANGED :
	                                    result;
}

/* Of a value that is dying nothing tells that it was not given again: it is accepted until its time is over. */
static enum change_result
lie(const struct told *told)
{
	bool gives = told->verb == VERB_APPLY || told->verb == VERB_ADD;

	if (gives && target_takes(told->next) && !target_keeps(told->next))
		scene()->spoiled = true;
	return CHANGE_DONE;
}

static enum change_result
change_by(struct rotator *rotator, enum fault fault)
{
	switch (fault) {
	case FAULT_REJECTS:
		return CHANGE_REJECTED;
	case FAULT_UNCHANGED:
		return CHANGE_UNCHANGED;
	case FAULT_HANGS_BEFORE:
		return CHANGE_UNKNOWN;
	case FAULT_LATE:
		return do_late(&rotator->told, 1);
	case FAULT_LATER:
		return do_late(&rotator->told, 3);
	case FAULT_LIES:
		return lie(&rotator->told);
	case FAULT_NONE:
	case FAULT_REFUSES:
	case FAULT_SILENT:
	case FAULT_DENIED:
	case FAULT_LOCKED:
	case FAULT_HANGS_AFTER:
	case FAULT_DIES_BEFORE:
	case FAULT_DIES_AFTER:
	case FAULT_TWICE:
	case FAULT_FORGETS:
	case FAULT_BOTH:
	case FAULT_LIES_REJECTED:
	case FAULT_LIES_UNCHANGED:
	case FAULT_SPOILS:
	case FAULTS:
	default:
		return do_now(rotator, fault);
	}
}

enum err_code
__wrap_rotator_change(struct rotator *rotator, enum rotator_change change,
    enum change_result *ret_result, struct err *err)
{
	static const enum verb verbs[ROTATOR_CHANGES] = {[ROTATOR_APPLY] = VERB_APPLY,
	    [ROTATOR_ADD] = VERB_ADD,
	    [ROTATOR_WITHDRAW] = VERB_WITHDRAW,
	    [ROTATOR_WITHDRAW_ORPHANS] = VERB_ORPHANS};
	enum verb verb = verbs[change];
	bool gives = verb == VERB_APPLY || verb == VERB_ADD;
	enum fault fault = begin(rotator, verb);

	if ((rotator->told.current[0] == '\0' && verb != VERB_APPLY) ||
	    (gives && rotator->told.next[0] == '\0'))
		return err_set(err, ERR_INTERNAL, "there is no such value");
	if (!gives && !rotator->next_works)
		world_fail("a value is taken away, and that another works was not seen before");
	if (gives)
		truths_check_told(rotator->told.next);
	scene()->unresolved |= gives;
	if (verb == VERB_APPLY || verb == VERB_WITHDRAW) {
		uint32_t version = truths_version_of(rotator->told.current);

		scene()->unexpelled[version] = true;
		scene()->taken[version] = world_now();
	}
	scene()->orphaned |=
	    verb == VERB_ORPHANS && (fault == FAULT_LIES || fault == FAULT_FORGETS);
	*ret_result = rotator->broken ? CHANGE_UNKNOWN : change_by(rotator, fault);
	rotator->broken |= *ret_result == CHANGE_UNKNOWN;
	if (gives && *ret_result == CHANGE_REJECTED)
		scene()->unresolved = false;
	return ERR_OK;
}

enum err_code
__wrap_rotator_make(struct rotator *rotator, enum rotator_change change, struct secret **ret_value,
    enum change_result *ret_result, struct err *err)
{
	enum fault fault = begin(rotator, VERB_ISSUE);

	if (change != ROTATOR_ISSUE || rotator->told.name[0] == '\0')
		world_fail("a value is to be made that has no name");
	*ret_result = change_by(rotator, fault);
	rotator->broken |= *ret_result == CHANGE_UNKNOWN;
	if (*ret_result != CHANGE_DONE)
		return ERR_OK;
	if (fault == FAULT_LIES)
		snprintf(rotator->told.next, VALUE_SIZE, "nothing-%u", scene()->calls);
	scene()->made++;
	return as_credential(rotator->told.next, ret_value, err);
}

enum err_code
__wrap_rotator_expel(struct rotator *rotator, enum expel_result *ret_result, struct err *err)
{
	enum fault fault = begin(rotator, VERB_EXPEL);
	uint32_t version = truths_version_of(rotator->told.current);

	(void)err;
	*ret_result = rotator->broken || fault == FAULT_SILENT ? EXPEL_CANNOT_TELL : EXPEL_ENDED;
	if (world_now() >= scene()->taken[version] + scene()->announced.grace)
		scene()->unexpelled[version] = false;
	return ERR_OK;
}
