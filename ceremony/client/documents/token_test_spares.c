/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All envelopes of one statement have one encapsulation, so that one agreement, which may cost a touch,
 * opens them all: it is kept while the next envelope is of the same.  The server sends them by statement.
 */
#include "ceremony/client/documents/token_test_spares.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/spare.h"
#include "vault/seal/reply.h"

/* An agreement and its last result. */
struct kept {
	struct hand_agree agree;
	struct point peer;
	struct secret *shared;
};

struct opening {
	const struct spares_test *test;
	struct kept kept;
	struct p256_key *reply;
	struct digest opened; /* of the probe */
};

static void
opening_done(struct opening *opening)
{
	secret_free(opening->kept.shared);
	p256_key_free(opening->reply);
}
#define OPENING CLEANUP(opening_done) struct opening

static enum err_code
agree_once(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	struct kept *kept = context;

	if (kept->shared == NULL || !point_equal(&kept->peer, peer)) {
		SECRET *shared = NULL;

		TRY(hand_agree(&kept->agree, peer, &shared, err));
		secret_free(kept->shared);
		kept->shared = TAKE(shared);
		kept->peer = *peer;
	}
	return secret_from(secret_view(kept->shared), ret_shared, err);
}

/* One entry of the server's list. */
struct entry {
	struct spare spare; /* its digest and vault */
	struct spare_open open;
	const char *name;
};

static const struct member entry_members[] = {
    {"statement", MEMBER_HEX, FIELD(struct entry, spare.digest)},
    {"secret", MEMBER_HEX, FIELD(struct entry, open.secret)},
    {"name", MEMBER_STRING, FIELD(struct entry, name), .min = 1, .max = SEAT_NAME_MAX},
    {"version", MEMBER_NUMBER, FIELD(struct entry, open.version), .min = 1, .max = UINT32_MAX},
    {"envelope", MEMBER_NUMBER, FIELD(struct entry, open.envelope), .max = HEADER_ENVELOPES - 1},
    {NULL},
};

static enum err_code
read_entry(const struct spares_test *test, size_t index, struct entry *ret_entry, struct err *err)
{
	struct entry entry = {.spare = {.vault = test->view->chain.vault}};

	TRY(members_read(json_array_object(test->list, index), "spares", entry_members, &entry,
	    err));
	*ret_entry = entry;
	return ERR_OK;
}

static enum err_code
fetch(const struct opening *opening, const struct entry *entry, struct reply *ret_reply,
    struct err *err)
{
	const struct spares_test *test = opening->test;
	const struct test_box box = {.seat = test->hand->seat->name,
	    .token = test->hand->entry->id,
	    .opened = opening->opened,
	    .begun = test->begun,
	    .secret = entry->open.secret,
	    .version = entry->open.version};
	struct json *request = op_new("test-box");

	members_put(request, test_box_members, &box);
	return client_ask(test->client, request, "test-box", ret_reply, err);
}

static enum err_code
unwrap(const struct opening *opening, const struct digest *statement, const struct digest *header,
    struct view box, struct buf *ret_envelope, struct err *err)
{
	const struct reply_ids ids = {.vault = opening->test->view->chain.vault,
	    .statement = *statement,
	    .header = *header,
	    .seat = opening->test->hand->seat->name,
	    .token = opening->test->hand->entry->id};

	if (box.size > REPLY_BOX_MAX)
		return err_set(err, ERR_INTEGRITY, "the envelope has %zu bytes", box.size);
	TRY(reply_open(&ids, opening->reply, box, ret_envelope, err));
	if (ret_envelope->size <= POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "the envelope is too short");
	return ERR_OK;
}

static enum err_code
check_header(const struct opening *opening, const struct entry *entry, const struct header *header,
    struct err *err)
{
	if (!digest_equal(&header->vault, &entry->spare.vault) ||
	    header->version != entry->open.version ||
	    memcmp(&header->secret, &entry->open.secret, sizeof(header->secret)) != 0)
		return err_set(err, ERR_INTEGRITY, "the header is of another version or vault");
	if (entry->open.envelope >= header->envelope_count ||
	    strcmp(header->envelopes[entry->open.envelope].seat, opening->test->hand->seat->name) !=
	        0)
		return err_set(err, ERR_INTEGRITY, "the envelope is of another seat");
	return ERR_OK;
}

/* RET_SPARE names the very envelope that opened, with the shares that the header commits to. */
static enum err_code
open_one(struct opening *opening, const struct entry *entry, struct readiness_spare *ret_spare,
    struct err *err)
{
	REPLY reply = {0};
	BUF envelope = {0};
	HEADER *header = NULL;
	SECRET *shares = NULL;
	struct digest hash;
	const struct seat_token *token = opening->test->hand->entry;

	TRY(fetch(opening, entry, &reply, err));
	struct reader reader = reader_of(buf_view(&reply.blob));
	struct view bytes = reader_lp32(&reader, HEADER_MAX);
	if (reader.failed)
		return err_set(err, ERR_INTEGRITY, "the server sent no header");
	TRY(header_new(&header, err));
	TRY(header_decode(bytes, header, err));
	TRY(header_hash(bytes, &hash, err));
	TRY(check_header(opening, entry, header, err));
	TRY(unwrap(opening, &entry->spare.digest, &hash, reader.rest, &envelope, err));
	struct view ciphertext = view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE);
	TRY(seal_open_spare(header, &hash, entry->open.envelope, &token->id,
	    &token->keys[KEY_SHARE], view_of(envelope.data, POINT_SIZE), ciphertext, agree_once,
	    &opening->kept, &shares, err));
	ret_spare->statement = entry->spare.digest;
	return spare_box_digest(&entry->spare, &entry->open, ciphertext, &ret_spare->box, err);
}

unsigned
spares_test_agreements(const struct json *list)
{
	unsigned count = 0;
	char last[2 * DIGEST_SIZE + 1] = "";
	struct err ignored;

	for (size_t i = 0; i < json_array_count(list); i++) {
		struct json_in in = json_in(json_array_object(list, i), "spares", &ignored);
		const char *statement = json_in_text(&in, "statement", 1, 2 * DIGEST_SIZE);

		if (in.code == ERR_OK && strcmp(statement, last) != 0) {
			memcpy(last, statement, strlen(statement) + 1);
			count++;
		}
	}
	return count;
}

/* What is said of an envelope, not of the token or the way to the server. */
static bool
is_spoilt(enum err_code code)
{
	return code == ERR_INTEGRITY || code == ERR_INVALID || code == ERR_CRYPTO;
}

static enum err_code
open_all(struct opening *opening, struct readiness *readiness, size_t *ret_wrong, struct err *err)
{
	const struct ui *ui = client_options(opening->test->client)->ui;
	size_t count = json_array_count(opening->test->list);

	for (size_t i = 0; i < count; i++) {
		struct entry entry;

		TRY(read_entry(opening->test, i, &entry, err));
		enum err_code code =
		    open_one(opening, &entry, &readiness->spares[readiness->spare_count], err);
		if (code == ERR_OK)
			readiness->spare_count++;
		else if (!is_spoilt(code))
			return err_add(err, "%s", entry.name);
		else {
			(*ret_wrong)++;
			ui_say(ui, "WARNING  %s: %s", entry.name, err->text);
		}
		ui_progress(ui, "%s (%zu of %zu)", entry.name, i + 1, count);
	}
	return ERR_OK;
}

enum err_code
spares_test_run(const struct spares_test *test, struct readiness *readiness, size_t *ret_wrong,
    struct err *err)
{
	OPENING opening = {.test = test,
	    .kept = {.agree = {test->hand, TOKEN_SHARE, "open what was handed on to it"}}};

	*ret_wrong = 0;
	if (json_array_count(test->list) == 0)
		return ERR_OK;
	if (test->probe == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "the server names envelopes for a token without a share key");
	readiness->spares = calloc(json_array_count(test->list), sizeof(*readiness->spares));
	if (readiness->spares == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	TRY(sha256_one(secret_view(test->probe), &opening.opened, err));
	TRY(readiness_reply(test->probe, &opening.reply, err));
	return open_all(&opening, readiness, ret_wrong, err);
}
