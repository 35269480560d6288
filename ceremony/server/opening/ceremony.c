/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two statements and the voices are verified together and kept for the session: an officer with
 * hundreds of items asks about the same ceremony again and again.  What is kept is taken only for the
 * same digests under the same documents; a voice that came since is added to it.
 */
#include "ceremony/server/opening/ceremony.h"

#include <stdlib.h>
#include <string.h>

void
opening_free(struct opening *opening)
{
	struct session *session = opening->session;

	transcript_freep(&session->kept);
	session->kept = opening->transcript;
	if (opening->documents != session->chain.document_count)
		transcript_freep(&session->kept);
	free(opening);
}

static enum err_code
contradicts(const char *what, struct err *err)
{
	return err_set(err, ERR_INTEGRITY, "the database contradicts the ceremony statement: %s",
	    what);
}

static enum err_code
check_row(const struct opening *opening, struct err *err)
{
	const struct ceremony_row *row = &opening->row;
	const struct ceremony *ceremony = &opening->transcript->ceremony;

	if (memcmp(&ceremony->id, &row->id, sizeof(row->id)) != 0)
		return contradicts("id", err);
	if (ceremony->mode != row->mode)
		return contradicts("mode", err);
	if (!digest_equal(&ceremony->charter, &row->charter))
		return contradicts("charter", err);
	if (ceremony->deadline != row->deadline || ceremony->created != row->created)
		return contradicts("times", err);
	if (strcmp(opening->transcript->request.seat, row->requester) != 0)
		return contradicts("requester", err);
	if (opening->count != ceremony->items.count)
		return contradicts("number of items", err);
	for (size_t i = 0; i < opening->count; i++)
		if (memcmp(&opening->items[i].secret, &ceremony->items.rows[i].secret,
		        sizeof(opening->items[i].secret)) != 0 ||
		    opening->items[i].version != ceremony->items.rows[i].version)
			return contradicts("secret and version", err);
	return ERR_OK;
}

static enum err_code
read_statements(struct session *session, const struct ceremony_row *row,
    struct transcript **ret_transcript, struct err *err)
{
	DSSE request = {0}, ceremony = {0};

	TRY(session_statement(session, &row->request, "request", &request, err));
	TRY(session_statement(session, &row->digest, "ceremony", &ceremony, err));
	return transcript_new(&request, &ceremony, &session->chain, ret_transcript, err);
}

/* Those that TRANSCRIPT has not. */
static enum err_code
read_voices(struct session *session, const struct voice_row *voices, size_t count,
    struct transcript *transcript, struct err *err)
{
	for (size_t i = transcript->voice_count; i < count; i++) {
		DSSE voice = {0};

		TRY(session_statement(session, &voices[i].statement,
		    voices[i].denies ? "denial" : "approval", &voice, err));
		TRY(transcript_add(transcript, &voice, &session->chain, err));
	}
	return ERR_OK;
}

/* Is KEPT of this ceremony, with these voices or the first of them? */
static bool
is_kept(const struct transcript *kept, const struct ceremony_row *row,
    const struct voice_row *voices, size_t count)
{
	if (kept == NULL || !digest_equal(&kept->ceremony.digest, &row->digest) ||
	    !digest_equal(&kept->request.digest, &row->request) || kept->voice_count > count)
		return false;
	for (size_t i = 0; i < kept->voice_count; i++)
		if (!digest_equal(&kept->voices[i].digest, &voices[i].statement))
			return false;
	return true;
}

static enum err_code
check_voices(const struct opening *opening, const struct voice_row *rows, struct err *err)
{
	for (size_t i = 0; i < opening->transcript->voice_count; i++) {
		const struct voice *voice = &opening->transcript->voices[i];

		if (strcmp(voice->seat, rows[i].seat) != 0 || voice->denies != rows[i].denies ||
		    !digest_equal(&voice->token, &rows[i].token))
			return contradicts("who approved or denied", err);
	}
	return ERR_OK;
}

static enum err_code
load_transcript(struct opening *opening, struct err *err)
{
	struct session *session = opening->session;
	TRANSCRIPT *transcript = NULL;
	struct voice_row voices[CEREMONY_VOICES];
	size_t count;

	TRY(store_list_voices(session->store, &opening->row.id, voices, CEREMONY_VOICES, &count,
	    err));
	if (is_kept(session->kept, &opening->row, voices, count))
		transcript = TAKE(session->kept);
	else
		TRY(read_statements(session, &opening->row, &transcript, err));
	TRY(read_voices(session, voices, count, transcript, err));
	opening->transcript = TAKE(transcript);
	return check_voices(opening, voices, err);
}

enum err_code
opening_load(struct session *session, const struct id *id, struct opening **ret_opening,
    struct err *err)
{
	OPENING *opening = calloc(1, sizeof(*opening));

	if (opening == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	opening->session = session;
	opening->documents = session->chain.document_count;
	TRY(store_get_ceremony(session->store, id, &opening->row, err));
	TRY(store_list_items(session->store, id, opening->items, CEREMONY_ITEMS, &opening->count,
	    err));
	TRY(load_transcript(opening, err));
	TRY(check_row(opening, err));
	*ret_opening = TAKE(opening);
	return ERR_OK;
}
