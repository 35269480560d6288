/* SPDX-License-Identifier: Apache-2.0 */
/* What this computer remembers of vaults, as files. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/memory.h"
#include "tests/lib/expect.h"

struct home {
	char path[64];
};

static void
home_make(struct home *home)
{
	snprintf(home->path, sizeof(home->path), "/tmp/halligan-memory-XXXXXX");
	assert_non_null(mkdtemp(home->path));
	assert_int_equal(setenv("XDG_STATE_HOME", home->path, 1), 0);
}

/* Calls VISIT with each file and folder below PATH, inner ones first. */
static void
walk(const char *path, void (*visit)(const char *path))
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	for (entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
	     entry = readdir(folder)) {
		char inner[4096];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		assert_true(snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) <
		    (int)sizeof(inner));
		walk(inner, visit);
		visit(inner);
	}
	if (folder != NULL)
		closedir(folder);
}

static void
remove_one(const char *path)
{
	remove(path);
}

static void
home_done(struct home *home)
{
	walk(home->path, remove_one);
	remove(home->path);
}
#define HOME CLEANUP(home_done) struct home

static struct digest
digest_of(uint8_t byte)
{
	struct digest digest;

	memset(digest.bytes, byte, DIGEST_SIZE);
	return digest;
}

/* A vault that was seen up to SIZE leaves. */
static struct trust
seen(uint8_t vault, uint64_t size)
{
	return (struct trust){.vault = digest_of(vault),
	    .documents = 5,
	    .chain = digest_of(5),
	    .size = size,
	    .root = digest_of((uint8_t)size)};
}

static struct memory
at(const char *location)
{
	struct memory memory;
	struct err err;

	fine(memory_at(location, &memory, &err), &err);
	return memory;
}

static struct known
recall(const struct memory *memory, uint8_t vault)
{
	const struct digest id = digest_of(vault);
	struct known known;
	struct err err;

	fine(memory_recall(memory, &id, &known, &err), &err);
	return known;
}

/* As client_sync does. */
static void
keep(const struct memory *memory, const struct trust *trust)
{
	struct known known;
	struct err err;
	bool kept;

	fine(memory_recall(memory, &trust->vault, &known, &err), &err);
	fine(memory_keep(memory, &known, trust, (struct view){0}, &kept, &err), &err);
	assert_true(kept);
}

static enum err_code
recall_error(const struct memory *memory, uint8_t vault, struct err *err)
{
	const struct digest id = digest_of(vault);
	struct known known;

	return memory_recall(memory, &id, &known, err);
}

static void
what_was_seen_is_remembered_by_the_vaults_id(void **state)
{
	HOME home;
	struct memory here, there;
	struct trust trust = seen(1, 7);
	struct known known;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("ssh://host/srv/vault");
	known = recall(&here, 1);
	assert_false(known.met || known.here);
	assert_int_equal(known.trust.size, 0);
	assert_true(digest_equal(&known.trust.vault, &trust.vault));
	keep(&here, &trust);
	known = recall(&here, 1);
	assert_true(known.met && known.here);
	assert_true(trust_equal(&known.trust, &trust));
	known = recall(&there, 1);
	assert_true(known.met && !known.here);
	assert_true(trust_equal(&known.trust, &trust));
	assert_string_equal(known.last, "/srv/vault");
	assert_false(recall(&there, 2).met);
}

static void
more_that_is_seen_at_one_place_counts_at_all(void **state)
{
	HOME home;
	struct memory here, there;
	struct trust first = seen(1, 7), later = seen(1, 9);
	struct known known;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("ssh://host/srv/vault");
	keep(&here, &first);
	keep(&there, &later);
	known = recall(&here, 1);
	assert_true(known.here);
	assert_true(trust_equal(&known.trust, &later));
	assert_string_equal(known.last, "ssh://host/srv/vault");
	assert_true(recall(&there, 1).here);
}

static void
a_place_holds_one_vault_until_it_is_forgotten(void **state)
{
	HOME home;
	struct memory here, there, third;
	struct trust first = seen(1, 7), second = seen(2, 3);
	struct err err;
	struct known known = {.trust = {.vault = digest_of(2)}};
	bool kept;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("/srv/other");
	third = at("/srv/third");
	keep(&here, &first);
	keep(&there, &second);
	for (uint8_t vault = 2; vault <= 3; vault++) { /* known elsewhere, and unknown */
		expect_error(recall_error(&here, vault, &err), ERR_INTEGRITY, &err,
		    "another vault");
		assert_says(here.pointer);
		assert_says("0101010101010101");
		assert_says(vault == 2 ? "0202020202020202" : "0303030303030303");
	}
	expect_error(memory_keep(&here, &known, &second, (struct view){0}, &kept, &err),
	    ERR_INTEGRITY, &err, "another vault");
	assert_true(recall(&here, 1).here);
	assert_int_equal(remove(here.pointer), 0);
	known = recall(&here, 2);
	assert_true(known.met && !known.here);
	assert_false(recall(&here, 1).here);
	keep(&here, &second);
	expect_error(recall_error(&here, 1, &err), ERR_INTEGRITY, &err, "another vault");
	assert_true(recall(&third, 1).met);
}

static void
nothing_is_kept_over_what_others_saw_meanwhile(void **state)
{
	HOME home;
	struct memory here, there;
	struct trust first = seen(1, 7), mine = seen(1, 8), theirs = seen(1, 9);
	struct known known;
	struct err err;
	bool kept = true;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("ssh://host/srv/vault");
	known = recall(&here, 1); /* a first contact that two make at once */
	keep(&here, &first);
	fine(memory_keep(&here, &known, &mine, (struct view){0}, &kept, &err), &err);
	assert_false(kept);
	known = recall(&here, 1);
	keep(&there, &theirs);
	fine(memory_keep(&here, &known, &mine, (struct view){0}, &kept, &err), &err);
	assert_false(kept);
	known = recall(&here, 1);
	assert_true(trust_equal(&known.trust, &theirs));
	fine(memory_keep(&here, &known, &theirs, (struct view){0}, &kept, &err), &err);
	assert_true(kept);
}

static void
what_has_not_changed_is_not_written_again(void **state)
{
	HOME home;
	struct memory here;
	struct trust trust = seen(1, 7);
	struct stat before, after;
	char path[256], hex[2 * DIGEST_SIZE + 1];

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	keep(&here, &trust);
	text_hex(VIEW_OF(trust.vault.bytes), hex);
	snprintf(path, sizeof(path), "%s/halligan/vaults/%s/memory", home.path, hex);
	assert_int_equal(stat(path, &before), 0);
	keep(&here, &trust);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	trust.size++;
	keep(&here, &trust);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void
a_living_vault_is_not_founded_again(void **state)
{
	HOME home;
	struct memory here, there;
	struct trust trust = seen(1, 7);
	const struct digest one = digest_of(1), two = digest_of(2), three = digest_of(3);
	struct err err;
	struct known known;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("/srv/old");
	fine(memory_check_new(&here, &err), &err);
	fine(memory_pin(&here, &two, &err), &err);
	expect_error(recall_error(&here, 1, &err), ERR_INTEGRITY, &err, "another vault");
	fine(memory_check_new(&here, &err), &err);
	fine(memory_pin(&here, &one, &err), &err); /* the founders agreed on another one */
	known = recall(&here, 1);
	assert_true(known.met && known.here);
	assert_int_equal(known.trust.documents, 0);
	keep(&here, &trust);
	expect_error(memory_check_new(&here, &err), ERR_INTEGRITY, &err, "was alive");
	assert_says(here.pointer);
	expect_error(memory_pin(&here, &three, &err), ERR_INTEGRITY, &err, "was alive");
	fine(memory_check_new(&there, &err), &err);
	expect_error(memory_check_founding(&there, &one, &err), ERR_INTEGRITY, &err,
	    "knows alive, last at /srv/vault: an old copy of it was put at /srv/old");
	expect_error(memory_pin(&there, &one, &err), ERR_INTEGRITY, &err, "old copy");
	assert_int_equal(recall(&here, 1).trust.size, 7);
	fine(memory_check_founding(&there, &three, &err), &err);
}

static struct err found_err;
static bool found_damage;

/* Every file with every byte changed, cut, or gone, is an alarm where it is asked. */
static void
damage_one(const char *path)
{
	BUF text = {0};
	struct err err;
	struct memory here = at("/srv/vault");
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	if (!S_ISREG(status.st_mode) || strstr(path, "/lock") != NULL)
		return;
	found_damage = true;
	fine(file_read(path, 20000, &text, &err), &err);
	for (size_t i = 0; i + 1 < text.size; i++) {
		enum err_code code;

		text.data[i] ^= 1;
		fine(file_write(path, buf_view(&text), 0600, &err), &err);
		code = recall_error(&here, 1, &found_err);
		/* A digit that became another one is as good as what was seen; an id is not. */
		if (code == ERR_OK && strstr(path, "/places/") != NULL)
			fail_msg("%s: byte %zu is believed", path, i);
		if (code != ERR_OK && code != ERR_INTEGRITY)
			fail_msg("%s: byte %zu: %s", path, i, found_err.text);
		text.data[i] ^= 1;
	}
	for (size_t size = 0; size + 1 < text.size; size++) {
		fine(file_write(path, view_of(text.data, size), 0600, &err), &err);
		expect_error(recall_error(&here, 1, &found_err), ERR_INTEGRITY, &found_err,
		    "damaged");
	}
	fine(file_write(path, buf_view(&text), 0600, &err), &err);
	fine(recall_error(&here, 1, &err), &err);
}

static void
a_damaged_file_is_an_alarm_and_no_first_contact(void **state)
{
	HOME home;
	struct memory here;
	struct trust trust = seen(1, 7);

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	keep(&here, &trust);
	found_damage = false;
	walk(home.path, damage_one);
	assert_true(found_damage);
}

static void
a_place_that_leads_to_nothing_is_an_alarm(void **state)
{
	HOME home;
	struct memory here;
	struct trust trust = seen(1, 7);
	struct err err;
	char folder[4200];

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	keep(&here, &trust);
	snprintf(folder, sizeof(folder), "%s/vaults", here.folder);
	walk(folder, remove_one);
	expect_error(recall_error(&here, 1, &err), ERR_INTEGRITY, &err,
	    "what was seen of the vault that was met at /srv/vault is gone");
	expect_error(memory_check_new(&here, &err), ERR_INTEGRITY, &err, "is gone");
	assert_int_equal(remove(here.pointer), 0);
	assert_false(recall(&here, 1).met);
}

static void
one_places_file_does_not_pass_for_anothers(void **state)
{
	HOME home;
	struct memory here, there;
	struct trust trust = seen(1, 7);
	struct err err;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("/srv/other");
	keep(&here, &trust);
	assert_int_equal(rename(here.pointer, there.pointer), 0);
	expect_error(recall_error(&there, 1, &err), ERR_INTEGRITY, &err, "is another place's");
}

static void
one_vaults_memory_does_not_pass_for_anothers(void **state)
{
	static const char *const names[] =
	    {"0101010101010101010101010101010101010101010101010101010101010101",
	        "0202020202020202020202020202020202020202020202020202020202020202"};
	HOME home;
	struct memory here, there;
	struct trust trust = seen(1, 7);
	struct err err;
	char from[256], to[256];

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	there = at("/srv/other");
	keep(&here, &trust);
	snprintf(from, sizeof(from), "%s/halligan/vaults/%s", home.path, names[0]);
	snprintf(to, sizeof(to), "%s/halligan/vaults/%s", home.path, names[1]);
	assert_int_equal(rename(from, to), 0);
	expect_error(recall_error(&there, 2, &err), ERR_INTEGRITY, &err, "is another vault's");
}

static void
a_release_and_its_checkpoint_are_kept(void **state)
{
	HOME home;
	struct memory here;
	struct trust trust = seen(1, 7);
	struct err err;
	char path[4096];
	BUF text = {0};

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	keep(&here, &trust);
	fine(memory_keep_release(&here, &trust.vault, "0123456789abcdef0123456789abcdef",
	         view_of_text("statement"), view_of_text("note"), path, &err),
	    &err);
	fine(file_read(path, 100, &text, &err), &err);
	assert_string_equal(buf_string(&text), "statement");
}

static void
check_owner(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(status.st_uid, geteuid());
	assert_int_equal(status.st_mode & 077, 0);
}

/* Each part that root wrote, an ordinary user is told how to get back. */
static void
give_away(const char *path)
{
	const struct memory here = at("/srv/vault");
	const struct known known = {0};
	const struct trust trust = seen(1, 7);
	struct err err;
	bool kept;

	assert_int_equal(chown(path, 65534, 65534), 0);
	expect_error(memory_keep(&here, &known, &trust, (struct view){0}, &kept, &err), ERR_REFUSED,
	    &err, "chown -R");
	assert_says(path);
	assert_int_equal(chown(path, geteuid(), getegid()), 0);
}

static void
what_is_remembered_belongs_to_whom_it_serves(void **state)
{
	HOME home;
	struct memory here;
	struct trust trust = seen(1, 7);
	struct err err;

	(void)state;
	home_make(&home);
	here = at("/srv/vault");
	keep(&here, &trust);
	walk(home.path, check_owner);
	if (geteuid() != 0) {
		printf("# skipped: only root can give files away\n");
		return;
	}
	walk(here.folder, give_away);
	/* Root with an ordinary user's HOME. */
	walk(home.path, remove_one);
	assert_int_equal(chown(home.path, 65534, 65534), 0);
	expect_error(memory_at("/srv/vault", &here, &err), ERR_REFUSED, &err, "own HOME (sudo -H)");
	assert_says(home.path);
	assert_int_equal(chown(home.path, 0, 0), 0);
	here = at("/srv/vault");
	keep(&here, &trust);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_seen_is_remembered_by_the_vaults_id),
	    cmocka_unit_test(more_that_is_seen_at_one_place_counts_at_all),
	    cmocka_unit_test(a_place_holds_one_vault_until_it_is_forgotten),
	    cmocka_unit_test(nothing_is_kept_over_what_others_saw_meanwhile),
	    cmocka_unit_test(what_has_not_changed_is_not_written_again),
	    cmocka_unit_test(a_living_vault_is_not_founded_again),
	    cmocka_unit_test(a_damaged_file_is_an_alarm_and_no_first_contact),
	    cmocka_unit_test(a_place_that_leads_to_nothing_is_an_alarm),
	    cmocka_unit_test(one_places_file_does_not_pass_for_anothers),
	    cmocka_unit_test(one_vaults_memory_does_not_pass_for_anothers),
	    cmocka_unit_test(a_release_and_its_checkpoint_are_kept),
	    cmocka_unit_test(what_is_remembered_belongs_to_whom_it_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
