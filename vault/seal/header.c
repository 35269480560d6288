/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding has three steps: the reader cuts fields, whose limits are those of the structs;
 * header_check holds the result against the quorum that it carries; the caller's struct is filled
 * last.  What the envelopes must say follows from the quorum text alone (header_demand), so a
 * header cannot promise shares that its quorum does not have, or hide some that it has.
 */
#include "vault/seal/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"

static const uint8_t magic[4] = {'H', 'A', 'L', 'v'};
enum { FLAG_TRAINING = 1 };

enum err_code
header_new(struct header **ret_header, struct err *err)
{
	struct header *header = calloc(1, sizeof(*header));
	if (header == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a header");
	*ret_header = header;
	return ERR_OK;
}

uint8_t
header_demand(const struct quorum *quorum, const char *seat,
    struct header_share ret_shares[HEADER_SHARES])
{
	int index = quorum_seat(quorum, seat);
	uint8_t count = 0;
	for (unsigned i = 0; i < quorum->clause_count; i++)
		for (unsigned j = 0; j < quorum->clauses[i].group_count; j++) {
			const struct quorum_group *group = &quorum->clauses[i].groups[j];
			for (unsigned k = 0; k < group->n; k++)
				if (group->seats[k] == index)
					ret_shares[count++] =
					    (struct header_share){.clause = (uint8_t)i,
					        .group = (uint8_t)j,
					        .m = group->m,
					        .n = group->n,
					        .x = (uint8_t)(k + 1)};
		}
	return count;
}

static void
encode_envelope(const struct header_envelope *envelope, struct buf *bytes)
{
	buf_lp8(bytes, view_of_text(envelope->seat));
	buf_bytes(bytes, VIEW_OF(envelope->token.bytes));
	buf_u16(bytes, envelope->suite.kem);
	buf_u16(bytes, envelope->suite.kdf);
	buf_u16(bytes, envelope->suite.aead);
	buf_lp16(bytes, VIEW_OF(envelope->recipient.bytes));
	buf_u8(bytes, envelope->share_count);
	for (unsigned i = 0; i < envelope->share_count; i++) {
		const struct header_share *share = &envelope->shares[i];
		buf_u8(bytes, share->clause);
		buf_u8(bytes, share->group);
		buf_u8(bytes, share->m);
		buf_u8(bytes, share->n);
		buf_u8(bytes, share->x);
		buf_bytes(bytes, VIEW_OF(share->commitment.bytes));
	}
}

enum err_code
header_encode_aad(const struct header *header, struct buf *ret_bytes, struct err *err)
{
	buf_bytes(ret_bytes, VIEW_OF(magic));
	buf_u16(ret_bytes, HEADER_FORMAT);
	buf_u8(ret_bytes, header->training ? FLAG_TRAINING : 0);
	buf_bytes(ret_bytes, VIEW_OF(header->vault.bytes));
	buf_bytes(ret_bytes, VIEW_OF(header->secret.bytes));
	buf_bytes(ret_bytes, VIEW_OF(header->definition.bytes));
	buf_u32(ret_bytes, header->version);
	buf_bytes(ret_bytes, VIEW_OF(header->charter.bytes));
	buf_lp16(ret_bytes, view_of_text(header->quorum));
	buf_u16(ret_bytes, header->envelope_count);
	for (unsigned i = 0; i < header->envelope_count; i++)
		encode_envelope(&header->envelopes[i], ret_bytes);
	return buf_check(ret_bytes, err);
}

enum err_code
header_encode(const struct header *header, struct buf *ret_bytes, struct err *err)
{
	TRY(header_encode_aad(header, ret_bytes, err));
	buf_bytes(ret_bytes, VIEW_OF(header->com_dek.bytes));
	return buf_check(ret_bytes, err);
}

enum err_code
header_hash(struct view bytes, struct digest *ret_hash, struct err *err)
{
	return sha256_one(bytes, ret_hash, err);
}

/* What is invalid as input is damage when it was stored. */
static enum err_code
damaged(const char *field, struct err *err)
{
	if (err->code == ERR_INVALID)
		err->code = ERR_INTEGRITY;
	return err_add(err, "%s", field);
}

static enum err_code
check_quorum(const struct header *header, struct quorum *ret_quorum, struct err *err)
{
	BUF canonical = {0};
	if (quorum_canonical(header->quorum, ret_quorum, &canonical, err) != ERR_OK)
		return damaged("header", err);
	if (!view_equal(buf_view(&canonical), view_of_text(header->quorum)))
		return err_set(err, ERR_INTEGRITY, "header: quorum: not in its canonical form");
	return ERR_OK;
}

/* Returns NULL or the name of the first field that is not as QUORUM demands. */
static const char *
wrong_share_field(const struct header_share *share, const struct header_share *demand)
{
	if (share->clause != demand->clause)
		return "clause";
	if (share->group != demand->group)
		return "group";
	if (share->m != demand->m)
		return "m";
	if (share->n != demand->n)
		return "n";
	return share->x != demand->x ? "x" : NULL;
}

static enum err_code
check_envelope(const struct header_envelope *envelope, const struct quorum *quorum, struct err *err)
{
	struct header_share demand[HEADER_SHARES];
	struct point point;
	uint8_t count = header_demand(quorum, envelope->seat, demand);
	if (count == 0)
		return err_set(err, ERR_INTEGRITY, "seat: \"%s\" is not in the quorum",
		    envelope->seat);
	if (envelope->suite.kem != hpke_suite_default.kem)
		return err_set(err, ERR_INTEGRITY, "kem: 0x%04x is unknown", envelope->suite.kem);
	if (envelope->suite.kdf != hpke_suite_default.kdf)
		return err_set(err, ERR_INTEGRITY, "kdf: 0x%04x is unknown", envelope->suite.kdf);
	if (envelope->suite.aead != hpke_suite_default.aead)
		return err_set(err, ERR_INTEGRITY, "aead: 0x%04x is unknown", envelope->suite.aead);
	if (point_from(VIEW_OF(envelope->recipient.bytes), &point, err) != ERR_OK)
		return damaged("public key", err);
	if (envelope->share_count != count)
		return err_set(err, ERR_INTEGRITY, "shares: %u, but the quorum has %u for \"%s\"",
		    envelope->share_count, count, envelope->seat);
	for (unsigned i = 0; i < count; i++) {
		const char *field = wrong_share_field(&envelope->shares[i], &demand[i]);
		if (field != NULL)
			return err_set(err, ERR_INTEGRITY,
			    "shares[%u]: %s: not what the quorum has for \"%s\"", i, field,
			    envelope->seat);
	}
	return ERR_OK;
}

/* Envelope INDEX against those before it. */
static enum err_code
check_order(const struct header *header, unsigned index, const struct quorum *quorum,
    struct err *err)
{
	const struct header_envelope *envelope = &header->envelopes[index];
	int seat = quorum_seat(quorum, envelope->seat);
	int before = index == 0 ? -1 : quorum_seat(quorum, envelope[-1].seat);
	if (seat != before && seat != before + 1)
		return err_set(err, ERR_INTEGRITY, "seat: \"%s\" stands where \"%s\" should",
		    envelope->seat,
		    quorum->seats[before + 1 < quorum->seat_count ? before + 1 : before]);
	if (seat == before &&
	    memcmp(envelope[-1].token.bytes, envelope->token.bytes, DIGEST_SIZE) >= 0)
		return err_set(err, ERR_INTEGRITY,
		    "token: not in ascending order within seat \"%s\"", envelope->seat);
	for (unsigned i = 0; i < index; i++) {
		if (digest_equal(&header->envelopes[i].token, &envelope->token))
			return err_set(err, ERR_INTEGRITY, "token: that of envelopes[%u] again", i);
		if (point_equal(&header->envelopes[i].recipient, &envelope->recipient))
			return err_set(err, ERR_INTEGRITY,
			    "public key: that of envelopes[%u] again", i);
	}
	return ERR_OK;
}

enum err_code
header_check(const struct header *header, struct quorum *ret_quorum, struct err *err)
{
	struct quorum quorum;
	if (header->version == 0)
		return err_set(err, ERR_INTEGRITY, "header: version: 0, the first is 1");
	TRY(check_quorum(header, &quorum, err));
	if (header->envelope_count < 1 || header->envelope_count > HEADER_ENVELOPES)
		return err_set(err, ERR_INTEGRITY, "header: envelopes: %u, expected 1 to %d",
		    header->envelope_count, (int)HEADER_ENVELOPES);
	for (unsigned i = 0; i < header->envelope_count; i++)
		if (check_envelope(&header->envelopes[i], &quorum, err) != ERR_OK ||
		    check_order(header, i, &quorum, err) != ERR_OK)
			return err_add(err, "header: envelopes[%u]", i);
	int last = quorum_seat(&quorum, header->envelopes[header->envelope_count - 1].seat);
	if (last != quorum.seat_count - 1)
		return err_set(err, ERR_INTEGRITY, "header: envelopes: none for seat \"%s\"",
		    quorum.seats[last + 1]);
	if (ret_quorum != NULL)
		*ret_quorum = quorum;
	return ERR_OK;
}

static enum err_code
truncated(const char *field, struct err *err)
{
	return err_set(err, ERR_INTEGRITY, "header: %s: cut short or too long", field);
}

/* A length-prefixed text of 1..CAPACITY-1 plain bytes, NUL-terminated into RET_TEXT. */
static bool
take_text(struct view text, char *ret_text, size_t capacity)
{
	if (text.size == 0 || text.size >= capacity || !text_is_plain(text))
		return false;
	memcpy(ret_text, text.data, text.size);
	ret_text[text.size] = '\0';
	return true;
}

static void
decode_share(struct reader *reader, struct header_share *share)
{
	share->clause = reader_u8(reader);
	share->group = reader_u8(reader);
	share->m = reader_u8(reader);
	share->n = reader_u8(reader);
	share->x = reader_u8(reader);
	reader_copy(reader, share->commitment.bytes, DIGEST_SIZE);
}

static enum err_code
decode_envelope(struct reader *reader, struct header_envelope *envelope, struct err *err)
{
	if (!take_text(reader_lp8(reader, SEAT_NAME_MAX), envelope->seat, sizeof(envelope->seat)))
		return err_set(err, ERR_INTEGRITY, "seat: not a name");
	reader_copy(reader, envelope->token.bytes, DIGEST_SIZE);
	envelope->suite.kem = reader_u16(reader);
	envelope->suite.kdf = reader_u16(reader);
	envelope->suite.aead = reader_u16(reader);
	struct view recipient = reader_lp16(reader, POINT_SIZE);
	if (recipient.size != POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "public key: not %d bytes", (int)POINT_SIZE);
	memcpy(envelope->recipient.bytes, recipient.data, POINT_SIZE);
	envelope->share_count = reader_u8(reader);
	if (envelope->share_count < 1 || envelope->share_count > HEADER_SHARES)
		return err_set(err, ERR_INTEGRITY, "shares: %u, expected 1 to %d",
		    envelope->share_count, (int)HEADER_SHARES);
	for (unsigned i = 0; i < envelope->share_count; i++)
		decode_share(reader, &envelope->shares[i]);
	return reader->failed ? err_set(err, ERR_INTEGRITY, "shares: cut short") : ERR_OK;
}

static enum err_code
decode_start(struct reader *reader, struct header *header, struct err *err)
{
	struct view start = reader_bytes(reader, sizeof(magic));
	if (!view_equal(start, VIEW_OF(magic)))
		return err_set(err, ERR_INTEGRITY,
		    "header: magic: not the header of a sealed version");
	uint16_t format = reader_u16(reader);
	if (format > HEADER_FORMAT)
		return err_set(err, ERR_VERSION,
		    "header: format %u was made by a newer Halligan; this one reads format %d",
		    format, (int)HEADER_FORMAT);
	if (format != HEADER_FORMAT)
		return err_set(err, ERR_INTEGRITY, "header: format: %u, expected %d", format,
		    (int)HEADER_FORMAT);
	uint8_t flags = reader_u8(reader);
	if ((flags & ~FLAG_TRAINING) != 0)
		return err_set(err, ERR_INTEGRITY, "header: flags: 0x%02x has unknown bits", flags);
	header->training = (flags & FLAG_TRAINING) != 0;
	reader_copy(reader, header->vault.bytes, DIGEST_SIZE);
	reader_copy(reader, header->secret.bytes, SECRET_ID_SIZE);
	reader_copy(reader, header->definition.bytes, DIGEST_SIZE);
	header->version = reader_u32(reader);
	reader_copy(reader, header->charter.bytes, DIGEST_SIZE);
	return reader->failed ? truncated("charter", err) : ERR_OK;
}

enum err_code
header_decode(struct view bytes, struct header *ret_header, struct err *err)
{
	HEADER *header = NULL;
	if (bytes.size > HEADER_MAX)
		return err_set(err, ERR_INTEGRITY, "header: %zu bytes, at most %d", bytes.size,
		    (int)HEADER_MAX);
	struct reader reader = reader_of(bytes);
	TRY(header_new(&header, err));
	TRY(decode_start(&reader, header, err));
	if (!take_text(reader_lp16(&reader, QUORUM_TEXT_MAX), header->quorum,
	        sizeof(header->quorum)))
		return truncated("quorum", err);
	header->envelope_count = reader_u16(&reader);
	if (reader.failed || header->envelope_count > HEADER_ENVELOPES)
		return truncated("envelopes", err);
	for (unsigned i = 0; i < header->envelope_count; i++)
		if (decode_envelope(&reader, &header->envelopes[i], err) != ERR_OK)
			return err_add(err, "header: envelopes[%u]", i);
	reader_copy(&reader, header->com_dek.bytes, DIGEST_SIZE);
	if (reader.failed)
		return truncated("com_dek", err);
	if (!reader_end(&reader))
		return err_set(err, ERR_INTEGRITY, "header: %zu bytes after com_dek",
		    reader.rest.size);
	TRY(header_check(header, NULL, err));
	*ret_header = *header;
	return ERR_OK;
}
