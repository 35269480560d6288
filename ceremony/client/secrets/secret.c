/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/definition_verify.h"

enum { PAGE = 500 };

void
lookup_done(struct lookup *lookup)
{
	definition_done(&lookup->definition);
	definition_done(&lookup->sealed);
	header_freep(&lookup->header);
	free(lookup->quorum);
	json_free(lookup->told);
	*lookup = (struct lookup){0};
}

enum err_code
lookups_new(size_t count, struct lookups *ret_lookups, struct err *err)
{
	struct lookup *rows = calloc(count, sizeof(*rows));

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu secrets", count);
	*ret_lookups = (struct lookups){rows, count};
	return ERR_OK;
}

void
lookups_done(struct lookups *lookups)
{
	for (size_t i = 0; i < lookups->count; i++)
		lookup_done(&lookups->rows[i]);
	free(lookups->rows);
	*lookups = (struct lookups){0};
}

static enum err_code
compare_header(const struct header *header, const struct vault_view *view,
    const struct definition *definition, struct err *err)
{
	const char *differs = NULL;

	if (!digest_equal(&header->vault, &view->chain.vault))
		differs = "another vault";
	else if (header->training != view->chain.charter->training)
		differs = "another kind of vault";
	else if (memcmp(&header->secret, &definition->secret, sizeof(header->secret)) != 0)
		differs = "another secret";
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY, "the sealed version's header names %s", differs);
	return ERR_OK;
}

enum err_code
lookup_header(struct view bytes, const struct vault_view *view, const struct definitions *sets,
    size_t count, struct lookup *lookup, struct err *err)
{
	const struct definition *sealed;

	TRY(header_new(&lookup->header, err));
	lookup->quorum = calloc(1, sizeof(*lookup->quorum));
	if (lookup->quorum == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	TRY(header_decode(bytes, lookup->header, err));
	TRY(header_check(lookup->header, lookup->quorum, err));
	TRY(compare_header(lookup->header, view, &lookup->definition, err));
	TRY(definition_trace(&lookup->definition, sets, count, &lookup->header->definition,
	    lookup->header->quorum, &sealed, err));
	TRY(definition_copy(sealed, &lookup->sealed, err));
	if (lookup->header->version != lookup->current)
		return err_set(err, ERR_INTEGRITY,
		    "the header is of version %u, the current version is %u",
		    lookup->header->version, lookup->current);
	return header_hash(bytes, &lookup->header_hash, err);
}

const struct member lookup_debt_members[] = {
    {"state", MEMBER_TEXT, FIELD(struct lookup, debt_state), .min = 1},
    {"due", MEMBER_TIME, FIELD(struct lookup, debt_due)},
    {"tries", MEMBER_NUMBER, FIELD(struct lookup, debt_tries), .max = UINT32_MAX},
    {"note", MEMBER_TEXT, FIELD(struct lookup, debt_note)},
    {"untried", MEMBER_BOOL, FIELD(struct lookup, debt_untried)},
    {NULL},
};
const struct member *const lookup_rotation_members = rotation_end_members;

static const struct member debt_members[] = {
    {"debt", MEMBER_OBJECT, .members = lookup_debt_members, .what = "debt"},
    {NULL},
};
static const struct member state_members[] = {
    {"current", MEMBER_NUMBER, FIELD(struct lookup, current), .max = UINT32_MAX},
    {"newest", MEMBER_NUMBER, FIELD(struct lookup, newest), .max = UINT32_MAX},
    {"part_exposed", MEMBER_BOOL, FIELD(struct lookup, part_exposed)},
    {"released", MEMBER_BOOL, FIELD(struct lookup, released)},
    {NULL},
};

/* What such an envelope holds is checked when it is opened. */
enum err_code
lookup_spares(const struct json *array, const struct header *header,
    struct reach_spares *ret_spares, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct json_in in = json_in(json_array_object(array, i), "spares", err);
		struct reach_spare *row = &ret_spares->rows[i];

		json_in_hex(&in, "token", row->token.bytes, DIGEST_SIZE);
		row->envelope =
		    (uint32_t)json_in_int(&in, "envelope", 0, header->envelope_count - 1);
		row->tested = json_in_bool(&in, "tested");
		TRY(json_in_end(&in));
	}
	ret_spares->count = json_array_count(array);
	return ERR_OK;
}

enum err_code
lookup_definitions(const struct dsse *statement, const struct vault_view *view,
    struct definitions *ret_definitions, struct err *err)
{
	DEFINITIONS_OF definitions = {0};
	enum err_code code =
	    definitions_parse(statement, view->chain.charter->training, &definitions, err);

	if (code == ERR_OK)
		code = chain_verify_definitions(&view->chain, statement, &definitions, err);
	if (code == ERR_REFUSED || code == ERR_INVALID)
		code = err->code = ERR_INTEGRITY;
	if (code == ERR_OK)
		*ret_definitions = TAKE(definitions);
	return code;
}

/* SET is kept where it holds many, and there is room. */
static void
keep_known(struct known_definitions *known, struct definitions *set)
{
	for (size_t i = 0; i < known->count; i++)
		if (digest_equal(&known->sets[i].digest, &set->digest))
			return;
	if (set->count > 1 && known->count < DEFINITIONS_KNOWN)
		known->sets[known->count++] = TAKE(*set);
}

void
lookup_know(struct client *client)
{
	struct known_definitions *known = client_known(client);

	if (known->count == DEFINITIONS_KNOWN) {
		definitions_done(&known->sets[0]);
		memmove(known->sets, known->sets + 1, --known->count * sizeof(*known->sets));
		known->sets[known->count] = (struct definitions){0};
	}
	known->told = known->count;
}

static enum err_code
copy_named(const struct definitions *set, const char *name, struct definition *ret_definition,
    bool *ret_has, struct err *err)
{
	*ret_has = false;
	for (size_t i = 0; i < set->count && !*ret_has; i++) {
		*ret_has = strcmp(set->rows[i].name, name) == 0;
		if (*ret_has)
			TRY(definition_copy(&set->rows[i], ret_definition, err));
	}
	return ERR_OK;
}

/* The definition of NAME in STATEMENT, verified. */
static enum err_code
find_definition(struct client *client, const struct dsse *statement, const struct vault_view *view,
    const char *name, struct definition *ret_definition, struct err *err)
{
	DEFINITIONS_OF definitions = {0};
	bool has;

	TRY(lookup_definitions(statement, view, &definitions, err));
	TRY(copy_named(&definitions, name, ret_definition, &has, err));
	if (!has)
		return err_set(err, ERR_INTEGRITY, "the server answered with the secret %s",
		    definitions.rows[0].name);
	keep_known(client_known(client), &definitions);
	return ERR_OK;
}

/* The same in a statement that is known, whose DIGEST the server says. */
static enum err_code
find_known(struct client *client, const struct digest *digest, const char *name,
    struct definition *ret_definition, struct err *err)
{
	const struct known_definitions *known = client_known(client);
	bool has = false;

	for (size_t i = 0; i < known->told && !has; i++)
		if (digest_equal(&known->sets[i].digest, digest))
			TRY(copy_named(&known->sets[i], name, ret_definition, &has, err));
	return has ?
	    ERR_OK :
	    err_set(err, ERR_INTEGRITY, "the server answered with a definition that was not shown");
}

enum { VALUES_MAX = 8 };

/* What may be there once the reply was read, so that whoever asks for it later meets nothing else. */
static enum err_code
check_told(const struct json *deaths, const struct json *values, struct err *err)
{
	struct death_told death;
	struct value_told value;

	for (size_t i = 0; i < json_array_count(deaths); i++)
		TRY(members_read(json_array_object(deaths, i), "deaths", death_told_members, &death,
		    err));
	for (size_t i = 0; values != NULL && i < json_array_count(values); i++)
		TRY(members_read(json_array_object(values, i), "values", value_told_members, &value,
		    err));
	return ERR_OK;
}

/* The object POSITION of its array NAME, read as MEMBERS say. */
static bool
told_at(const struct lookup *lookup, const char *name, size_t max, size_t position,
    const struct member *members, void *ret_told)
{
	struct err ignored;
	struct json_in in = json_in(lookup->told, "secret", &ignored);
	const struct json *array = json_in_has(&in, name) ? json_in_array(&in, name, 0, max) : NULL;

	return array != NULL && position < json_array_count(array) &&
	    members_read(json_array_object(array, position), name, members, ret_told, &ignored) ==
	    ERR_OK;
}

bool
lookup_death(const struct lookup *lookup, size_t position, struct death_told *ret_death)
{
	return told_at(lookup, "deaths", DEBT_WATCHES_MAX, position, death_told_members, ret_death);
}

bool
lookup_value(const struct lookup *lookup, size_t position, struct value_told *ret_value)
{
	return told_at(lookup, "values", VALUES_MAX, position, value_told_members, ret_value);
}

/* What the host signed about this very secret, and about its current version if that is what it made. */
static const char *
rotation_differs(const struct rotation *rotation, const struct vault_view *view,
    const struct lookup *lookup)
{
	if (!digest_equal(&rotation->vault, &view->chain.vault))
		return "another vault";
	if (memcmp(&rotation->secret, &lookup->definition.secret, sizeof(rotation->secret)) != 0)
		return "another secret";
	/* A version that was sealed again since is newer, and its host's word alone says which rotation was the last. */
	if (rotation->new > lookup->current)
		return "a version that is not current yet";
	if (rotation->new == lookup->current &&
	    !digest_equal(&rotation->header, &lookup->header_hash))
		return "another header than that of the current version";
	return NULL;
}

static enum err_code
read_rotation(const struct dsse *statement, const struct vault_view *view, struct lookup *lookup,
    struct err *err)
{
	const char *differs;

	if (!lookup->has_rotation)
		return ERR_OK;
	if (rotation_parse(statement, view->chain.charter->training, &lookup->rotation, err) !=
	        ERR_OK ||
	    statement_verify_host(statement, &view->chain.charter->host_statement, err) != ERR_OK) {
		err->code = ERR_INTEGRITY;
		return err_add(err, "the statement of its last rotation");
	}
	differs = rotation_differs(&lookup->rotation, view, lookup);
	return differs == NULL ?
	    ERR_OK :
	    err_set(err, ERR_INTEGRITY, "the statement of its last rotation names %s", differs);
}

struct sets {
	struct definitions *rows;
	size_t count, lent; /* the first LENT belong to others */
};

static void
sets_done(struct sets *sets)
{
	for (size_t i = sets->lent; i < sets->count; i++)
		definitions_done(&sets->rows[i]);
	free(sets->rows);
}

/* Those of ARRAY, and those that were known. */
static enum err_code
read_earlier(struct client *client, const struct json *array, const struct vault_view *view,
    struct sets *sets, struct err *err)
{
	const struct known_definitions *known = client_known(client);
	size_t count = array != NULL ? json_array_count(array) : 0;

	sets->rows = calloc(known->told + count + 1, sizeof(*sets->rows));
	if (sets->rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for definitions");
	memcpy(sets->rows, known->sets, known->told * sizeof(*sets->rows));
	sets->count = sets->lent = known->told;
	for (size_t i = 0; i < count; i++) {
		DSSE statement = {0};

		TRY(array_statement(array, i, "secret", &statement, err));
		TRY(lookup_definitions(&statement, view, &sets->rows[sets->count++], err));
	}
	return ERR_OK;
}

/* For the next that asks. */
static void
keep_earlier(struct client *client, struct sets *sets)
{
	for (size_t i = sets->lent; i < sets->count; i++)
		keep_known(client_known(client), &sets->rows[i]);
}

static enum err_code
read_lookup(struct client *client, struct reply *reply, const struct vault_view *view,
    const char *name, struct lookup *lookup, struct err *err)
{
	CLEANUP(sets_done) struct sets sets = {0};
	DSSE statement = {0}, rotation = {0};
	const struct json *earlier;
	struct digest digest;
	bool whole = json_in_has(&reply->in, "definition");

	if (whole)
		in_statement(&reply->in, "definition", &statement);
	else
		json_in_hex(&reply->in, "known", digest.bytes, DIGEST_SIZE);
	earlier = json_in_has(&reply->in, "earlier") ?
	    json_in_array(&reply->in, "earlier", 1, EARLIER_MAX) :
	    NULL;
	lookup->has_rotation = json_in_has(&reply->in, "rotation");
	if (lookup->has_rotation)
		in_statement(&reply->in, "rotation", &rotation);
	members_in(&reply->in, state_members, lookup);
	lookup->has_debt = json_in_has(&reply->in, "debt");
	if (lookup->has_debt)
		members_in(&reply->in, debt_members, lookup);
	const struct json *spares = json_in_array(&reply->in, "spares", 0, HEADER_ENVELOPES);
	const struct json *deaths = json_in_array(&reply->in, "deaths", 0, DEBT_WATCHES_MAX);
	const struct json *values = json_in_has(&reply->in, "values") ?
	    json_in_array(&reply->in, "values", 0, VALUES_MAX) :
	    NULL;
	TRY(json_in_end(&reply->in));
	TRY(check_told(deaths, values, err));
	lookup->told = json_new_object();
	json_put_copy(lookup->told, "deaths", deaths);
	if (values != NULL)
		json_put_copy(lookup->told, "values", values);
	TRY(whole ? find_definition(client, &statement, view, name, &lookup->definition, err) :
	            find_known(client, &digest, name, &lookup->definition, err));
	lookup->policy = charter_policy(view->chain.charter, lookup->definition.policy);
	if (lookup->current == 0 && lookup->has_rotation && !lookup->definition.change.retires)
		return err_set(err, ERR_INTEGRITY,
		    "it was rotated, as a statement says, and has no version that is current");
	if (lookup->current == 0) {
		lookup->has_rotation =
		    false; /* of a retired one nothing shows which version it made */
		return ERR_OK;
	}
	TRY(read_earlier(client, earlier, view, &sets, err));
	TRY(lookup_header(buf_view(&reply->blob), view, sets.rows, sets.count, lookup, err));
	keep_earlier(client, &sets);
	TRY(read_rotation(&rotation, view, lookup, err));
	return lookup_spares(spares, lookup->header, &lookup->spares, err);
}

static struct json *
find_request(struct client *client, const char *name, bool rotation)
{
	const struct known_definitions *known = client_known(client);
	struct json *request = op_new("secret-find"), *digests;

	if (known->told > 0) {
		digests = json_new_array();
		for (size_t i = 0; i < known->told; i++)
			json_add_hex(digests, VIEW_OF(known->sets[i].digest.bytes));
		json_put(request, "known", digests);
	}
	json_put_text(request, "name", name);
	if (rotation)
		json_put_bool(request, "rotation", true);
	return request;
}

void
lookup_foresee(struct client *client, const char *name)
{
	if (text_is_plain(view_of_text(name)))
		client_foresee(client, find_request(client, name, false));
}

static enum err_code
look_up(struct client *client, const struct vault_view *view, const char *name, bool rotation,
    struct lookup *ret_lookup, struct err *err)
{
	REPLY reply = {0};
	LOOKUP lookup = {0};

	TRY(client_ask(client, find_request(client, name, rotation), "secret-find", &reply, err));
	if (read_lookup(client, &reply, view, name, &lookup, err) != ERR_OK)
		return err_add(err, "%s", name);
	*ret_lookup = TAKE(lookup);
	return ERR_OK;
}

enum err_code
lookup_secret(struct client *client, const struct vault_view *view, const char *name,
    struct lookup *ret_lookup, struct err *err)
{
	return look_up(client, view, name, false, ret_lookup, err);
}

enum err_code
lookup_with_rotation(struct client *client, const struct vault_view *view, const char *name,
    struct lookup *ret_lookup, struct err *err)
{
	return look_up(client, view, name, true, ret_lookup, err);
}

enum err_code
lookup_none(struct client *client, const char *name, struct err *err)
{
	REPLY reply = {0};
	enum err_code code =
	    client_ask(client, find_request(client, name, false), "secret-find", &reply, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	return code != ERR_OK ?
	    code :
	    err_set(err, ERR_EXISTS,
	        "there is, or was, a secret %s already, and no name is used again: 'halligan secret show %s'",
	        QUOTED(name), name);
}

static enum err_code
visit_row(const struct json *object, secret_visit visit, void *context,
    char ret_last[SEAT_NAME_MAX + 1], struct err *err)
{
	struct secret_listed row;

	TRY(members_read(object, "secret in the list", secret_listed_members, &row, err));
	snprintf(ret_last, SEAT_NAME_MAX + 1, "%s", row.name);
	return visit(context, &row, err);
}

/* One page; LAST is the name to go on after. */
static enum err_code
walk_page(struct client *client, secret_visit visit, void *context, char last[SEAT_NAME_MAX + 1],
    bool *ret_more, struct err *err)
{
	struct json *request = op_new("secret-list");
	REPLY reply = {0};
	const struct json *list;

	json_put_text(request, "after", last);
	json_put_int(request, "max", PAGE);
	TRY(client_ask(client, request, "secret-list", &reply, err));
	list = json_in_array(&reply.in, "secrets", 0, PAGE);
	*ret_more = json_in_bool(&reply.in, "more");
	TRY(json_in_end(&reply.in));
	for (size_t i = 0; i < json_array_count(list); i++)
		TRY(visit_row(json_array_object(list, i), visit, context, last, err));
	if (*ret_more && json_array_count(list) == 0)
		return err_set(err, ERR_PROTOCOL, "the server promised more secrets and sent none");
	return ERR_OK;
}

enum err_code
secrets_walk(struct client *client, secret_visit visit, void *context, struct err *err)
{
	char last[SEAT_NAME_MAX + 1] = "";
	bool more = true;

	while (more)
		TRY(walk_page(client, visit, context, last, &more, err));
	return ERR_OK;
}
