/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing runs in one direction: recipients in header order; DEK; shares dealt over the quorum; a
 * bundle of salt || y for every share of every envelope, in one piece of secret memory; commitments
 * into the header; com_dek and ciphertext; header hash; envelopes.  Nothing is handed out before
 * the self-check opened the result the way a ceremony will.
 *
 * Two tokens of one seat carry the same y under salts of their own.
 */
#include "vault/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/credential.h"
#include "base/random.h"
#include "vault/seal/deal.h"
#include "vault/seal/opener.h"
#include "vault/seal/payload.h"

_Static_assert((int)DEAL_SIZE == (int)DEK_SIZE, "what is dealt is the DEK");

enum { SELF_CHECKS = 2, SALT_SIZE = ENVELOPE_SHARE_SIZE - DEK_SIZE };

void
sealed_version_done(struct sealed_version *version)
{
	buf_done(&version->header);
	buf_done(&version->ciphertext);
	for (size_t i = 0; version->envelopes != NULL && i < version->envelope_count; i++)
		sealed_box_done(&version->envelopes[i]);
	free(version->envelopes);
	version->envelopes = NULL;
	version->envelope_count = 0;
}

struct place { /* of a recipient in the header */
	int seat;
	const struct seal_recipient *recipient;
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *first = a, *second = b;
	if (first->seat != second->seat)
		return first->seat - second->seat;
	return memcmp(first->recipient->token.bytes, second->recipient->token.bytes, DIGEST_SIZE);
}

static enum err_code
order_recipients(const struct quorum *quorum, const struct seal_recipient *recipients, size_t count,
    struct place places[HEADER_ENVELOPES], struct err *err)
{
	bool has[QUORUM_SEATS] = {false};
	if (count > HEADER_ENVELOPES)
		return err_set(err, ERR_INVALID, "sealing to %zu tokens, at most %d", count,
		    (int)HEADER_ENVELOPES);
	for (size_t i = 0; i < count; i++) {
		int seat = quorum_seat(quorum, recipients[i].seat);
		if (seat < 0)
			return err_set(err, ERR_INVALID,
			    "sealing: seat \"%s\" is not in the quorum", recipients[i].seat);
		has[seat] = true;
		places[i] = (struct place){seat, &recipients[i]};
	}
	for (unsigned i = 0; i < quorum->seat_count; i++)
		if (!has[i])
			return err_set(err, ERR_INVALID,
			    "sealing: seat \"%s\" has no token to seal to", quorum->seats[i]);
	qsort(places, count, sizeof(places[0]), compare_places);
	return ERR_OK;
}

/* QUORUM as text into HEADER, and as everybody will read it from there into RET_QUORUM. */
static enum err_code
put_quorum(const struct quorum *quorum, struct header *header, struct quorum *ret_quorum,
    struct err *err)
{
	BUF text = {0};
	TRY(quorum_format(quorum, &text, err));
	if (text.size > QUORUM_TEXT_MAX)
		return err_set(err, ERR_INVALID,
		    "sealing: the quorum's text has %zu bytes, at most %d", text.size,
		    (int)QUORUM_TEXT_MAX);
	memcpy(header->quorum, buf_string(&text), text.size + 1);
	return quorum_parse(header->quorum, ret_quorum, err);
}

/* Everything but commitments and com_dek. */
static enum err_code
draw_up_header(const struct header *ids, const struct quorum *quorum, const struct place *places,
    size_t count, struct header *header, struct err *err)
{
	header->training = ids->training;
	header->vault = ids->vault;
	header->secret = ids->secret;
	header->definition = ids->definition;
	header->version = ids->version;
	header->charter = ids->charter;
	header->envelope_count = (uint16_t)count;
	for (size_t i = 0; i < count; i++) {
		struct header_envelope *envelope = &header->envelopes[i];
		memcpy(envelope->seat, quorum->seats[places[i].seat], sizeof(envelope->seat));
		envelope->token = places[i].recipient->token;
		envelope->suite = hpke_suite_default;
		envelope->recipient = places[i].recipient->share_key;
		envelope->share_count = header_demand(quorum, envelope->seat, envelope->shares);
	}
	if (header_check(header, NULL, err) != ERR_OK) {
		if (err->code == ERR_INTEGRITY)
			err->code = ERR_INVALID;
		return err_add(err, "sealing");
	}
	return ERR_OK;
}

/* Deal DEK and bundle the shares envelope by envelope; fills in the commitments. */
static enum err_code
bundle_shares(struct header *header, const struct quorum *quorum, const struct secret *dek,
    struct secret **ret_bundle, struct err *err)
{
	SECRET *matrix = NULL;
	SECRET *bundle = NULL;
	size_t size = 0;
	for (size_t i = 0; i < header->envelope_count; i++)
		size += (size_t)header->envelopes[i].share_count * ENVELOPE_SHARE_SIZE;
	TRY(deal_split(quorum, dek, &matrix, err));
	TRY(secret_new(size, &bundle, err));
	TRY(secret_random(bundle, size, err));
	uint8_t *next = secret_data(bundle);
	for (size_t i = 0; i < header->envelope_count; i++) {
		struct header_envelope *envelope = &header->envelopes[i];
		unsigned seat = (unsigned)quorum_seat(quorum, envelope->seat);
		for (size_t j = 0; j < envelope->share_count; j++, next += ENVELOPE_SHARE_SIZE) {
			struct header_share *share = &envelope->shares[j];
			memcpy(next + SALT_SIZE, deal_cell(quorum, matrix, share->clause, seat),
			    DEK_SIZE);
			TRY(envelope_commitment(header, share, view_of(next, ENVELOPE_SHARE_SIZE),
			    &share->commitment, err));
		}
	}
	*ret_bundle = TAKE(bundle);
	return ERR_OK;
}

/* The part of BUNDLE that belongs to envelope INDEX. */
static struct view
bundle_part(const struct header *header, const struct secret *bundle, size_t index)
{
	size_t start = 0;
	for (size_t i = 0; i < index; i++)
		start += (size_t)header->envelopes[i].share_count * ENVELOPE_SHARE_SIZE;
	return view_of(secret_view(bundle).data + start,
	    (size_t)header->envelopes[index].share_count * ENVELOPE_SHARE_SIZE);
}

static enum err_code
seal_envelope(const struct header *header, const struct digest *hash, size_t index,
    struct view shares, struct sealed_box *box, struct err *err)
{
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;
	TRY(envelope_info(header, index, &info, err));
	TRY(hpke_sender(header->envelopes[index].suite, &header->envelopes[index].recipient,
	    VIEW_OF(info.bytes), &hpke, &enc, err));
	memcpy(box->enc, enc.bytes, POINT_SIZE);
	return hpke_seal(hpke, VIEW_OF(hash->bytes), shares, &box->ciphertext, err);
}

static enum err_code
seal_envelopes(const struct header *header, const struct secret *bundle,
    struct sealed_version *version, struct err *err)
{
	struct digest hash;
	TRY(header_hash(buf_view(&version->header), &hash, err));
	version->envelopes = calloc(header->envelope_count, sizeof(*version->envelopes));
	if (version->envelopes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %u envelopes",
		    header->envelope_count);
	version->envelope_count = header->envelope_count;
	for (size_t i = 0; i < header->envelope_count; i++)
		if (seal_envelope(header, &hash, i, bundle_part(header, bundle, i),
		        &version->envelopes[i], err) != ERR_OK)
			return err_add(err, "sealing to seat \"%s\"", header->envelopes[i].seat);
	return ERR_OK;
}

/* A random minimal quorum: flags by seat.  A small bias in what is checked does no harm. */
static enum err_code
choose_quorum(const struct quorum *quorum, bool chosen[QUORUM_SEATS], struct err *err)
{
	uint8_t random[1 + QUORUM_GROUPS * QUORUM_GROUP_SEATS];
	TRY(random_bytes(random, sizeof(random), err));
	const struct quorum_clause *clause = &quorum->clauses[random[0] % quorum->clause_count];
	const uint8_t *next = random + 1;
	memset(chosen, 0, QUORUM_SEATS * sizeof(chosen[0]));
	for (unsigned i = 0; i < clause->group_count; i++) {
		const struct quorum_group *group = &clause->groups[i];
		unsigned needed = group->m;
		for (unsigned left = group->n; left > 0; left--, next++)
			if (*next % left < needed) {
				chosen[group->seats[left - 1]] = true;
				needed--;
			}
	}
	return ERR_OK;
}

/* Open VERSION with the shares that its envelopes carry for one random quorum. */
static enum err_code
check_once(const struct header *header, const struct quorum *quorum, const struct secret *bundle,
    const struct sealed_version *version, struct view credential, struct err *err)
{
	OPENER *opener = NULL;
	SECRET *opened = NULL;
	bool chosen[QUORUM_SEATS];
	TRY(choose_quorum(quorum, chosen, err));
	TRY(opener_new(header, &opener, err));
	for (size_t i = 0; i < header->envelope_count; i++) {
		SECRET *shares = NULL;
		bool *wanted = &chosen[quorum_seat(quorum, header->envelopes[i].seat)];
		if (!*wanted)
			continue;
		TRY(secret_from(bundle_part(header, bundle, i), &shares, err));
		TRY(opener_add(opener, i, shares, err));
		*wanted = false;
	}
	TRY(opener_open(opener, buf_view(&version->header), buf_view(&version->ciphertext), &opened,
	    err));
	struct view result = secret_view(opened);
	if (result.size != credential.size ||
	    !crypto_equal(result.data, credential.data, credential.size))
		return err_set(err, ERR_INTERNAL, "it opens to something else");
	return ERR_OK;
}

static enum err_code
self_check(const struct quorum *quorum, const struct secret *bundle,
    const struct sealed_version *version, struct view credential, struct err *err)
{
	HEADER *header = NULL;
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	for (int i = 0; i < SELF_CHECKS; i++)
		TRY(check_once(header, quorum, bundle, version, credential, err));
	return ERR_OK;
}

enum err_code
seal_version(const struct header *ids, const struct quorum *asked,
    const struct seal_recipient *recipients, size_t count, struct view credential,
    struct sealed_version *ret_version, struct secret **ret_dek, struct err *err)
{
	HEADER *header = NULL;
	SECRET *dek = NULL;
	SECRET *bundle = NULL;
	SEALED_VERSION version = {0};
	struct place places[HEADER_ENVELOPES];
	struct quorum quorum;
	TRY(credential_check(credential, err));
	TRY(header_new(&header, err));
	TRY(put_quorum(asked, header, &quorum, err));
	TRY(order_recipients(&quorum, recipients, count, places, err));
	TRY(draw_up_header(ids, &quorum, places, count, header, err));
	TRY(secret_new(DEK_SIZE, &dek, err));
	TRY(secret_random(dek, DEK_SIZE, err));
	TRY(bundle_shares(header, &quorum, dek, &bundle, err));
	TRY(payload_seal(header, dek, credential, &version.header, &version.ciphertext, err));
	TRY(seal_envelopes(header, bundle, &version, err));
	if (self_check(&quorum, bundle, &version, credential, err) != ERR_OK)
		return err_add(err, "the self-check of a sealed version failed");
	*ret_version = version;
	version = (struct sealed_version){0};
	if (ret_dek != NULL)
		*ret_dek = TAKE(dek);
	return ERR_OK;
}
