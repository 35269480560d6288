/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/server/vault/host.c, ceremony/server/vault/escrow.c, ceremony/server/vault/copy_sink.c: files with keys and values, and their ends. */
#include "ceremony/server/vault/host.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/process.h"
#include "ceremony/server/vault/copy_sink.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/folder.h"
#include "tests/unit/check.h"

struct bench {
	char folder[64];
};

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_ok(crypto_start(&err));
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-host-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_ok(folder_make(bench->folder, &err));
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench);
	return 0;
}

static void
read_path(const char *path, struct buf *ret_bytes)
{
	struct err err;

	ret_bytes->size = 0;
	assert_ok(file_read(path, 1024 * 1024, ret_bytes, &err));
}

static void
write_path(const char *path, struct view bytes)
{
	struct err err;

	assert_ok(file_write(path, bytes, 0600, &err));
}

#define HOST_KEYS CLEANUP(host_keys_done) struct host_keys

/* --- Host keys ---------------------------------------------------------------------------- */

static void
host_keys_come_back_as_they_were_made(void **state)
{
	const struct bench *bench = *state;
	HOST_KEYS made = {0}, loaded = {0}, again = {0};
	struct err err;
	struct stat status;
	char path[4096];

	assert_ok(host_keys_make(bench->folder, &made, &err));
	assert_ok(host_keys_load(bench->folder, &loaded, &err));
	assert_memory_equal(&made.statement_public, &loaded.statement_public, ED25519_SIZE);
	assert_memory_equal(&made.log_public, &loaded.log_public, ED25519_SIZE);
	assert_true(point_equal(&made.escrow_public, &loaded.escrow_public));
	assert_memory_not_equal(&made.statement_public, &made.log_public, ED25519_SIZE);
	assert_error(ERR_EXISTS, host_keys_make(bench->folder, &again, &err));
	assert_ok(file_path(bench->folder, "host.key", path, &err));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void
a_host_key_that_others_can_read_is_refused(void **state)
{
	const struct bench *bench = *state;
	HOST_KEYS loaded = {0};
	struct err err;
	char path[4096];

	assert_ok(file_path(bench->folder, "host.key", path, &err));
	assert_int_equal(chmod(path, 0640), 0);
	assert_error(ERR_REFUSED, host_keys_load(bench->folder, &loaded, &err));
	assert_int_equal(chmod(path, 0600), 0);
}

static void
a_damaged_host_key_is_named(void **state)
{
	const struct bench *bench = *state;
	struct err err;
	BUF good = {0};
	char path[4096];

	assert_ok(file_path(bench->folder, "host.key", path, &err));
	read_path(path, &good);
	for (size_t size = 0; size < good.size; size += 7) {
		HOST_KEYS loaded = {0};

		write_path(path, view_of(good.data, size));
		assert_error(ERR_INTEGRITY, host_keys_load(bench->folder, &loaded, &err));
		assert_says("host.key");
	}
	HOST_KEYS loaded = {0};
	good.data[5] = 2;
	write_path(path, buf_view(&good));
	assert_error(ERR_VERSION, host_keys_load(bench->folder, &loaded, &err));
	good.data[5] = 1;
	memset(good.data + 70, 0xff, 32); /* no scalar of P-256 */
	write_path(path, buf_view(&good));
	assert_int_not_equal(host_keys_load(bench->folder, &loaded, &err), ERR_OK);
	assert_int_equal(unlink(path), 0);
	assert_error(ERR_NOT_FOUND, host_keys_load(bench->folder, &loaded, &err));
}

static void
the_vault_id_is_written_once(void **state)
{
	const struct bench *bench = *state;
	struct err err;
	struct digest id = {{1, 2, 3}}, read, other = {{4}};
	char path[4096];

	assert_error(ERR_NOT_FOUND, host_read_vault_id(bench->folder, &read, &err));
	assert_ok(host_write_vault_id(bench->folder, &id, &err));
	assert_ok(host_write_vault_id(bench->folder, &id, &err));
	assert_ok(host_read_vault_id(bench->folder, &read, &err));
	assert_true(digest_equal(&id, &read));
	assert_error(ERR_EXISTS, host_write_vault_id(bench->folder, &other, &err));
	assert_ok(file_path(bench->folder, "vault.id", path, &err));
	write_path(path, view_of_text("0102"));
	assert_error(ERR_INTEGRITY, host_read_vault_id(bench->folder, &read, &err));
}

/* --- Ceremony keys ------------------------------------------------------------------------ */

static void
an_erased_ceremony_key_is_gone(void **state)
{
	const struct bench *bench = *state;
	struct err err;
	struct id id = {{7}};
	struct point made, loaded;
	P256_KEY *key = NULL, *none = NULL;
	SECRET *lease = NULL;

	assert_ok(ceremony_key_make(bench->folder, &id, &made, &err));
	assert_ok(ceremony_key_load(bench->folder, &id, &key, &lease, &err));
	p256_key_public(key, &loaded);
	assert_true(point_equal(&made, &loaded));
	assert_error(ERR_EXISTS, ceremony_key_make(bench->folder, &id, &made, &err));
	assert_ok(ceremony_key_erase(bench->folder, &id, &err));
	assert_error(ERR_NOT_FOUND, ceremony_key_load(bench->folder, &id, &none, &lease, &err));
	assert_ok(ceremony_key_erase(bench->folder, &id, &err));
}

static void
leftovers_of_dead_writers_are_swept_and_those_of_living_ones_stay(void **state)
{
	const struct bench *bench = *state;
	struct err err;
	char dead[300], alive[300], other[300];

	/* No process has a number beyond the kernel's largest. */
	snprintf(dead, sizeof(dead), "%s/escrow/.0123.tmp.4194999", bench->folder);
	snprintf(alive, sizeof(alive), "%s/ceremony/.0123.key.tmp.%d", bench->folder,
	    (int)getpid());
	snprintf(other, sizeof(other), "%s/.notes", bench->folder);
	write_path(dead, view_of_text("key"));
	write_path(alive, view_of_text("key"));
	write_path(other, view_of_text("mine"));
	assert_ok(folder_sweep(bench->folder, &err));
	assert_false(file_exists(dead));
	assert_true(file_exists(alive));
	assert_true(file_exists(other));
	unlink(alive);
}

/* --- Escrow ------------------------------------------------------------------------------- */

static struct secret *
password(const char *value)
{
	struct err err;
	struct secret *credential = NULL;

	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text(value), &err));
	return credential;
}

static void
fill(struct escrow *escrow, const char *first, const char *second)
{
	const struct digest four = {{4}}, five = {{5}};
	struct err err;

	escrow->vault = (struct digest){{1}};
	escrow->debt = (struct id){{2}};
	escrow->secret = (struct secret_id){{3}};
	assert_ok(escrow_add(escrow, 4, &four, password(first), &err));
	assert_ok(escrow_add(escrow, 5, &five, password(second), &err));
}

static void
values_in_escrow_come_back_and_are_not_in_the_file(void **state)
{
	const struct bench *bench = *state;
	ESCROW written = {0};
	HOST_KEYS keys = {0};
	struct err err;
	BUF file = {0};
	char path[4096];

	assert_ok(host_keys_make(bench->folder, &keys, &err));
	fill(&written, "old-and-known", "new-and-unknown");
	assert_ok(escrow_write(bench->folder, &written, &keys, &err));
	ESCROW read = {.vault = written.vault, .debt = written.debt, .secret = written.secret};
	assert_ok(escrow_read(bench->folder, &keys, &read, &err));
	assert_int_equal(read.count, 2);
	assert_true(secret_equal(escrow_find(&read, 4), escrow_find(&written, 4)));
	assert_true(secret_equal(escrow_find(&read, 5), escrow_find(&written, 5)));
	assert_memory_equal(&read.values[1].header, &written.values[1].header, DIGEST_SIZE);
	assert_null(escrow_find(&read, 6));
	assert_ok(host_id_path(bench->folder, "escrow", &written.debt, "", path, &err));
	read_path(path, &file);
	assert_null(memmem(file.data, file.size, "known", 5));
	assert_ok(escrow_erase(bench->folder, &written.debt, &err));
	assert_false(file_exists(path));
	ESCROW gone = {.vault = written.vault, .debt = written.debt, .secret = written.secret};
	assert_error(ERR_NOT_FOUND, escrow_read(bench->folder, &keys, &gone, &err));
}

static void
every_changed_byte_and_every_cut_of_an_escrow_file_is_an_alarm(void **state)
{
	const struct bench *bench = *state;
	ESCROW written = {0};
	HOST_KEYS keys = {0};
	struct err err;
	BUF file = {0};
	char path[4096];

	assert_ok(host_keys_load(bench->folder, &keys, &err));
	fill(&written, "a", "b");
	assert_ok(escrow_write(bench->folder, &written, &keys, &err));
	assert_ok(host_id_path(bench->folder, "escrow", &written.debt, "", path, &err));
	read_path(path, &file);
	for (size_t i = 0; i < file.size; i++) {
		ESCROW read = {.vault = written.vault,
		    .debt = written.debt,
		    .secret = written.secret};

		file.data[i] ^= 1;
		write_path(path, buf_view(&file));
		enum err_code code = escrow_read(bench->folder, &keys, &read, &err);
		assert_true(code == ERR_INTEGRITY || code == ERR_VERSION);
		assert_int_equal(read.count, 0);
		file.data[i] ^= 1;
	}
	for (size_t size = 0; size < file.size; size += 3) {
		ESCROW read = {.vault = written.vault,
		    .debt = written.debt,
		    .secret = written.secret};

		write_path(path, view_of(file.data, size));
		assert_error(ERR_INTEGRITY, escrow_read(bench->folder, &keys, &read, &err));
	}
	ESCROW read = {.vault = written.vault, .debt = written.debt, .secret = written.secret};
	buf_u8(&file, 0);
	write_path(path, buf_view(&file));
	assert_error(ERR_INTEGRITY, escrow_read(bench->folder, &keys, &read, &err));
}

static void
an_escrow_file_is_bound_to_vault_debt_and_secret(void **state)
{
	const struct bench *bench = *state;
	ESCROW written = {0};
	HOST_KEYS keys = {0};
	struct err err;

	assert_ok(host_keys_load(bench->folder, &keys, &err));
	fill(&written, "a", "b");
	assert_ok(escrow_write(bench->folder, &written, &keys, &err));
	ESCROW other_vault = {.vault = {{9}}, .debt = written.debt, .secret = written.secret};
	assert_error(ERR_INTEGRITY, escrow_read(bench->folder, &keys, &other_vault, &err));
	ESCROW other_secret = {.vault = written.vault, .debt = written.debt, .secret = {{9}}};
	assert_error(ERR_INTEGRITY, escrow_read(bench->folder, &keys, &other_secret, &err));
	char path[4096], moved[4096];
	struct id other = {{9}};
	assert_ok(host_id_path(bench->folder, "escrow", &written.debt, "", path, &err));
	assert_ok(host_id_path(bench->folder, "escrow", &other, "", moved, &err));
	assert_int_equal(rename(path, moved), 0);
	ESCROW other_debt = {.vault = written.vault, .debt = other, .secret = written.secret};
	assert_error(ERR_INTEGRITY, escrow_read(bench->folder, &keys, &other_debt, &err));
}

static void
an_escrow_holds_eight_values_of_the_largest_size(void **state)
{
	const struct bench *bench = *state;
	ESCROW escrow = {.vault = {{1}}, .debt = {{2}}, .secret = {{3}}};
	HOST_KEYS keys = {0};
	struct err err;
	char *large = calloc(1, CREDENTIAL_MAX + 1);
	const struct digest header = {{0}};

	assert_non_null(large);
	memset(large, 'x', CREDENTIAL_MAX);
	assert_ok(host_keys_load(bench->folder, &keys, &err));
	for (uint32_t i = 1; i <= ESCROW_VALUES; i++)
		assert_ok(escrow_add(&escrow, i, &header, password(large), &err));
	assert_error(ERR_REFUSED, escrow_add(&escrow, 9, &header, password("one more"), &err));
	assert_ok(escrow_add(&escrow, 3, &header, password(large), &err)); /* replaces */
	assert_int_equal(escrow.count, ESCROW_VALUES);
	assert_ok(escrow_write(bench->folder, &escrow, &keys, &err));
	ESCROW read = {.vault = escrow.vault, .debt = escrow.debt, .secret = escrow.secret};
	assert_ok(escrow_read(bench->folder, &keys, &read, &err));
	assert_int_equal(read.count, ESCROW_VALUES);
	free(large);
}

/* --- The copy sink ------------------------------------------------------------------------ */

static void
a_copy_sink_must_be_a_folder_that_takes_files(void **state)
{
	const struct bench *bench = *state;
	struct err err;
	char sink[300];

	assert_ok(copy_check("none", NULL, &err));
	assert_error(ERR_INVALID, copy_check("directory:relative", NULL, &err));
	assert_error(ERR_INVALID, copy_check("s3:bucket", NULL, &err));
	assert_error(ERR_INVALID, copy_check("", NULL, &err));
	snprintf(sink, sizeof(sink), "directory:%s", bench->folder);
	assert_ok(copy_check(sink, NULL, &err));
	snprintf(sink, sizeof(sink), "directory:%s/nowhere", bench->folder);
	assert_error(ERR_NOT_FOUND, copy_check(sink, NULL, &err));
	assert_says("nowhere for copies: make it");
	snprintf(sink, sizeof(sink), "directory:/dev/null");
	assert_error(ERR_IO, copy_check(sink, NULL, &err));
	assert_says("copy sink: ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(host_keys_come_back_as_they_were_made),
	    cmocka_unit_test(a_host_key_that_others_can_read_is_refused),
	    cmocka_unit_test(a_damaged_host_key_is_named),
	    cmocka_unit_test(the_vault_id_is_written_once),
	    cmocka_unit_test(an_erased_ceremony_key_is_gone),
	    cmocka_unit_test(leftovers_of_dead_writers_are_swept_and_those_of_living_ones_stay),
	    cmocka_unit_test(values_in_escrow_come_back_and_are_not_in_the_file),
	    cmocka_unit_test(every_changed_byte_and_every_cut_of_an_escrow_file_is_an_alarm),
	    cmocka_unit_test(an_escrow_file_is_bound_to_vault_debt_and_secret),
	    cmocka_unit_test(an_escrow_holds_eight_values_of_the_largest_size),
	    cmocka_unit_test(a_copy_sink_must_be_a_folder_that_takes_files),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
