/* SPDX-License-Identifier: Apache-2.0 */
/* A secret as the server describes it, verified: its definition and the header of its current
 * version. */
#ifndef CEREMONY_CLIENT_SECRETS_SECRET_H
#define CEREMONY_CLIENT_SECRETS_SECRET_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/documents/reach.h"
#include "vault/documents/state_names.h"

struct lookup {
	struct definition definition;
	struct definition sealed; /* that the header names: the same, or one that it comes of */
	struct header *header;    /* NULL when no version is current yet */
	struct quorum *quorum;    /* of the header */
	struct digest header_hash;
	const struct policy *policy; /* in the charter of the view */
	uint32_t current, newest;    /* versions; the server's word */
	struct reach_spares spares;  /* the server's word, like what follows */
	bool part_exposed, released;
	bool has_debt;
	char debt_state[32], debt_note[NOTE_TEXT_MAX + 1];
	int64_t debt_due;    /* it may be tried from then on */
	uint32_t debt_tries; /* in vain; 0 before debt_due: somebody holds the credential */
	bool debt_untried;   /* nobody has seen the value; whatever opens it takes the debt over */
	/* Its members "deaths": old versions of which the death is watched, and "values": those that the target of the debt
	 * may take, where the last rotation was asked for. */
	struct json *told;
	bool has_rotation;        /* asked for, and the last one is over: */
	struct rotation rotation; /* signed by the host */
};
void lookup_done(struct lookup *lookup);
#define LOOKUP CLEANUP(lookup_done) struct lookup

/* Of several secrets. */
struct lookups {
	struct lookup *rows; /* COUNT of them, each {0} at first */
	size_t count;
};
enum err_code lookups_new(size_t count, struct lookups *ret_lookups, struct err *err) MUST_CHECK;
void lookups_done(struct lookups *lookups); /* accepts {0} */
#define LOOKUPS CLEANUP(lookups_done) struct lookups

/* The members of its "debt". */
extern const struct member lookup_debt_members[];

/* Those of its "rotation". */
extern const struct member *const lookup_rotation_members;

/* Old version POSITION of which the death is watched; false: there is none.  It lives in LOOKUP. */
bool lookup_death(const struct lookup *lookup, size_t position, struct death_told *ret_death);

/* Value POSITION that the target of the open debt may take; likewise. */
bool lookup_value(const struct lookup *lookup, size_t position, struct value_told *ret_value);

/* From now on what is asked names the statements that were verified until now: none of them is sent again.  Before a lot of
 * lookups, and not between what is foreseen and what is asked. */
void lookup_know(struct client *client);
/* Send with the greeting for the secret NAME. */
void lookup_foresee(struct client *client, const char *name);
/* ERR_INTEGRITY names what contradicts what. */
enum err_code lookup_secret(struct client *client, const struct vault_view *view, const char *name,
    struct lookup *ret_lookup, struct err *err) MUST_CHECK;
/* The same, with its last rotation. */
enum err_code lookup_with_rotation(struct client *client, const struct vault_view *view,
    const char *name, struct lookup *ret_lookup, struct err *err) MUST_CHECK;
/* ERR_EXISTS: there is one of that name. */
enum err_code lookup_none(struct client *client, const char *name, struct err *err) MUST_CHECK;
/* The array "spares" of a reply about the version of HEADER. */
enum err_code lookup_spares(const struct json *array, const struct header *header,
    struct reach_spares *ret_spares, struct err *err) MUST_CHECK;
/* What STATEMENT, which the server shows as one that is in force, defines.  ERR_INTEGRITY: no operator of the vault
 * signed that. */
enum err_code lookup_definitions(const struct dsse *statement, const struct vault_view *view,
    struct definitions *ret_definitions, struct err *err) MUST_CHECK;
/* The HEADER of the current version of LOOKUP's definition, verified; what led from the one that it names to that is among
 * the COUNT SETS. */
enum err_code lookup_header(struct view header, const struct vault_view *view,
    const struct definitions *sets, size_t count, struct lookup *lookup,
    struct err *err) MUST_CHECK;
typedef enum err_code (
    *secret_visit)(void *context, const struct secret_listed *row, struct err *err);
/* Every secret, in the order of names, through VISIT. */
enum err_code secrets_walk(struct client *client, secret_visit visit, void *context,
    struct err *err) MUST_CHECK;

#endif
