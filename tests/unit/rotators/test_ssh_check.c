/* SPDX-License-Identifier: Apache-2.0 */
/* What `check` can tell without a host: nobody listens on the target's port. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "rotators/ssh/check.h"
#include "tests/unit/check.h"

#define HOST_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP"

/* The handle of a key in a token, made for this test. */
static const char token_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAASgAAABpzay1zc2\n"
    "gtZWQyNTUxOUBvcGVuc3NoLmNvbQAAACAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRob\n"
    "HB0eHwAAAARzc2g6AAAAaAAAAAcAAAAHAAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY2\n"
    "9tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDoBAAAABmhh\n"
    "bmRsZQAAAAAAAAACbWUB\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

static int
start(void **state)
{
	struct err err;

	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

/* Each of WORDS (NULL at the end) is in one part of ERR, in this order, and there are no other parts. */
static void
assert_parts(const struct err *err, const char *const *words)
{
	size_t part = 0;

	for (; words[part] != NULL; part++) {
		char text[ERR_TEXT_SIZE];

		err_copy_part(err, part, text);
		if (strstr(text, words[part]) == NULL)
			print_error("\"%s\" is not in part %zu of: %s\n", words[part], part,
			    err->text);
		assert_non_null(strstr(text, words[part]));
	}
	assert_int_equal(err_parts(err), part);
}

static enum err_code
read_account(const char *text, struct ssh_account *ret_account, struct err *err)
{
	JSON *json = NULL;

	assert_int_equal(json_parse(view_of_text(text), &json, err), ERR_OK);
	return ssh_account_read(json, ret_account, err);
}

static void
every_wrong_member_of_a_target_is_told_once(void **state)
{
	static const struct {
		const char *target;
		const char *words[ERR_PARTS + 2];
	} rows[] = {
	    {"{\"host\":\"-x\",\"port\":\"0\",\"user\":\"a b\",\"host_key\":\"ssh-ed25519 AAAA\",\"authorized_keys\":\"x\","
	     "\"access\":\"local\",\"hots\":1}",
	        {"port", "host_key", "host: must be", "user",
	            "authorized_keys: must be an absolute", "hots"}},
	    {"{\"host\":\"a\",\"user\":\"a\",\"host_key\":1,\"authorized_keys\":\"x\",\"access\":\"ssh\",\"key_type\":\"x\","
	     "\"jump\":{\"port\":0,\"user\":\"b\",\"host_key\":\"" HOST_KEY
	     "\",\"key_file\":\"x\",\"y\":1}}",
	        {"target: host_key", "target: key_type", "target: jump: \"host\" is missing",
	            "jump: port", "jump: key_file: must be an absolute", "jump: member \"y\""}},
	    {"{\"host\":\"a\",\"user\":\"nobody-has-this\",\"host_key\":\"" HOST_KEY
	     "\",\"authorized_keys\":\"/x\",\"access\":\"local\","
	     "\"jump\":{}}",
	        {"jump: goes with access ssh", "jump: \"key_file\" is missing",
	            "jump: \"host\" is missing", "jump: \"user\" is missing",
	            "jump: \"host_key\" is missing", "no account nobody-has-this"}},
	    {"{}",
	        {"\"authorized_keys\" is missing", "\"host\" is missing", "\"user\" is missing",
	            "\"host_key\" is missing", "\"access\" is missing"}},
	};
	struct ssh_account account;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_not_equal(read_account(rows[i].target, &account, &err), ERR_OK);
		assert_parts(&err, rows[i].words);
	}
}

/* A credential of user name USER and private key TEXT. */
static void
make_value(const char *user, const char *text, struct secret **ret_value)
{
	SECRET *named = NULL;
	struct err err;

	assert_ok(rotation_replace(NULL, FIELD_USERNAME, view_of_text(user), &named, &err));
	assert_ok(rotation_replace(named, FIELD_PRIVATE_KEY, view_of_text(text), ret_value, &err));
}

static void
add_certificate(struct secret **value)
{
	SECRET *with = NULL;
	struct err err;

	assert_ok(rotation_replace(*value, FIELD_CERTIFICATE,
	    view_of_text("ssh-ed25519-cert-v01 x"), &with, &err));
	secret_free(*value);
	*value = TAKE(with);
}

static void
faults_of_the_values_and_of_the_file_are_told_at_once(void **state)
{
	static const char *const words[] = {"the current value: the private key (sk-ssh-ed25519",
	    "the current value has a certificate", "the next value: ", "the next value's username",
	    "other hard links", "larger than 1024 KiB", "can be written by other users", NULL};
	char folder[] = "/tmp/halligan-test-XXXXXX", path[60], twin[60];
	struct ssh_account account = {.local = true,
	    .owner = geteuid(),
	    .target = {.host = "127.0.0.1", .user = "root", .port = 1}};
	struct rotation rotation = {.deadline = process_milliseconds() + 5000};
	SECRET *current = NULL, *next = NULL;
	struct control control = {0};
	struct err err;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/keys", folder);
	(void)snprintf(twin, sizeof(twin), "%s/twin", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 1024 * 1024 + 1), 0);
	assert_int_equal(fchmod(fileno(file), 0666), 0);
	fclose(file);
	assert_int_equal(link(path, twin), 0);
	memcpy(account.path, path, sizeof(path));
	assert_ok(ssh_public_parse(view_of_text(HOST_KEY), &account.target.host_key, &err));
	make_value("me", token_file, &current);
	add_certificate(&current);
	make_value("me", "no key", &next);
	rotation.current = current;
	rotation.next = next;

	assert_int_equal(ssh_check(&control, &account, &rotation, &err), ERR_REFUSED);
	assert_parts(&err, words);
	unlink(twin);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_wrong_member_of_a_target_is_told_once),
	    cmocka_unit_test(faults_of_the_values_and_of_the_file_are_told_at_once),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
