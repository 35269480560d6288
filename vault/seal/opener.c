/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opener keeps what arrived in the matrix of vault/seal/deal.h, one flag for each seat.  Every
 * share in it was checked against its commitment, so a complete clause gives the DEK or the header
 * itself is not the one that was sealed, which com_dek tells.
 */
#include "vault/seal/opener.h"

#include <stdlib.h>
#include <string.h>

#include "vault/seal/deal.h"
#include "vault/seal/envelope.h"
#include "vault/seal/payload.h"

struct opener {
	const struct header *header;
	struct quorum quorum;
	bool present[QUORUM_SEATS];
	struct secret *matrix;
};

enum err_code
opener_new(const struct header *header, struct opener **ret_opener, struct err *err)
{
	OPENER *opener = calloc(1, sizeof(*opener));
	if (opener == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for opening a version");
	opener->header = header;
	TRY(quorum_parse(header->quorum, &opener->quorum, err));
	TRY(deal_new(&opener->quorum, &opener->matrix, err));
	*ret_opener = TAKE(opener);
	return ERR_OK;
}

void
opener_free(struct opener *opener)
{
	if (opener == NULL)
		return;
	secret_free(opener->matrix);
	free(opener);
}

enum err_code
opener_add(struct opener *opener, size_t index, const struct secret *shares, struct err *err)
{
	struct header_share demand[HEADER_SHARES];
	TRY(seal_check_shares(opener->header, index, shares, err));
	const struct header_envelope *envelope = &opener->header->envelopes[index];
	int seat = quorum_seat(&opener->quorum, envelope->seat);
	if (seat < 0 ||
	    header_demand(&opener->quorum, envelope->seat, demand) != envelope->share_count)
		return err_set(err, ERR_INTERNAL, "envelope %zu is not of a checked header", index);
	if (opener->present[seat])
		return err_set(err, ERR_EXISTS, "the shares of seat \"%s\" are there already",
		    envelope->seat);
	for (size_t i = 0; i < envelope->share_count; i++)
		memcpy(deal_cell(&opener->quorum, opener->matrix, demand[i].clause, (unsigned)seat),
		    secret_view(shares).data + (i + 1) * ENVELOPE_SHARE_SIZE - DEAL_SIZE,
		    DEAL_SIZE);
	opener->present[seat] = true;
	return ERR_OK;
}

bool
opener_ready(const struct opener *opener)
{
	return quorum_met(&opener->quorum, opener->present);
}

enum err_code
opener_open(const struct opener *opener, struct view header_bytes, struct view ciphertext,
    struct secret **ret_credential, struct err *err)
{
	SECRET *dek = NULL;
	unsigned clause = 0;
	while (clause < opener->quorum.clause_count &&
	    !deal_complete(&opener->quorum, clause, opener->present))
		clause++;
	if (clause == opener->quorum.clause_count)
		return err_set(err, ERR_WAITING, "the quorum is not complete: %s",
		    opener->header->quorum);
	TRY(deal_combine(&opener->quorum, clause, opener->present, opener->matrix, &dek, err));
	return payload_open(opener->header, dek, header_bytes, ciphertext, ret_credential, err);
}
