/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the outside in: the request with its token's signature, the host's statement that answers it,
 * what officers said, and each item's definition and header.  Documents of an earlier charter are of
 * seats that may be gone: they are read, and count for nothing.
 */
#include "ceremony/protocol/ceremony.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/documents/definition_verify.h"

void
transcript_free(struct transcript *transcript)
{
	request_done(&transcript->request);
	ceremony_done(&transcript->ceremony);
	for (size_t i = 0; i < transcript->known_count; i++)
		definitions_done(&transcript->known[i]);
	free(transcript->known);
	free(transcript->found);
	free(transcript->voices);
	free(transcript);
}

static enum err_code
contradicts(const char *document, const char *what, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "the %s names another %s than the rest: somebody changed what is shown", document,
	    what);
}

/* A fault in what was verified before it was accepted is an alarm, whatever it is called. */
static enum err_code
alarm(const char *document, struct err *err)
{
	if (err->code == ERR_INVALID || err->code == ERR_REFUSED || err->code == ERR_EXISTS)
		err->code = ERR_INTEGRITY;
	return err_add(err, "the %s", document);
}

static void
make_void(struct transcript *transcript, const char *why)
{
	if (transcript->in_force)
		snprintf(transcript->why_void, sizeof(transcript->why_void), "%.500s", why);
	transcript->in_force = false;
}

/* --- Who asks ----------------------------------------------------------------------------- */

static unsigned
roles_to_ask(enum mode mode)
{
	return mode_releases(mode) ? ROLE_RESPONDER : ROLE_OPERATOR | ROLE_OFFICER;
}

static enum err_code
check_requester(const struct dsse *statement, const struct request *request,
    const struct chain *chain, struct err *err)
{
	const struct seat *seat = chain_seat(chain, request->seat);
	const struct seat_token *token = chain_token(chain, request->seat, &request->token);

	if (seat == NULL)
		return err_set(err, ERR_REFUSED,
		    "seat: neither charter nor roster has an active seat \"%s\"", request->seat);
	if ((seat->roles & roles_to_ask(request->mode)) == 0)
		return err_set(err, ERR_REFUSED, "seat: \"%s\" does not have the role %s",
		    request->seat,
		    mode_releases(request->mode) ? "responder" : "operator or officer");
	if (token == NULL && chain_refuse_token(chain, request->seat, &request->token, err))
		return err_add(err, "token");
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	if (seat_token_verify(statement, token, err) != ERR_OK)
		return err_add(err, "seat \"%s\"", request->seat);
	return ERR_OK;
}

static enum err_code
check_recipient(const struct request *request, const struct recipient *recipient,
    const struct chain *chain, struct err *err)
{
	const struct seat_token *token = chain_token(chain, request->seat, &recipient->token);

	if (token == NULL)
		return chain_refuse_token(chain, request->seat, &recipient->token, err);
	if (!token->has[KEY_RELEASE])
		return err_set(err, ERR_REFUSED, "the token has no release key");
	if (!point_equal(&token->keys[KEY_RELEASE], &recipient->key))
		return err_set(err, ERR_REFUSED,
		    "the key is not the release key that the token was admitted with");
	return ERR_OK;
}

enum err_code
request_check(const struct dsse *statement, const struct request *request,
    const struct chain *chain, struct err *err)
{
	if (!digest_equal(&request->vault, &chain->vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	TRY(check_requester(statement, request, chain, err));
	for (size_t i = 0; i < request->recipients.count; i++)
		if (check_recipient(request, &request->recipients.rows[i], chain, err) != ERR_OK)
			return err_add(err, "recipients[%zu]", i);
	return ERR_OK;
}

/* What was right when it was accepted; who has left or is suspended since makes it void. */
static enum err_code
judge_request(const struct dsse *statement, const struct chain *chain,
    struct transcript *transcript, struct err *err)
{
	const struct request *request = &transcript->request;
	const struct seat_token *listed = chain_listed_token(chain, request->seat, &request->token);
	struct err cause;

	transcript->requester = chain_seat(chain, request->seat);
	transcript->token = chain_token(chain, request->seat, &request->token);
	if (!digest_equal(&request->vault, &chain->vault))
		return contradicts("request", "vault", err);
	if (statement->count != 1)
		return err_set(err, ERR_INTEGRITY, "the request: it must carry one signature");
	if (listed != NULL && seat_token_verify(statement, listed, err) != ERR_OK)
		return alarm("request", err);
	if (request_check(statement, request, chain, &cause) != ERR_OK)
		make_void(transcript, cause.text);
	return ERR_OK;
}

/* --- The two statements ------------------------------------------------------------------- */

static enum err_code
judge_ceremony(const struct dsse *statement, const struct chain *chain,
    struct transcript *transcript, struct err *err)
{
	const struct ceremony *ceremony = &transcript->ceremony;
	const char *differs;

	if (statement_verify_host(statement, &chain->charter->host_statement, err) != ERR_OK ||
	    ceremony_parse(statement, chain->charter->training, &transcript->ceremony, err) !=
	        ERR_OK)
		return alarm("ceremony statement", err);
	differs = ceremony_differs(ceremony, &transcript->request);
	if (differs != NULL)
		return contradicts("ceremony statement", differs, err);
	if (!digest_equal(&ceremony->charter, &chain->charter->digest))
		make_void(transcript, "the charter changed since the request");
	return ERR_OK;
}

enum err_code
transcript_new(const struct dsse *request, const struct dsse *ceremony, const struct chain *chain,
    struct transcript **ret_transcript, struct err *err)
{
	TRANSCRIPT *transcript = calloc(1, sizeof(*transcript));

	if (transcript == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	transcript->in_force = true;
	if (request_parse(request, chain->charter->training, &transcript->request, err) != ERR_OK)
		return alarm("request", err);
	transcript->found = calloc(transcript->request.items.count, sizeof(*transcript->found));
	if (transcript->found == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	TRY(judge_ceremony(ceremony, chain, transcript, err));
	TRY(judge_request(request, chain, transcript, err));
	*ret_transcript = TAKE(transcript);
	return ERR_OK;
}

/* --- Voices ------------------------------------------------------------------------------- */

static enum err_code
read_voice(const struct dsse *statement, const struct chain *chain, struct voice *voice,
    struct digest *ret_vault, struct digest *ret_ceremony, struct err *err)
{
	bool training = chain->charter->training;
	struct objection denial;
	struct approval approval;

	*voice = (struct voice){.denies = statement_is(statement, STATEMENT_DENIAL)};
	if (voice->denies) {
		TRY(objection_parse(statement, STATEMENT_DENIAL, training, &denial, err));
		voice->digest = denial.digest;
		voice->token = denial.token;
		voice->time = denial.time;
		memcpy(voice->seat, denial.seat, sizeof(voice->seat));
		memcpy(voice->reason, denial.reason, sizeof(voice->reason));
		*ret_vault = denial.vault;
		*ret_ceremony = denial.ceremony;
		return ERR_OK;
	}
	TRY(approval_parse(statement, training, &approval, err));
	voice->digest = approval.digest;
	voice->token = approval.token;
	voice->time = approval.time;
	voice->enc = approval.enc;
	memcpy(voice->seat, approval.seat, sizeof(voice->seat));
	*ret_vault = approval.vault;
	*ret_ceremony = approval.ceremony;
	return ERR_OK;
}

/* Of an officer of the charter under which the ceremony stands, signed by the token that it names. */
static enum err_code
verify_voice(const struct dsse *statement, const struct chain *chain, struct voice *voice,
    struct err *err)
{
	const struct seat *seat =
	    seat_by_name(chain->charter->seats, chain->charter->seat_count, voice->seat);
	const struct seat_token *token = chain_listed_token(chain, voice->seat, &voice->token);

	if (seat == NULL || token == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_INTEGRITY, "the charter has no such officer and token");
	if (statement->count != 1)
		return err_set(err, ERR_INTEGRITY, "it must carry one signature");
	TRY(seat_token_verify(statement, token, err));
	voice->counts =
	    voice->denies || suspensions_find(&chain->suspensions, &voice->token) == NULL;
	return ERR_OK;
}

static enum err_code
judge_voice(const struct transcript *transcript, const struct dsse *statement,
    const struct chain *chain, struct voice *voice, struct err *err)
{
	struct digest vault, ceremony;

	TRY(read_voice(statement, chain, voice, &vault, &ceremony, err));
	if (!digest_equal(&vault, &chain->vault))
		return contradicts("voice", "vault", err);
	if (!digest_equal(&ceremony, &transcript->ceremony.digest))
		return contradicts("voice", "ceremony", err);
	if (!digest_equal(&transcript->ceremony.charter, &chain->charter->digest))
		return ERR_OK;
	return verify_voice(statement, chain, voice, err);
}

enum err_code
transcript_add(struct transcript *transcript, const struct dsse *statement,
    const struct chain *chain, struct err *err)
{
	struct voice voice;

	if (judge_voice(transcript, statement, chain, &voice, err) != ERR_OK)
		return alarm(statement_is(statement, STATEMENT_DENIAL) ? "denial" : "approval",
		    err);
	for (size_t i = 0; i < transcript->voice_count; i++)
		if (digest_equal(&transcript->voices[i].digest, &voice.digest))
			return err_set(err, ERR_EXISTS, "%s said this before", voice.seat);
	if (transcript->voice_count == CEREMONY_VOICES)
		return err_set(err, ERR_REFUSED,
		    "this ceremony has too many approvals and denials; request again");
	struct voice *more = reallocarray(transcript->voices, transcript->voice_count + 1,
	    sizeof(*transcript->voices));
	if (more == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	transcript->voices = more;
	transcript->voices[transcript->voice_count++] = voice;
	return ERR_OK;
}

bool
transcript_denied(const struct transcript *transcript, const char *seat)
{
	for (size_t i = 0; i < transcript->voice_count; i++)
		if (transcript->voices[i].denies && strcmp(transcript->voices[i].seat, seat) == 0)
			return true;
	return false;
}

const struct voice *
transcript_approval(const struct transcript *transcript, const char *seat)
{
	if (transcript_denied(transcript, seat))
		return NULL;
	for (size_t i = transcript->voice_count; i > 0; i--) {
		const struct voice *voice = &transcript->voices[i - 1];

		if (voice->counts && strcmp(voice->seat, seat) == 0)
			return voice;
	}
	return NULL;
}

enum err_code
transcript_check_seat(const struct transcript *transcript, const struct chain *chain,
    const char *name, struct err *err)
{
	const struct seat *seat =
	    seat_by_name(chain->charter->seats, chain->charter->seat_count, name);

	if (strcmp(name, transcript->request.seat) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" is the requester, and nobody approves an own request; 'halligan "
		    "cancel' takes it back",
		    name);
	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED, "seat \"%s\" is no officer of the charter", name);
	if (transcript_denied(transcript, name))
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" has denied it and cannot approve it now", name);
	return ERR_OK;
}

/* --- Items -------------------------------------------------------------------------------- */

void
exhibit_free(struct exhibit *exhibit)
{
	if (exhibit->header != NULL)
		header_freep(&exhibit->header);
	free(exhibit);
}

const struct definition *
transcript_definition(const struct transcript *transcript, size_t position)
{
	const struct digest *digest = &transcript->request.items.rows[position].definition;
	const struct definition **found = &transcript->found[position];

	if (*found == NULL)
		*found = transcript_known(transcript, digest);
	return *found;
}

const struct definition *
transcript_known(const struct transcript *transcript, const struct digest *digest)
{
	const struct definition *found = NULL;

	for (size_t i = 0; i < transcript->known_count && found == NULL; i++)
		found = definitions_find(&transcript->known[i], digest);
	return found;
}

enum err_code
transcript_show(struct transcript *transcript, const struct dsse *statement,
    const struct chain *chain, struct err *err)
{
	DEFINITIONS_OF definitions = {0};

	TRY(definitions_parse(statement, chain->charter->training, &definitions, err));
	TRY(chain_verify_definitions(chain, statement, &definitions, err));
	struct definitions *more = reallocarray(transcript->known, transcript->known_count + 1,
	    sizeof(*transcript->known));
	if (more == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	transcript->known = more;
	transcript->known[transcript->known_count++] = definitions;
	definitions = (struct definitions){0};
	return ERR_OK;
}

static enum err_code
check_definition(struct transcript *transcript, size_t position, const struct dsse *statement,
    const struct chain *chain, struct exhibit *exhibit, struct err *err)
{
	const struct item *item = exhibit->item;

	if (statement != NULL)
		TRY(transcript_show(transcript, statement, chain, err));
	exhibit->definition = transcript_definition(transcript, position);
	if (exhibit->definition == NULL && statement != NULL)
		return contradicts("definition", "digest", err);
	if (exhibit->definition == NULL)
		return err_set(err, ERR_INTEGRITY, "nothing that was shown holds its definition");
	if (strcmp(exhibit->definition->name, item->name) != 0)
		return contradicts("definition", "name", err);
	if (memcmp(&exhibit->definition->secret, &item->secret, sizeof(item->secret)) != 0)
		return contradicts("definition", "secret", err);
	exhibit->policy = charter_policy(chain->charter, exhibit->definition->policy);
	return ERR_OK;
}

static enum err_code
check_header(const struct transcript *transcript, struct view bytes, const struct chain *chain,
    const char *signed_quorum, struct exhibit *exhibit, struct err *err)
{
	const struct item *item = exhibit->item;

	TRY(header_hash(bytes, &exhibit->header_hash, err));
	if (!digest_equal(&exhibit->header_hash, &item->header))
		return contradicts("header", "hash", err);
	TRY(header_new(&exhibit->header, err));
	TRY(header_decode(bytes, exhibit->header, err));
	TRY(header_check(exhibit->header, &exhibit->quorum, err));
	if (!digest_equal(&exhibit->header->vault, &chain->vault))
		return contradicts("header", "vault", err);
	if (exhibit->header->training != chain->charter->training)
		return contradicts("header", "kind of vault", err);
	if (memcmp(&exhibit->header->secret, &item->secret, sizeof(item->secret)) != 0)
		return contradicts("header", "secret", err);
	TRY(definition_trace(exhibit->definition, transcript->known, transcript->known_count,
	    &exhibit->header->definition, exhibit->header->quorum, &exhibit->sealed, err));
	if (exhibit->header->version != item->version)
		return contradicts("header", "version", err);
	if (strcmp(exhibit->header->quorum, signed_quorum) != 0)
		return contradicts("header", "quorum", err);
	return ERR_OK;
}

enum err_code
exhibit_new(struct transcript *transcript, size_t position, const struct dsse *definition,
    struct view header, const struct chain *chain, struct exhibit **ret_exhibit, struct err *err)
{
	EXHIBIT *exhibit = calloc(1, sizeof(*exhibit));
	const char *quorum = transcript->ceremony.items.rows[position].quorum;

	if (exhibit == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	exhibit->item = &transcript->request.items.rows[position];
	if (check_definition(transcript, position, definition, chain, exhibit, err) != ERR_OK ||
	    check_header(transcript, header, chain, quorum, exhibit, err) != ERR_OK) {
		if (err->code == ERR_INVALID || err->code == ERR_REFUSED)
			err->code = ERR_INTEGRITY;
		return err_add(err, "the secret %s", exhibit->item->name);
	}
	*ret_exhibit = TAKE(exhibit);
	return ERR_OK;
}

void
exhibit_give(struct exhibit *exhibit, const char *seat)
{
	if (exhibit->given_count < QUORUM_SEATS)
		snprintf(exhibit->given[exhibit->given_count++], SEAT_NAME_MAX + 1, "%s", seat);
}

enum err_code
exhibit_envelope(const struct exhibit *exhibit, const char *seat, const struct digest *token,
    uint32_t *ret_index, bool *ret_spare, struct err *err)
{
	const struct reach_spares *spares = &exhibit->spares;

	for (uint32_t i = 0; i < exhibit->header->envelope_count; i++) {
		const struct header_envelope *envelope = &exhibit->header->envelopes[i];
		bool own = digest_equal(&envelope->token, token), spare = false;

		if (strcmp(envelope->seat, seat) != 0)
			continue;
		for (size_t j = 0; j < spares->count; j++)
			spare |= spares->rows[j].envelope == i &&
			    digest_equal(&spares->rows[j].token, token);
		if (!own && !spare)
			continue;
		*ret_index = i;
		*ret_spare = !own;
		return ERR_OK;
	}
	return err_set(err, ERR_NOT_FOUND,
	    "version %u of %s was not sealed to this token of %s: it was enrolled later (then "
	    "halligan spare, with an older token of the seat, mends that), or the quorum \"%s\" does "
	    "not name the seat",
	    exhibit->item->version, exhibit->item->name, seat, exhibit->header->quorum);
}

/* --- The verdict -------------------------------------------------------------------------- */

/* Who cannot open an envelope cannot help either. */
static size_t
add_unusable(const struct exhibit *exhibit, const struct chain *chain, const struct quorum *quorum,
    const char **denied, size_t count)
{
	for (size_t i = 0; i < quorum->seat_count; i++)
		if (!reach_seat(chain->charter, &chain->suspensions, exhibit->header,
		        &exhibit->spares, quorum->seats[i]))
			denied[count++] = quorum->seats[i];
	return count;
}

/* Whose approval was given and counts no more. */
static void
say_lost(const struct transcript *transcript, const struct chain *chain, struct buf *text)
{
	for (size_t i = 0; i < transcript->voice_count; i++) {
		const struct voice *voice = &transcript->voices[i];
		const struct suspension *found =
		    suspensions_find(&chain->suspensions, &voice->token);

		if (!voice->denies && found != NULL)
			buf_format(text,
			    "; the approval of %s does not count: its token was suspended by %s",
			    voice->seat, found->seat);
	}
}

enum verdict
exhibit_verdict(const struct transcript *transcript, const struct exhibit *exhibit,
    const struct chain *chain, int64_t now, int *ret_missing, struct buf *ret_text)
{
	const char *approved[QUORUM_SEATS], *denied[CEREMONY_VOICES + 2 * QUORUM_SEATS];
	struct verdict_facts facts = {.header = &exhibit->quorum,
	    .seats = chain->charter->seats,
	    .seat_count = chain->charter->seat_count,
	    .requester = transcript->request.seat,
	    .approved = approved,
	    .denied = denied,
	    .now = now,
	    .deadline = transcript->ceremony.deadline,
	    .charter_unchanged = true};

	*ret_missing = 0;
	if (!transcript->in_force || exhibit->policy == NULL) {
		buf_text(ret_text,
		    transcript->in_force ? "the charter has its policy no more" :
		                           transcript->why_void);
		return VERDICT_VOID;
	}
	facts.policy = &exhibit->policy->quorum;
	for (size_t i = 0; i < exhibit->given_count; i++)
		if (transcript_approval(transcript, exhibit->given[i]) != NULL)
			approved[facts.approved_count++] = exhibit->given[i];
	for (size_t i = 0; i < transcript->voice_count; i++)
		if (transcript->voices[i].denies)
			denied[facts.denied_count++] = transcript->voices[i].seat;
	facts.denied_count = add_unusable(exhibit, chain, facts.header, denied, facts.denied_count);
	facts.denied_count = add_unusable(exhibit, chain, facts.policy, denied, facts.denied_count);
	enum verdict verdict = verdict_of(&facts, ret_missing, ret_text);
	if (verdict == VERDICT_OPEN || verdict == VERDICT_UNREACHABLE)
		say_lost(transcript, chain, ret_text);
	return verdict;
}

void
verdict_worst(enum verdict verdict, struct buf *text, enum verdict *worst, struct buf *worst_text)
{
	static const int ranks[] = {[VERDICT_MET] = 0,
	    [VERDICT_OPEN] = 1,
	    [VERDICT_UNREACHABLE] = 2,
	    [VERDICT_EXPIRED] = 3,
	    [VERDICT_VOID] = 4};

	if (ranks[verdict] <= ranks[*worst])
		return;
	*worst = verdict;
	buf_done(worst_text);
	buf_text(worst_text, text->size > 0 ? buf_string(text) : "");
}
