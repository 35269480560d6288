/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ceremony/client/trust.h"
#include "tests/lib/expect.h"
#include "vault/log/tlog.h"

enum { LEAVES = 9 };

/* A log whose roots and proofs are real. */
struct log {
	struct digest hashes[8][64];
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
		fine(tlog_append(log->size, &leaf, fetch, store, log, &err), &err);
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

/* ---- the file ---- */

struct home {
	char path[64];
};

static void
home_make(struct home *home)
{
	snprintf(home->path, sizeof(home->path), "/tmp/halligan-trust-XXXXXX");
	assert_non_null(mkdtemp(home->path));
	assert_int_equal(setenv("XDG_STATE_HOME", home->path, 1), 0);
}

static void
remove_tree(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	for (entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
	     entry = readdir(folder)) {
		char inner[4096];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		remove_tree(inner);
	}
	if (folder != NULL)
		closedir(folder);
	remove(path);
}

static void
home_done(struct home *home)
{
	remove_tree(home->path);
}
#define HOME CLEANUP(home_done) struct home

static void
what_was_saved_is_loaded(void **state)
{
	HOME home;
	struct trust_place place;
	struct step step;
	struct trust loaded;
	struct err err;

	(void)state;
	home_make(&home);
	honest(&step);
	fine(trust_place_of("/srv/vault", &place, &err), &err);
	expect_error(trust_load(&place, &loaded, &err), ERR_NOT_FOUND, &err, "");
	fine(trust_save(&place, &step.old, &err), &err);
	fine(trust_load(&place, &loaded, &err), &err);
	assert_true(digest_equal(&loaded.vault, &step.old.vault));
	assert_int_equal(loaded.documents, step.old.documents);
	assert_true(digest_equal(&loaded.chain, &step.old.chain));
	assert_int_equal(loaded.size, step.old.size);
	assert_true(digest_equal(&loaded.root, &step.old.root));
}

static void
each_place_has_its_own_trust(void **state)
{
	HOME home;
	struct trust_place here, there;
	struct step step;
	struct trust loaded;
	struct err err;

	(void)state;
	home_make(&home);
	honest(&step);
	fine(trust_place_of("/srv/vault", &here, &err), &err);
	fine(trust_place_of("ssh://host/srv/vault", &there, &err), &err);
	fine(trust_save(&here, &step.old, &err), &err);
	expect_error(trust_load(&there, &loaded, &err), ERR_NOT_FOUND, &err, "");
}

static void
a_damaged_file_is_an_alarm_and_no_first_contact(void **state)
{
	static const char *const texts[] = {"", "{}", "garbage",
	    "{\"format\":2,\"location\":\"x\",\"vault\":\"00\"}"};
	HOME home;
	struct trust_place place;
	struct trust loaded;
	struct err err;
	char path[4096];

	(void)state;
	home_make(&home);
	fine(trust_place_of("/srv/vault", &place, &err), &err);
	fine(file_path(place.folder, "trust", path, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		fine(file_write(path, view_of_text(texts[i]), 0600, &err), &err);
		expect_error(trust_load(&place, &loaded, &err), ERR_INTEGRITY, &err, "is damaged");
	}
}

static void
a_release_and_its_checkpoint_are_kept(void **state)
{
	HOME home;
	struct trust_place place;
	struct err err;
	char path[4096];
	BUF text = {0};

	(void)state;
	home_make(&home);
	fine(trust_place_of("/srv/vault", &place, &err), &err);
	fine(trust_keep_release(&place, "0123456789abcdef0123456789abcdef",
	         view_of_text("statement"), view_of_text("note"), path, &err),
	    &err);
	fine(file_read(path, 100, &text, &err), &err);
	assert_string_equal(buf_string(&text), "statement");
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
	    cmocka_unit_test(what_was_saved_is_loaded),
	    cmocka_unit_test(each_place_has_its_own_trust),
	    cmocka_unit_test(a_damaged_file_is_an_alarm_and_no_first_contact),
	    cmocka_unit_test(a_release_and_its_checkpoint_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
