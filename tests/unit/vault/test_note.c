/* SPDX-License-Identifier: Apache-2.0 */
/* vault/log/note.c against the C2SP texts: published notes and keys, every malformed line, every byte. */
#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/lib/note_key.h"
#include "tests/unit/check.h"
#include "tests/unit/log_vectors.h"
#include "vault/log/note.h"

/* The example of C2SP signed-note.md. */
static const char example_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example_note[] =
    "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

static const char origin[] = "vault.example/log1";
static const char seed_hex[] = "d69ed40a5a3512710edcce522d40f66bdd7899b41a7d78f1935ac42f10c9b841";

struct signer {
	struct secret *seed;
	struct note_key key;
};

static void
signer_done(struct signer *signer)
{
	secret_free(signer->seed);
}

#define SIGNER CLEANUP(signer_done) struct signer

static void
make_signer(const char *name, const char *hex, struct signer *ret_signer)
{
	uint8_t seed[ED25519_SIZE];
	struct err err;
	assert_true(text_from_hex(hex, seed, sizeof(seed)));
	assert_ok(secret_from(VIEW_OF(seed), &ret_signer->seed, &err));
	assert_ok(ed25519_public(ret_signer->seed, &ret_signer->key.key, &err));
	snprintf(ret_signer->key.name, sizeof(ret_signer->key.name), "%s", name);
}

static enum err_code
open_text(const char *note, size_t size, const struct note_key *key, struct err *err)
{
	uint8_t *copy = exact_copy(view_of(note, size));
	struct view text = {copy, 12345};
	enum err_code code = note_open(view_of(copy, size), key, &text, err);
	if (code != ERR_OK)
		assert_int_equal(text.size, 12345);
	free(copy);
	return code;
}

static void
the_published_example_opens(void **state)
{
	struct note_key key;
	struct view text;
	struct err err;
	BUF vkey = {0};
	(void)state;
	assert_ok(note_key_parse(example_key, &key, &err));
	assert_string_equal(key.name, "example.com/foo");
	assert_ok(note_key_format(&key, &vkey, &err));
	assert_string_equal(buf_string(&vkey), example_key);
	assert_ok(note_open(view_of_text(example_note), &key, &text, &err));
	assert_view(text, view_of_text("This is an example message.\n"));
}

static void
every_changed_byte_of_a_note_is_refused(void **state)
{
	struct note_key key;
	struct err err;
	char note[sizeof(example_note)];
	(void)state;
	assert_ok(note_key_parse(example_key, &key, &err));
	for (size_t at = 0; at + 1 < sizeof(note); at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(note, example_note, sizeof(note));
			note[at] = (char)(note[at] ^ 1 << bit);
			if (open_text(note, sizeof(note) - 1, &key, &err) == ERR_OK)
				fail_msg("byte %zu, bit %u", at, bit);
		}
	}
	for (size_t size = 0; size + 1 < sizeof(note); size++) {
		if (open_text(example_note, size, &key, &err) == ERR_OK)
			fail_msg("%zu bytes", size);
	}
}

static void
names_with_spaces_or_plus_cannot_sign(void **state)
{
	static const char *const names[] = {"", "a b", "a+b", "a\tb", "a\xc2\xa0z",
	    "a\xe1\x9a\x80z", "a\xe2\x80\x80z", "a\xe2\x80\x8az", "a\xe2\x80\xafz",
	    "a\xe2\x81\x9fz", "a\xe3\x80\x80z", "a\xe2\x80\xa8z", "a\xc2\x85z", "a\xffz",
	    "\xe2\x80\x8a"};
	SIGNER signer = {0};
	struct err err;
	BUF note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(signer.key.name, sizeof(signer.key.name), "%s", names[i]);
		if (note_sign(view_of_text("x\n"), &signer.key, signer.seed, &note, &err) !=
		    ERR_INVALID)
			fail_msg("name %zu", i);
	}
	assert_int_equal(note.size, 0);
	snprintf(signer.key.name, sizeof(signer.key.name),
	    "\xe2\x80\x94/\xc3\xa9"); /* a dash, e acute */
	assert_ok(note_sign(view_of_text("x\n"), &signer.key, signer.seed, &note, &err));
}

static void
texts_that_are_not_plain_lines_cannot_be_signed(void **state)
{
	static const char *const texts[] = {"", "no end", "tab\t\n", "return\r\n", "\x7f\n",
	    "bidi \xe2\x80\xae\n", "\xff\n"};
	SIGNER signer = {0};
	struct err err;
	BUF note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (note_sign(view_of_text(texts[i]), &signer.key, signer.seed, &note, &err) !=
		    ERR_INVALID)
			fail_msg("text %zu", i);
	}
	assert_error(ERR_INVALID,
	    note_sign(view_of("a\0b\n", 4), &signer.key, signer.seed, &note, &err));
	signer.key.key.bytes[0] ^= 1;
	assert_error(ERR_INVALID,
	    note_sign(view_of_text("x\n"), &signer.key, signer.seed, &note, &err));
	assert_says("private key");
}

static void
blank_lines_within_a_text_stay_in_it(void **state)
{
	static const char text[] = "\n\nfirst\n\n\xe2\x80\x94 "
	                           "vault.example/log1 AAAA\n\n";
	SIGNER signer = {0};
	struct view opened;
	struct err err;
	BUF note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	assert_ok(note_sign(view_of_text(text), &signer.key, signer.seed, &note, &err));
	assert_ok(note_open(buf_view(&note), &signer.key, &opened, &err));
	assert_view(opened, view_of_text(text));
}

/* Open a note with the lines BEFORE, the right signature if SIGNATURE, and the lines AFTER. */
static enum err_code
open_with_lines(const struct signer *signer, const char *before, bool signature, const char *after,
    struct err *ret_err)
{
	struct view text = view_of_text("text\n"), opened;
	struct err err;
	BUF good = {0}, note = {0};
	assert_ok(note_sign(text, &signer->key, signer->seed, &good, &err));
	buf_bytes(&note, text);
	buf_text(&note, "\n");
	buf_text(&note, before);
	if (signature)
		buf_bytes(&note, view_of(good.data + text.size + 1, good.size - text.size - 1));
	buf_text(&note, after);
	assert_ok(buf_check(&note, &err));
	return note_open(buf_view(&note), &signer->key, &opened, ret_err);
}

static void
malformed_signature_lines_are_refused_beside_a_good_one(void **state)
{
	static const char *const lines[] = {"x\n", "\xe2\x80\x94\n", "\xe2\x80\x94 \n",
	    "- other AAAAAAA=\n", "\xe2\x80\x94 other\n", "\xe2\x80\x94 other \n",
	    "\xe2\x80\x94 other AAAAA\n", "\xe2\x80\x94 other AAAAAA==\n",
	    "\xe2\x80\x94  AAAAAAA=\n", "\xe2\x80\x94 o+r AAAAAAA=\n",
	    "\xe2\x80\x94 other AAAAAAA= \n", "\xe2\x80\x94 other  AAAAAAA=\n",
	    "\xe2\x80\x94 o\xc2\xa0r AAAAAAA=\n", "\xe2\x80\x94 other AAAAAAB=\n"};
	SIGNER signer = {0};
	struct err err;
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (open_with_lines(&signer, lines[i], true, "", &err) != ERR_INVALID ||
		    open_with_lines(&signer, "", true, lines[i], &err) != ERR_INVALID)
			fail_msg("line %zu", i);
	}
	assert_error(ERR_INVALID,
	    open_with_lines(&signer, "", true, "\xe2\x80\x94 other AAAAAAA=", &err));
	assert_error(ERR_INVALID, open_with_lines(&signer, "", false, "", &err));
}

static void
unknown_keys_are_ignored_and_do_not_count(void **state)
{
	SIGNER signer = {0};
	struct err err;
	(void)state;
	make_signer(origin, seed_hex, &signer);
	assert_ok(open_with_lines(&signer, "\xe2\x80\x94 other AAAAAAA=\n", true,
	    "\xe2\x80\x94 vault.example/log1 AAAAAAA=\n", &err)); /* our name, another id */
	assert_error(ERR_INTEGRITY,
	    open_with_lines(&signer, "\xe2\x80\x94 other AAAAAAA=\n", false, "", &err));
	assert_says("not signed by \"vault.example/log1\"");
}

static void
a_wrong_signature_of_a_known_key_spoils_the_note(void **state)
{
	/* The right id (c646cf19), but no signature; one byte; 64 wrong ones. */
	static const char *const lines[] = {"\xe2\x80\x94 vault.example/log1 xkbPGQA=\n",
	    "\xe2\x80\x94 vault.example/log1 xkbPGSIWGJ+tfMngO8T7HHtw5fEhyi4QDpUeD29i2jpZX2g74yNJdNGb"
	    "PmtwpbabCa4Gt/avHIGY8X+hJYAJ6lorfwI=\n"};
	SIGNER signer = {0};
	struct err err;
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_error(ERR_INTEGRITY, open_with_lines(&signer, "", true, lines[i], &err));
		assert_says("is wrong");
		assert_error(ERR_INTEGRITY, open_with_lines(&signer, lines[i], true, "", &err));
	}
}

static void
up_to_32_signatures_are_read(void **state)
{
	SIGNER signer = {0};
	struct err err;
	BUF lines = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (unsigned i = 0; i < NOTE_SIGNATURES_MAX - 1; i++)
		buf_text(&lines, "\xe2\x80\x94 other AAAAAAA=\n");
	assert_ok(open_with_lines(&signer, buf_string(&lines), true, "", &err));
	buf_text(&lines, "\xe2\x80\x94 other AAAAAAA=\n");
	assert_error(ERR_INVALID, open_with_lines(&signer, buf_string(&lines), true, "", &err));
}

static void
large_notes_are_refused(void **state)
{
	SIGNER signer = {0};
	struct view opened;
	struct err err;
	BUF text = {0}, note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	while (text.size < NOTE_MAX - 200)
		buf_text(&text, "a line\n");
	assert_ok(note_sign(buf_view(&text), &signer.key, signer.seed, &note, &err));
	assert_ok(note_open(buf_view(&note), &signer.key, &opened, &err));
	while (note.size <= NOTE_MAX)
		buf_text(&note, "\xe2\x80\x94 other AAAAAAA=\n");
	assert_error(ERR_INVALID, note_open(buf_view(&note), &signer.key, &opened, &err));
	while (text.size < NOTE_MAX)
		buf_text(&text, "a line\n");
	assert_error(ERR_INVALID,
	    note_sign(buf_view(&text), &signer.key, signer.seed, &note, &err));
}

static void
an_origin_is_the_name_and_half_the_vault_id(void **state)
{
	static const char *const wrong[] = {"", "a/b", "a b", "a+b", "a_b", "\xc3\xa9",
	    "0123456789012345678901234567890123456789012345678901234567890123456789"};
	struct digest vault;
	char got[ORIGIN_MAX + 1] = "unchanged";
	struct err err;
	(void)state;
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		vault.bytes[i] = (uint8_t)(0xf0 + i);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_error(ERR_INVALID, checkpoint_origin(wrong[i], &vault, got, &err));
	assert_string_equal(got, "unchanged");
	assert_ok(checkpoint_origin("ops.Example-1", &vault, got, &err));
	assert_string_equal(got, "ops.Example-1/f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	assert_ok(checkpoint_origin(wrong[6] + 3, &vault, got, &err)); /* 67 characters */
	assert_int_equal(strlen(got), ORIGIN_MAX);
}

/* The checkpoint of 70 leaves of c2sp-notes.json, without its cosignature. */
static const char checkpoint_note[] =
    "vault.example/log1\n70\n"
    "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4k=\n\n\xe2\x80\x94 vault.example/log1 "
    "xkbPGSIWGJ+tfMngO8T7HHtw5fEhyi4QDpUeD29i2jpZX2g74yNJdNGbPmtwpbabla4Gt/avHIGY8X+hJYAJ6lorfwI=\n";

static void
a_checkpoint_is_the_note_that_others_make(void **state)
{
	SIGNER signer = {0};
	struct checkpoint checkpoint = {.size = 1};
	struct err err;
	BUF note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	assert_ok(checkpoint_open(view_of_text(checkpoint_note), origin, &signer.key.key,
	    &checkpoint, &err));
	assert_int_equal(checkpoint.size, 70);
	assert_string_equal(checkpoint.origin, origin);
	assert_int_equal(checkpoint.root.bytes[0], 0x37);
	assert_ok(checkpoint_sign(&checkpoint, signer.seed, &signer.key.key, &note, &err));
	assert_string_equal(buf_string(&note), checkpoint_note);
}

static void
a_checkpoint_of_another_log_or_key_is_refused(void **state)
{
	SIGNER signer = {0}, other = {0};
	struct checkpoint checkpoint = {.size = 1};
	struct view text = view_of_text("vault.example/log2\n70\n"
	                                "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4k=\n");
	struct err err;
	BUF note = {0};
	(void)state;
	make_signer(origin, seed_hex, &signer);
	make_signer(origin, "22a9dbf396cb3b62edc9c2e364b4a0169f9a96edf3bee3c51ca8ee5e91edd903",
	    &other);
	assert_error(ERR_INTEGRITY,
	    checkpoint_open(view_of_text(checkpoint_note), origin, &other.key.key, &checkpoint,
	        &err));
	assert_error(ERR_INTEGRITY,
	    checkpoint_open(view_of_text(checkpoint_note), "vault.example/log2", &signer.key.key,
	        &checkpoint, &err));
	assert_ok(note_sign(text, &signer.key, signer.seed, &note, &err));
	assert_error(ERR_INTEGRITY,
	    checkpoint_open(buf_view(&note), origin, &signer.key.key, &checkpoint, &err));
	assert_says("another log");
	assert_int_equal(checkpoint.size, 1);
}

static void
checkpoints_have_one_form(void **state)
{
	static const char root[] = "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4k=\n";
	static const struct {
		const char *size, *root;
		enum err_code code;
	} forms[] = {
	    {"0\n", root, ERR_OK},
	    {"9223372036854775807\n", root, ERR_OK},
	    {"9223372036854775808\n", root, ERR_INVALID},
	    {"18446744073709551686\n", root, ERR_INVALID},
	    {"070\n", root, ERR_INVALID},
	    {"00\n", root, ERR_INVALID},
	    {"\n", root, ERR_INVALID},
	    {"+7\n", root, ERR_INVALID},
	    {"-7\n", root, ERR_INVALID},
	    {" 7\n", root, ERR_INVALID},
	    {"7 \n", root, ERR_INVALID},
	    {"0x7\n", root, ERR_INVALID},
	    {"7\n", "\n", ERR_INVALID},
	    {"7\n", "", ERR_INVALID},
	    {"7\n", "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4k\n", ERR_INVALID},
	    {"7\n", "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4l=\n", ERR_INVALID},
	    {"7\n", "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXFw==\n", ERR_INVALID},
	    {"7\n", "N0B9N545CvHumzIbnqLLYtCJ8OksctruDxzTHeqXF4k=\nextension\n", ERR_INVALID},
	};
	SIGNER signer = {0};
	struct checkpoint checkpoint;
	struct err err;
	(void)state;
	make_signer(origin, seed_hex, &signer);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		BUF text = {0}, note = {0};
		buf_format(&text, "%s\n%s%s", origin, forms[i].size, forms[i].root);
		assert_ok(note_sign(buf_view(&text), &signer.key, signer.seed, &note, &err));
		if (checkpoint_open(buf_view(&note), origin, &signer.key.key, &checkpoint, &err) !=
		    forms[i].code)
			fail_msg("form %zu", i);
	}
	checkpoint = (struct checkpoint){.origin = "vault.example/log1", .size = UINT64_MAX};
	BUF note = {0};
	assert_error(ERR_INVALID,
	    checkpoint_sign(&checkpoint, signer.seed, &signer.key.key, &note, &err));
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	assert_non_null(text);
	return text;
}

static void
published_notes_and_keys_are_read_and_made(void **state)
{
	json_t *vectors = log_vectors_open("c2sp-notes.json");
	if (vectors == NULL)
		return;
	const json_t *log = json_object_get(vectors, "log");
	const json_t *witness = json_object_get(vectors, "witness");
	SIGNER signer = {0};
	struct note_key key;
	struct checkpoint checkpoint;
	struct err err;
	BUF vkey = {0};
	(void)state;
	make_signer(member(log, "name"), member(log, "seed_hex"), &signer);
	assert_ok(note_key_format(&signer.key, &vkey, &err));
	assert_string_equal(buf_string(&vkey), member(log, "vkey"));
	assert_ok(note_key_parse(member(log, "vkey"), &key, &err));
	assert_memory_equal(&key.key, &signer.key.key, sizeof(key.key));
	assert_error(ERR_INVALID, note_key_parse(member(witness, "vkey"), &key, &err)); /* type 4 */
	/* The cosignature of a witness stands in it and is nobody's to us. */
	assert_ok(checkpoint_open(view_of_text(member(vectors, "checkpoint_note")),
	    member(log, "name"), &key.key, &checkpoint, &err));
	assert_int_equal(checkpoint.size, 70);
	json_decref(vectors);
}

static int
start(void **state)
{
	struct err err;
	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_example_opens),
	    cmocka_unit_test(every_changed_byte_of_a_note_is_refused),
	    cmocka_unit_test(names_with_spaces_or_plus_cannot_sign),
	    cmocka_unit_test(texts_that_are_not_plain_lines_cannot_be_signed),
	    cmocka_unit_test(blank_lines_within_a_text_stay_in_it),
	    cmocka_unit_test(malformed_signature_lines_are_refused_beside_a_good_one),
	    cmocka_unit_test(unknown_keys_are_ignored_and_do_not_count),
	    cmocka_unit_test(a_wrong_signature_of_a_known_key_spoils_the_note),
	    cmocka_unit_test(up_to_32_signatures_are_read),
	    cmocka_unit_test(large_notes_are_refused),
	    cmocka_unit_test(an_origin_is_the_name_and_half_the_vault_id),
	    cmocka_unit_test(a_checkpoint_is_the_note_that_others_make),
	    cmocka_unit_test(a_checkpoint_of_another_log_or_key_is_refused),
	    cmocka_unit_test(checkpoints_have_one_form),
	    cmocka_unit_test(published_notes_and_keys_are_read_and_made),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
