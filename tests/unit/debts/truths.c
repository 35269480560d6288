/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN.md's invariants 6 and 8, judged from the target's own record and the vault's files.  A value is sealed to the
 * officers when the database has its version and envelopes, and in the escrow when the file of an unpaid debt, opened
 * with the host's key, has the same value.
 */
#include <string.h>

#include "base/credential.h"
#include "ceremony/server/vault/escrow.h"
#include "tests/unit/debts/world.h"
#include "vault/store/debt.h"
#include "vault/store/secret.h"

struct truths {
	struct session *session;
	bool asks; /* one asks already */
};

static struct truths *
truths(void)
{
	static struct truths truths;

	return &truths;
}

void
truths_of(struct session *session)
{
	truths()->session = session;
}

static struct scene *
scene(void)
{
	return &world()->scene;
}

static void
must(enum err_code code, const struct err *err, const char *what)
{
	if (code != ERR_OK)
		world_fail("%s: %s", what, err->text);
}

static bool
holds(const struct escrow *escrow, uint32_t version)
{
	const struct secret *credential = escrow_find(escrow, version);
	struct view value;
	struct err err;

	if (credential == NULL)
		return false;
	must(credential_get(secret_view(credential), FIELD_PASSWORD, &value, &err), &err, "escrow");
	return view_equal(value, view_of_text(scene()->sealed[version]));
}

typedef enum err_code read_escrow(const char *folder, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err);

/* Bits of the versions that stand in the escrow of DEBT, as READ reads it. */
static uint64_t
escrowed_in(struct session *session, const struct debt_row *debt, read_escrow *read)
{
	ESCROW escrow = {.vault = session->chain.vault, .debt = debt->id, .secret = debt->secret};
	uint64_t versions = 0;
	struct err err;
	enum err_code code = read(session->folder, &session->keys, &escrow, &err);

	if (code == ERR_NOT_FOUND)
		return 0;
	must(code, &err, "the escrow");
	for (uint32_t version = 1; version < VERSIONS; version++)
		if (holds(&escrow, version))
			versions |= UINT64_C(1) << version;
	return versions;
}

static uint64_t
escrowed(struct session *session, const struct debt_row *debt)
{
	return escrowed_in(session, debt, escrow_read) |
	    escrowed_in(session, debt, escrow_read_new);
}

static bool
is_sealed(struct session *session, const struct secret_id *secret, uint32_t version)
{
	VERSION_ROW row = {0};
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	struct digest token;
	struct err err;
	enum err_code code = store_get_version(session->store, secret, version, &row, &err);

	if (code == ERR_NOT_FOUND)
		return false;
	must(code, &err, "a version");
	must(store_get_envelope(session->store, secret, version, 0, &token, &box, &err), &err,
	    "an envelope");
	return row.state != VERSION_RETIRED;
}

/* It was seen to be refused, or said to be withdrawn (0: what nobody has), and is accepted again: nobody could know. */
bool
truths_came_back(uint32_t version)
{
	if (version == 0)
		return scene()->orphaned;
	return scene()->reverted && scene()->refused[version];
}

/* One value that the target takes is sealed, and in the escrow; and each that was told to it is. */
static void
check_values(struct session *session, const struct secret_row *secret, uint64_t kept, bool owed)
{
	bool one = false;

	for (uint32_t version = 1; version < VERSIONS; version++) {
		const char *value = scene()->sealed[version];

		if (value[0] == '\0' || !target_keeps(value))
			continue;
		bool sealed = is_sealed(session, &secret->id, version);
		bool safe =
		    sealed && ((kept >> version & 1) != 0 || (!owed && version == secret->current));
		one |= safe;
		if (!safe && !truths_came_back(version) && scene()->announced.death != DEATH_NONE &&
		    sealed)
			world_fail("the target accepts version %u, which is in no escrow", version);
	}
	if (!one && !scene()->spoiled)
		world_fail("the target accepts no value that is sealed and in the escrow");
}

/* Bits of the versions in the escrows of unpaid debts. */
static uint64_t
kept_versions(struct session *session, size_t *ret_debts)
{
	DEBT_ROWS *rows = NULL;
	uint64_t kept = 0;
	struct err err;

	must(store_list_debts(session->store, DEBT_UNPAID, &rows, ret_debts, &err), &err,
	    "the debts");
	for (size_t i = 0; i < *ret_debts; i++) {
		kept |= escrowed(session, &rows[i]);
		if (rows[i].untried) /* sealed to the officers, which is looked at beside */
			kept |= UINT64_C(1) << rows[i].old;
	}
	return kept;
}

/* WORK within one view of the database; what it reads itself is not looked at again. */
static void
look(void (*work)(struct session *session, const char *value), const char *value)
{
	struct truths *self = truths();
	struct err err;

	if (self->session == NULL || self->asks)
		return;
	self->asks = true;
	must(store_begin_read(self->session->store, &err), &err, "reading");
	work(self->session, value);
	store_rollback(self->session->store);
	self->asks = false;
}

static void
check(struct session *session, const char *value)
{
	struct secret_row secret;
	size_t debts;
	struct err err;
	uint64_t kept = kept_versions(session, &debts);

	(void)value;
	must(store_find_secret(session->store, "prod/db", &secret, &err), &err, "the secret");
	check_values(session, &secret, kept, debts > 0);
	world()->tally.checks++;
}

void
truths_check(void)
{
	look(check, NULL);
}

/* Of which version is VALUE?  0: of none. */
uint32_t
truths_version_of(const char *value)
{
	for (uint32_t version = 1; version < VERSIONS; version++)
		if (strcmp(scene()->sealed[version], value) == 0)
			return version;
	return 0;
}

static void
check_told(struct session *session, const char *value)
{
	struct secret_row secret;
	uint32_t version = truths_version_of(value);
	size_t debts;
	struct err err;

	must(store_find_secret(session->store, "prod/db", &secret, &err), &err, "the secret");
	if (version == 0 || !is_sealed(session, &secret.id, version))
		world_fail("the target is told a value that is not sealed");
	if (version == scene()->untried)
		world_fail("the target is told a value that nobody may open");
	if ((kept_versions(session, &debts) >> version & 1) == 0)
		world_fail("the target is told version %u, which is in no escrow", version);
}

void
truths_check_told(const char *value)
{
	look(check_told, value);
}

void
truths_check_dead(const struct id *debt, uint32_t old, uint32_t new)
{
	struct scene *now = scene();

	if (now->announced.death == DEATH_NONE)
		return;
	if (now->unexpelled[old] && old != now->untried && (now->announced.can & CAN_EXPEL) != 0)
		world_fail("version %u is said to be dead, and what it opened since may go on",
		    old);
	for (uint32_t version = 1; version < VERSIONS; version++) {
		bool own = memcmp(&now->owner[version], debt, sizeof(*debt)) == 0;

		if (version == scene()->untried)
			continue;
		if ((version == old || own) && version != new && now->sealed[version][0] != '\0' &&
		    !truths_came_back(version) && target_takes(now->sealed[version]))
			world_fail("version %u is said to be dead, and is accepted", version);
	}
}

/* Is anything accepted that is not the current version? */
static void
check_alone(void)
{
	for (size_t i = 0; i < scene()->held_count; i++) {
		const struct held *held = &scene()->held[i];
		uint32_t version = truths_version_of(held->value);

		if (held->until > world_now() && version != scene()->current &&
		    version != scene()->untried && !truths_came_back(version))
			world_fail("all is paid, and the target accepts version %u, not only the "
			           "current one",
			    version);
	}
	if (!target_keeps(scene()->sealed[scene()->current]))
		world_fail("all is paid, and the target does not accept the current value");
}

void
truths_check_end(struct session *session)
{
	DEBT_ROWS *rows = NULL;
	size_t count;
	struct err err;

	truths_check();
	must(store_list_debts(session->store, DEBT_UNPAID, &rows, &count, &err), &err, "the debts");
	scene()->unpaid = (unsigned)count;
	scene()->stale = false;
	if (count > 0)
		scene()->last = rows[count - 1];
	struct secret_row secret;
	must(store_find_secret(session->store, "prod/db", &secret, &err), &err, "the secret");
	scene()->current = secret.current;
	scene()->newest = secret.newest;
	if (count == 0 && scene()->announced.death != DEATH_NONE)
		check_alone();
}
