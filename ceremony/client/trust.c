/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/trust.h"

#include "base/text.h"
#include "vault/log/tlog.h"

bool
trust_equal(const struct trust *a, const struct trust *b)
{
	return digest_equal(&a->vault, &b->vault) && a->documents == b->documents &&
	    digest_equal(&a->chain, &b->chain) && digest_equal(&a->folded, &b->folded) &&
	    a->size == b->size && digest_equal(&a->root, &b->root);
}

static enum err_code
check_chain(const struct trust *old, const struct trust *seen, const struct digest *chain_at,
    struct err *err)
{
	if (seen->documents < old->documents)
		return err_set(err, ERR_INTEGRITY,
		    "the server shows %u charters, rosters and suspensions, but this computer has seen "
		    "%u: an old copy of the vault was put in place, or somebody hides what changed",
		    seen->documents, old->documents);
	if (old->documents > 0 && !digest_equal(&old->chain, chain_at))
		return err_set(err, ERR_INTEGRITY,
		    "the server shows other charters, rosters or suspensions than this computer has "
		    "seen before: the chain was forked");
	return ERR_OK;
}

static enum err_code
check_log(const struct trust *old, const struct trust *seen, const struct digest *proof,
    size_t proof_count, struct err *err)
{
	if (seen->size < old->size)
		return err_set(err, ERR_INTEGRITY,
		    "the server's log has %llu %s, but this computer has seen %llu: an old "
		    "copy of the vault was put in place",
		    (unsigned long long)seen->size, text_plural(seen->size, "entry", "entries"),
		    (unsigned long long)old->size);
	if (old->size == 0)
		return ERR_OK;
	if (seen->size == old->size && !digest_equal(&seen->root, &old->root))
		return err_set(err, ERR_INTEGRITY,
		    "the server's log has other entries than this computer has seen at the same "
		    "size %llu: the log was rewritten",
		    (unsigned long long)old->size);
	if (seen->size == old->size)
		return ERR_OK;
	if (tlog_verify_consistency(old->size, seen->size, &old->root, &seen->root, proof,
	        proof_count, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the server's log does not continue the log that this computer has seen at size "
		    "%llu: the log was forked or rewritten",
		    (unsigned long long)old->size);
	return ERR_OK;
}

enum err_code
trust_check(const struct trust *old, const struct trust *seen, const struct digest *chain_at,
    const struct digest *proof, size_t proof_count, struct err *err)
{
	if (!digest_equal(&old->vault, &seen->vault))
		return err_set(err, ERR_INTEGRITY,
		    "another vault stands here than before: its id is not the one that this "
		    "computer knows");
	TRY(check_chain(old, seen, chain_at, err));
	return check_log(old, seen, proof, proof_count, err);
}
