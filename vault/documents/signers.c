/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature that nobody can place is refused, not skipped: it would change the bytes that are
 * stored and shown without changing what they prove.
 */
#include "vault/documents/signers.h"

#include "base/text.h"
#include "vault/documents/reach.h"

static const struct seat *
find_signer(const char *keyid, const struct seat *seats, size_t count,
    const struct seat_token **ret_token)
{
	struct digest id;
	if (!text_from_hex(keyid, id.bytes, DIGEST_SIZE))
		return NULL;
	return seat_by_token(seats, count, &id, ret_token);
}

const struct seat *
signer_of(const char *keyid, const struct seat *seats, size_t count)
{
	const struct seat_token *token;
	return find_signer(keyid, seats, count, &token);
}

enum err_code
signers_check_digest(const struct dsse *statement, const struct digest *digest, const char *what,
    struct err *err)
{
	struct digest actual;
	TRY(dsse_digest(statement, &actual, err));
	if (!digest_equal(&actual, digest))
		return err_set(err, ERR_INTEGRITY, "%s: the statement has another digest", what);
	return ERR_OK;
}

enum err_code
signers_verify(const struct dsse *statement, const struct seat *a, size_t a_count,
    const struct seat *b, size_t b_count, struct err *err)
{
	for (size_t i = 0; i < statement->count; i++) {
		const char *keyid = statement->signatures[i].keyid;
		const struct seat_token *token = NULL;
		const struct seat *seat = find_signer(keyid, a, a_count, &token);
		if (seat == NULL)
			seat = find_signer(keyid, b, b_count, &token);
		if (seat == NULL)
			return err_set(err, ERR_REFUSED,
			    "signed with an unknown key, %.16s: no token of a seat has it", keyid);
		if (dsse_find(statement, keyid) != &statement->signatures[i])
			return err_set(err, ERR_INVALID, "token serial %u of %s signed twice",
			    token->serial, seat->name);
		if (seat_token_verify(statement, token, err) != ERR_OK)
			return err_add(err, "%s, token serial %u", seat->name, token->serial);
	}
	return ERR_OK;
}

void
signers_mark(const struct dsse *statement, const struct seat *seats, size_t count, bool *ret_signed)
{
	for (size_t i = 0; i < count; i++)
		ret_signed[i] = false;
	for (size_t i = 0; i < statement->count; i++) {
		const struct seat_token *token;
		const struct seat *seat =
		    find_signer(statement->signatures[i].keyid, seats, count, &token);
		if (seat != NULL)
			ret_signed[seat - seats] = true;
	}
}

enum err_code
signers_check_two(const struct dsse *statement, const struct seat *seats, size_t count,
    const char *what, struct err *err)
{
	bool signed_by[CHARTER_SEATS];
	bool operator= false, officer = false;

	signers_mark(statement, seats, count, signed_by);
	for (size_t i = 0; i < count; i++) {
		unsigned first = signed_by[i] ? seats[i].roles : 0;

		operator= operator||(first &ROLE_OPERATOR) != 0;
		officer = officer || (first & ROLE_OFFICER) != 0;
		for (size_t j = 0; j < count && (first & ROLE_OPERATOR) != 0; j++)
			if (j != i && signed_by[j] && (seats[j].roles & ROLE_OFFICER) != 0)
				return ERR_OK;
	}
	if (operator&& officer)
		return err_set(err, ERR_WAITING,
		    "%s: one person signed as operator and officer; a second must sign", what);
	return err_set(err, ERR_WAITING, "%s: not signed yet by %s", what,
	                                                             operator? "an officer" :
	        officer                                                      ? "an operator" :
	                  "an operator and an officer");
}

/* A quorum, held against the signatures. */
struct tally {
	int more; /* signatures that it needs still; 0: it is met; -1: nobody can meet it */
	struct buf missing; /* "ciso, audit": its seats that can sign and have not */
};

static void
tally_done(struct tally *tally)
{
	buf_done(&tally->missing);
}
#define TALLY CLEANUP(tally_done) struct tally

/* ABLE has one flag for each seat of QUORUM: whether it can sign. */
static enum err_code
count_signers(const struct dsse *statement, const struct quorum *quorum, const struct seat *seats,
    size_t count, const bool *able, struct tally *ret_tally, struct err *err)
{
	bool signed_by[CHARTER_SEATS], present[QUORUM_SEATS];
	struct buf *missing = &ret_tally->missing;

	signers_mark(statement, seats, count, signed_by);
	for (unsigned i = 0; i < quorum->seat_count; i++) {
		const struct seat *seat = seat_by_name(seats, count, quorum->seats[i]);

		present[i] = seat != NULL && signed_by[seat - seats];
		if (!present[i] && able[i])
			buf_format(missing, "%s%s", missing->size > 0 ? ", " : "",
			    quorum->seats[i]);
	}
	ret_tally->more = quorum_missing(quorum, present, able);
	return buf_check(missing, err);
}

/* More are needed, and there are those who can. */
static enum err_code
await(struct tally *tally, const char *whose, struct err *err)
{
	return err_set(err, ERR_WAITING, "%s needs %d more %s; not signed yet by %s", whose,
	    tally->more, text_plural((uint64_t)tally->more, "signature", "signatures"),
	    buf_string(&tally->missing));
}

enum err_code
signers_check_quorum(const struct dsse *statement, const struct quorum *quorum,
    const struct seat *seats, size_t count, const char *whose, struct err *err)
{
	bool able[QUORUM_SEATS];
	TALLY tally = {0};

	for (unsigned i = 0; i < quorum->seat_count; i++)
		able[i] = seat_by_name(seats, count, quorum->seats[i]) != NULL;
	TRY(count_signers(statement, quorum, seats, count, able, &tally, err));
	if (tally.more == 0)
		return ERR_OK;
	if (tally.more < 0)
		return err_set(err, ERR_REFUSED,
		    "%s can be met by nobody: too few of its seats are in the charter", whose);
	return await(&tally, whose, err);
}

enum err_code
signers_check_left(const struct dsse *statement, const struct quorum *quorum,
    const struct charter *charter, const struct suspensions *suspended, const char *whose,
    struct err *err)
{
	bool able[QUORUM_SEATS];
	TALLY tally = {0};

	for (unsigned i = 0; i < quorum->seat_count; i++)
		able[i] = reach_signer(charter, suspended, quorum->seats[i]);
	TRY(count_signers(statement, quorum, charter->seats, charter->seat_count, able, &tally,
	    err));
	if (tally.more == 0 || (tally.more < 0 && tally.missing.size == 0))
		return ERR_OK;
	if (tally.more < 0)
		return err_set(err, ERR_WAITING,
		    "%s cannot be met: too few of its seats are left with a token that may sign, so everybody of it must sign who can; "
		    "not signed yet by %s",
		    whose, buf_string(&tally.missing));
	return await(&tally, whose, err);
}

enum err_code
signers_note(enum err_code code, struct buf *missing, struct err *err)
{
	if (code != ERR_WAITING)
		return code;
	if (missing->size < ERR_TEXT_SIZE) /* more is not told */
		buf_format(missing, "%s%s", missing->size > 0 ? ". " : "", err->text);
	return buf_check(missing, err);
}

enum err_code
signers_end(struct buf *missing, struct err *err)
{
	return missing->size == 0 ? ERR_OK : err_set(err, ERR_WAITING, "%s", buf_string(missing));
}
