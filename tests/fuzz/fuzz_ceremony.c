/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ceremony's statements, whatever they say, each signed by somebody whose key is right.
 *
 * The first byte is the vault: '1' has two tokens suspended, one of ciso and one of alice.  Then a
 * line for each statement: request, ceremony, and voices.  Its first byte is the signer ('0'..'3' a
 * seat of founded.h, 'a' to 'c' a token of alice, alice, bob; 'h' the host; else nobody), its second
 * the type ('r', 'c', 'a', 'd'), the rest is the payload, in which '@' and a letter stand for hex:
 *
 *	p the statement before (the ceremony for voices)	v vault		k a key
 *	0..3, a..c a token					A B C its release key
 *	d D the definitions, e E the headers, s S the secrets	r the roster
 */
#include <string.h>

#include "tests/fuzz/statement.h"
#include "tests/lib/called.h"

enum { LINES = 24, WORLDS = 2 };
static const char signers[] = "0123abc";

size_t
replay_runs(void)
{
	return 600;
}

static uint8_t *
next_scalar(void)
{
	static uint8_t scalar;

	return &scalar;
}

enum err_code __wrap_p256_key_new(struct p256_key **ret_key, struct err *err);

/* Key 1, 2, ...: the corpus means the same in every run. */
enum err_code
__wrap_p256_key_new(struct p256_key **ret_key, struct err *err)
{
	SECRET *scalar = NULL;
	uint8_t bytes[SCALAR_SIZE] = {[SCALAR_SIZE - 1] = ++*next_scalar(), [0] = 1};

	TRY(secret_from(view_of(bytes, sizeof(bytes)), &scalar, err));
	return p256_key_from(scalar, ret_key, err);
}

static struct called *
world(size_t index)
{
	static struct called *made[WORLDS];

	if (made[index] != NULL)
		return made[index];
	made[index] = calloc(1, sizeof(**made));
	MUST(made[index] != NULL);
	*next_scalar() = 0;
	call(made[index]);
	if (index == 1) {
		struct called *called = made[index];

		called_suspend(called, "ciso", &called->chain.charter->seats[CISO].tokens[0].id);
		called_suspend(called, "alice", &called->chain.roster->seats[0].tokens[1].id);
	}
	return made[index];
}

static const struct p256_key *
key_of(const struct called *called, char signer)
{
	const char *at = signer != '\0' ? strchr(signers, signer) : NULL;

	if (at == NULL)
		return NULL;
	return at < signers + FOUNDED_SEATS ? called->founded.keys[at - signers][KEY_SIGN] :
	                                      called->keys[at - signers - FOUNDED_SEATS][KEY_SIGN];
}

static void
put_public(const struct p256_key *key, bool token, struct buf *text)
{
	struct point public;
	struct digest id;
	struct err err;

	p256_key_public(key, &public);
	MUST(token_id(&public, &id, &err) == ERR_OK);
	buf_hex(text, token ? VIEW_OF(id.bytes) : VIEW_OF(public.bytes));
}

static void
put_word(const struct called *called, char word, const struct digest *before, struct buf *text)
{
	const struct item *items = called->items;

	if (key_of(called, word) != NULL)
		put_public(key_of(called, word), true, text);
	else if (word >= 'A' && word <= 'C')
		put_public(called->keys[word - 'A'][KEY_RELEASE], false, text);
	else if (word == 'p')
		buf_hex(text, VIEW_OF(before->bytes));
	else if (word == 'v')
		buf_hex(text, VIEW_OF(called->chain.vault.bytes));
	else if (word == 'r')
		buf_hex(text, VIEW_OF(called->chain.roster->digest.bytes));
	else if (word == 'k')
		buf_hex(text, VIEW_OF(called->ceremony.key.bytes));
	else if (word == 'd' || word == 'D')
		buf_hex(text, VIEW_OF(items[word == 'D'].definition.bytes));
	else if (word == 'e' || word == 'E')
		buf_hex(text, VIEW_OF(items[word == 'E'].header.bytes));
	else if (word == 's' || word == 'S')
		buf_hex(text, VIEW_OF(items[word == 'S'].secret.bytes));
}

/* The statement of LINE, signed. */
static void
read_line(const struct called *called, struct view line, const struct digest *before,
    struct dsse *ret_statement)
{
	enum statement_type type = STATEMENT_REQUEST;
	const struct p256_key *key = key_of(called, (char)line.data[0]);
	struct err err;
	BUF payload = {0};

	if (line.data[1] == 'c')
		type = STATEMENT_CEREMONY;
	else if (line.data[1] == 'a' || line.data[1] == 'd')
		type = line.data[1] == 'a' ? STATEMENT_APPROVAL : STATEMENT_DENIAL;
	for (size_t i = 2; i < line.size; i++)
		if (line.data[i] == '@' && i + 1 < line.size)
			put_word(called, (char)line.data[++i], before, &payload);
		else
			buf_bytes(&payload, view_of(line.data + i, 1));
	statement_around(type, false, buf_view(&payload), ret_statement);
	if (key != NULL)
		sign_with(ret_statement, key);
	else if (line.data[0] == 'h')
		MUST(statement_sign_host(ret_statement, called->host, &err) == ERR_OK);
}

/* The lines as statements; returns how many. */
static size_t
read_lines(const struct called *called, struct view input, struct dsse statements[LINES])
{
	struct digest before = {{0}};
	size_t count = 0, start = 0;
	struct err err;

	for (size_t i = 0; i <= input.size && count < LINES; i++) {
		if (i < input.size && input.data[i] != '\n')
			continue;
		if (i < start + 3)
			break;
		read_line(called, view_of(input.data + start, i - start), &before,
		    &statements[count]);
		if (count++ < 2)
			MUST(dsse_digest(&statements[count - 1], &before, &err) == ERR_OK);
		start = i + 1;
	}
	return count;
}

/* Who approved (and did not deny) with a key that counts, judged from the signers alone. */
static unsigned
hear(const struct called *called, struct transcript *transcript, const struct dsse *statements,
    size_t count)
{
	unsigned approved = 0, denied = 0;
	struct err err;

	for (size_t i = 2; i < count; i++) {
		enum err_code code =
		    transcript_add(transcript, &statements[i], &called->chain, &err);

		MUST(code == ERR_OK || code == ERR_INTEGRITY || code == ERR_EXISTS);
		if (code != ERR_OK || !transcript->in_force)
			continue;
		MUST(
		    transcript_add(transcript, &statements[i], &called->chain, &err) == ERR_EXISTS);
		for (size_t j = 0; j <= AUDIT; j++) {
			struct point sign;

			p256_key_public(called->founded.keys[j][KEY_SIGN], &sign);
			if (statement_verify_token(&statements[i], SIGNS_DIGEST, &sign, &err) !=
			    ERR_OK)
				continue;
			*(statement_is(&statements[i], STATEMENT_DENIAL) ? &denied : &approved) |=
			    1u << j;
		}
	}
	return approved & ~denied;
}

/* Every officer has an envelope, and has given what was in it. */
static void
give_all(const struct called *called, struct exhibit *exhibit)
{
	for (size_t i = 0; i <= AUDIT; i++) {
		const struct seat *seat = &called->chain.charter->seats[i];
		uint32_t index;
		struct err err;
		bool spare;

		MUST(exhibit_envelope(exhibit, seat->name, &seat->tokens[0].id, &index, &spare,
		         &err) == ERR_OK);
		MUST(!spare);
		MUST(exhibit_envelope(exhibit, seat->name, &called->chain.vault, &index, &spare,
		         &err) == ERR_NOT_FOUND);
		if (exhibit->spares.count == 0)
			exhibit->spares.rows[exhibit->spares.count++] =
			    (struct reach_spare){called->chain.vault, index};
		exhibit_give(exhibit, seat->name);
	}
}

static void
judge(const struct called *called, const struct transcript *transcript, unsigned approved)
{
	const struct items *items = &transcript->request.items;

	for (size_t i = 0; i < items->count && i < CALLED_ITEMS; i++) {
		EXHIBIT *exhibit = NULL;
		struct err err;
		enum verdict worst = VERDICT_MET;
		BUF text = {0}, late = {0}, said = {0};
		int missing;

		if (exhibit_new(transcript, i, &called->definitions[i],
		        buf_view(&called->versions[i].header), &called->chain, &exhibit,
		        &err) != ERR_OK) {
			MUST(err.code == ERR_INTEGRITY);
			continue;
		}
		MUST(digest_equal(&exhibit->header_hash, &items->rows[i].header));
		give_all(called, exhibit);
		enum verdict verdict =
		    exhibit_verdict(transcript, exhibit, &called->chain, 0, &missing, &text);
		for (size_t j = 0; j <= AUDIT; j++)
			if (strcmp(called->chain.charter->seats[j].name,
			        transcript->request.seat) == 0 ||
			    suspensions_find(&called->chain.suspensions,
			        &called->chain.charter->seats[j].tokens[0].id) != NULL)
				approved &= ~(1u << j);
		MUST((verdict == VERDICT_MET) ==
		    (transcript->in_force && __builtin_popcount(approved) >= 2));
		MUST((verdict == VERDICT_VOID) == !transcript->in_force);
		MUST(exhibit_verdict(transcript, exhibit, &called->chain, INT64_MAX, &missing,
		         &late) != VERDICT_MET);
		verdict_worst(verdict, &text, &worst, &said);
		MUST(worst == verdict && (worst == VERDICT_MET) == (said.size == 0));
	}
}

/* Nobody approves an own request, and no approval stands of whoever denied. */
static void
check_seats(const struct called *called, const struct transcript *transcript)
{
	for (size_t i = 0; i < called->chain.charter->seat_count; i++) {
		const char *name = called->chain.charter->seats[i].name;
		struct err err;
		bool may = transcript_check_seat(transcript, &called->chain, name, &err) == ERR_OK;

		MUST(may ==
		    (i <= AUDIT && strcmp(name, transcript->request.seat) != 0 &&
		        !transcript_denied(transcript, name)));
		MUST(!transcript_denied(transcript, name) ||
		    transcript_approval(transcript, name) == NULL);
	}
}

/* What holds of every transcript. */
static void
check(const struct called *called, const struct transcript *transcript)
{
	MUST(ceremony_differs(&transcript->ceremony, &transcript->request) == NULL);
	MUST(digest_equal(&transcript->request.vault, &called->chain.vault));
	MUST(transcript->in_force == (transcript->why_void[0] == '\0'));
	if (!transcript->in_force)
		return;
	MUST(digest_equal(&transcript->ceremony.charter, &called->chain.charter->digest));
	MUST(transcript->requester != NULL && transcript->token != NULL);
	MUST(suspensions_find(&called->chain.suspensions, &transcript->token->id) == NULL);
	for (size_t i = 0; i < transcript->request.recipients.count; i++)
		MUST(chain_token(&called->chain, transcript->request.seat,
		         &transcript->request.recipients.rows[i].token) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsse *statements = calloc(LINES, sizeof(*statements));
	const struct called *called = world(size > 0 && data[0] == '1');
	TRANSCRIPT *transcript = NULL;
	struct err err;

	MUST(statements != NULL);
	struct view input = size > 0 ? view_of(data + 1, size - 1) : (struct view){0};
	size_t count = read_lines(called, input, statements);
	if (count >= 2 &&
	    transcript_new(&statements[0], &statements[1], &called->chain, &transcript, &err) ==
	        ERR_OK) {
		check(called, transcript);
		unsigned approved = hear(called, transcript, statements, count);
		judge(called, transcript, approved);
		check_seats(called, transcript);
	} else if (count >= 2)
		MUST(err.code == ERR_INTEGRITY);
	for (size_t i = 0; i < count; i++)
		dsse_done(&statements[i]);
	free(statements);
	return 0;
}
