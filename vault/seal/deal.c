/* SPDX-License-Identifier: Apache-2.0 */
/* Two layers of share.h over one matrix; see the header for its shape. */
#include "vault/seal/deal.h"

#include <string.h>

#include "vault/seal/share.h"

enum err_code
deal_new(const struct quorum *quorum, struct secret **ret_matrix, struct err *err)
{
	SECRET *matrix = NULL;
	size_t size = (size_t)quorum->clause_count * quorum->seat_count * DEAL_SIZE;
	if (size == 0)
		return err_set(err, ERR_INTERNAL, "dealing over an empty quorum");
	TRY(secret_new(size, &matrix, err));
	TRY(secret_resize(matrix, size, err));
	*ret_matrix = TAKE(matrix);
	return ERR_OK;
}

uint8_t *
deal_cell(const struct quorum *quorum, struct secret *matrix, unsigned clause, unsigned seat)
{
	return secret_data(matrix) + ((size_t)clause * quorum->seat_count + seat) * DEAL_SIZE;
}

static enum err_code
split_clause(const struct quorum *quorum, unsigned clause, const struct secret *dek,
    struct secret *matrix, struct err *err)
{
	SECRET *parts = NULL;
	unsigned groups = quorum->clauses[clause].group_count;
	TRY(share_split(dek, groups, groups, &parts, err));
	for (unsigned i = 0; i < groups; i++) {
		const struct quorum_group *group = &quorum->clauses[clause].groups[i];
		SECRET *part = NULL;
		SECRET *values = NULL;
		TRY(secret_from(view_of(secret_data(parts) + i * DEAL_SIZE, DEAL_SIZE), &part,
		    err));
		TRY(share_split(part, group->m, group->n, &values, err));
		for (unsigned j = 0; j < group->n; j++)
			memcpy(deal_cell(quorum, matrix, clause, group->seats[j]),
			    secret_data(values) + j * DEAL_SIZE, DEAL_SIZE);
	}
	return ERR_OK;
}

enum err_code
deal_split(const struct quorum *quorum, const struct secret *dek, struct secret **ret_matrix,
    struct err *err)
{
	SECRET *matrix = NULL;
	if (secret_size(dek) != DEAL_SIZE)
		return err_set(err, ERR_INTERNAL, "dealing a DEK of %zu bytes", secret_size(dek));
	TRY(deal_new(quorum, &matrix, err));
	for (unsigned i = 0; i < quorum->clause_count; i++)
		TRY(split_clause(quorum, i, dek, matrix, err));
	*ret_matrix = TAKE(matrix);
	return ERR_OK;
}

bool
deal_complete(const struct quorum *quorum, unsigned clause, const bool *present)
{
	for (unsigned i = 0; i < quorum->clauses[clause].group_count; i++) {
		const struct quorum_group *group = &quorum->clauses[clause].groups[i];
		unsigned count = 0;
		for (unsigned j = 0; j < group->n; j++)
			count += present[group->seats[j]] ? 1 : 0;
		if (count < group->m)
			return false;
	}
	return true;
}

/* The part of one group, appended to PARTS. */
static enum err_code
combine_group(const struct quorum *quorum, unsigned clause, const struct quorum_group *group,
    const bool *present, struct secret *matrix, struct secret *parts, struct err *err)
{
	SECRET *values = NULL;
	SECRET *part = NULL;
	uint8_t xs[QUORUM_GROUP_SEATS];
	unsigned count = 0;
	TRY(secret_new((size_t)group->m * DEAL_SIZE, &values, err));
	for (unsigned i = 0; i < group->n && count < group->m; i++) {
		if (!present[group->seats[i]])
			continue;
		const uint8_t *cell = deal_cell(quorum, matrix, clause, group->seats[i]);
		TRY(secret_append(values, view_of(cell, DEAL_SIZE), err));
		xs[count++] = (uint8_t)(i + 1);
	}
	TRY(share_combine(group->m, group->n, xs, count, values, DEAL_SIZE, &part, err));
	return secret_append(parts, secret_view(part), err);
}

enum err_code
deal_combine(const struct quorum *quorum, unsigned clause, const bool *present,
    struct secret *matrix, struct secret **ret_dek, struct err *err)
{
	SECRET *parts = NULL;
	uint8_t xs[QUORUM_GROUPS];
	unsigned groups = quorum->clauses[clause].group_count;
	if (!deal_complete(quorum, clause, present))
		return err_set(err, ERR_WAITING, "shares of more seats are needed");
	TRY(secret_new((size_t)groups * DEAL_SIZE, &parts, err));
	for (unsigned i = 0; i < groups; i++) {
		TRY(combine_group(quorum, clause, &quorum->clauses[clause].groups[i], present,
		    matrix, parts, err));
		xs[i] = (uint8_t)(i + 1);
	}
	return share_combine(groups, groups, xs, groups, parts, DEAL_SIZE, ret_dek, err);
}
