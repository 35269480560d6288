/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "ceremony/client/trust.h"
#include "tests/lib/expect.h"
#include "vault/log/tlog.h"

enum { LEAVES = 9 };

/* A log whose roots and proofs are real. */
struct log {
	struct digest hashes[8][64];
	struct tlog_frontier frontier;
	uint64_t size;
};

static enum err_code
fetch(void *context, unsigned level, uint64_t index, struct digest *ret_hash, struct err *err)
{
	const struct log *log = context;

	(void)err;
	assert_true(level < 8 && index < 64);
	*ret_hash = log->hashes[level][index];
	return ERR_OK;
}

static enum err_code
store(void *context, unsigned level, uint64_t index, const struct digest *hash, struct err *err)
{
	struct log *log = context;

	(void)err;
	assert_true(level < 8 && index < 64);
	log->hashes[level][index] = *hash;
	return ERR_OK;
}

static void
grow(struct log *log, uint64_t size, const char *salt)
{
	struct err err;
	struct digest leaf;
	char text[32];

	for (; log->size < size; log->size++) {
		snprintf(text, sizeof(text), "%s %u", salt, (unsigned)log->size);
		fine(tlog_leaf_hash(view_of_text(text), &leaf, &err), &err);
		fine(tlog_append(&log->frontier, &leaf, store, log, &err), &err);
	}
}

static struct digest
root_of(struct log *log, uint64_t size)
{
	struct err err;
	struct digest root;

	fine(tlog_root(size, fetch, log, &root, &err), &err);
	return root;
}

static struct digest
digest_of(uint8_t byte)
{
	struct digest digest;

	memset(digest.bytes, byte, DIGEST_SIZE);
	return digest;
}

/* What a computer knows after five documents and SIZE leaves. */
static struct trust
known(struct log *log, uint64_t size)
{
	return (struct trust){.vault = digest_of(1),
	    .documents = 5,
	    .chain = digest_of(5),
	    .size = size,
	    .root = size > 0 ? root_of(log, size) : (struct digest){{0}}};
}

struct step {
	struct trust old, seen;
	struct digest chain_at;
	struct digest proof[TLOG_PROOF_MAX];
	size_t proof_count;
};

/* An honest step from 5 leaves to 9, with one more document. */
static void
honest(struct step *step)
{
	struct log log = {0};
	struct err err;

	grow(&log, LEAVES, "leaf");
	step->old = known(&log, 5);
	step->seen = known(&log, LEAVES);
	step->seen.documents = 6;
	step->seen.chain = digest_of(6);
	step->chain_at = digest_of(5);
	fine(tlog_prove_consistency(5, LEAVES, fetch, &log, step->proof, &step->proof_count, &err),
	    &err);
}

static enum err_code
check(const struct step *step, struct err *err)
{
	return trust_check(&step->old, &step->seen, &step->chain_at, step->proof, step->proof_count,
	    err);
}

static void
an_honest_step_is_believed(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	fine(check(&step, &err), &err);
	step.seen = step.old; /* nothing new */
	step.proof_count = 0;
	fine(check(&step, &err), &err);
}

static void
another_vault_at_the_same_place_is_refused(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	step.seen.vault.bytes[31] ^= 1;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "another vault");
}

static void
fewer_documents_are_refused(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	step.seen.documents = 4;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err,
	    "shows 4 charters, rosters and suspensions, but this computer has seen 5");
}

static void
other_documents_than_the_known_ones_are_refused(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	step.chain_at.bytes[0] ^= 1;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "other charters");
}

static void
a_shorter_log_is_refused(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	step.seen.size = 4;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "has 4 entries");
}

static void
a_log_rewritten_at_the_same_size_is_refused(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	step.seen.size = step.old.size;
	step.seen.root = step.old.root;
	step.seen.root.bytes[5] ^= 1;
	step.proof_count = 0;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "rewritten");
}

static void
a_forked_log_is_refused(void **state)
{
	struct step step;
	struct log fork = {0};
	struct err err;

	(void)state;
	honest(&step);
	grow(&fork, LEAVES, "fork");
	step.seen.root = root_of(&fork, LEAVES);
	fine(tlog_prove_consistency(5, LEAVES, fetch, &fork, step.proof, &step.proof_count, &err),
	    &err);
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "does not continue");
}

static void
each_byte_of_a_proof_counts(void **state)
{
	struct step step;
	struct err err;

	(void)state;
	honest(&step);
	assert_true(step.proof_count > 0);
	for (size_t i = 0; i < step.proof_count; i++) {
		for (size_t b = 0; b < DIGEST_SIZE; b++) {
			step.proof[i].bytes[b] ^= 1;
			expect_error(check(&step, &err), ERR_INTEGRITY, &err, "does not continue");
			step.proof[i].bytes[b] ^= 1;
		}
	}
	step.proof_count--;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "does not continue");
}

static void
a_founder_insists_on_the_vault_that_was_signed(void **state)
{
	struct step step;
	struct trust founder = {.vault = digest_of(9)};
	struct err err;

	(void)state;
	honest(&step);
	step.old = founder;
	expect_error(check(&step, &err), ERR_INTEGRITY, &err, "another vault");
	step.seen.vault = founder.vault;
	step.proof_count = 0;
	fine(check(&step, &err), &err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_honest_step_is_believed),
	    cmocka_unit_test(another_vault_at_the_same_place_is_refused),
	    cmocka_unit_test(fewer_documents_are_refused),
	    cmocka_unit_test(other_documents_than_the_known_ones_are_refused),
	    cmocka_unit_test(a_shorter_log_is_refused),
	    cmocka_unit_test(a_log_rewritten_at_the_same_size_is_refused),
	    cmocka_unit_test(a_forked_log_is_refused),
	    cmocka_unit_test(each_byte_of_a_proof_counts),
	    cmocka_unit_test(a_founder_insists_on_the_vault_that_was_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
