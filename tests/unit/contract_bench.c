/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/contract_bench.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] = "#!/bin/sh\n"
                           "read -r target || exit 9\n"
                           "t=${target#*trace\\\":\\\"}; t=${t%%\\\"*}\n"
                           "ask() { read -r line || exit 0; }\n"
                           "say() { printf '%s\\n' \"$1\"; }\n";

static void
make_value(const char *username, const char *password, struct secret **ret_value)
{
	struct err err;

	assert_ok(credential_new(ret_value, &err));
	if (username != NULL)
		assert_ok(credential_add(*ret_value, FIELD_USERNAME, view_of_text(username), &err));
	assert_ok(credential_add(*ret_value, FIELD_PASSWORD, view_of_text(password), &err));
}

int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/halligan-rotate-test",
	    fixture->folder);
	(void)snprintf(fixture->trace, sizeof(fixture->trace), "%s/trace", fixture->folder);
	fixture->target = json_new_object();
	json_put_text(fixture->target, "trace", fixture->trace);
	make_value("root", PASSWORD, &fixture->current);
	make_value(NULL, NEXT_PASSWORD, &fixture->next);
	make_value("admin", OTHER_PASSWORD, &fixture->via);
	*state = fixture;
	return 0;
}

int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	unlink(fixture->trace);
	rmdir(fixture->folder);
	json_free(fixture->target);
	secret_free(fixture->current);
	secret_free(fixture->next);
	secret_free(fixture->via);
	free(fixture);
	return 0;
}

void
install(struct fixture *fixture, const char *body)
{
	const struct rotator_places places = {.shipped = fixture->folder};
	struct rotator_found found;
	struct err err;
	FILE *file;

	unlink(fixture->path);
	file = fopen(fixture->path, "w");
	assert_non_null(file);
	assert_true(fputs(head, file) >= 0 && fputs(body, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(fixture->path, 0700), 0);
	assert_ok(rotator_find(&places, "test", &found, &err));
	assert_string_equal(found.path, fixture->path);
	fixture->hash = found.hash;
}

struct rotator_start
start_of(const struct fixture *fixture)
{
	return (struct rotator_start){.path = fixture->path,
	    .hash = fixture->hash,
	    .target = fixture->target,
	    .current = secret_view(fixture->current),
	    .next = secret_view(fixture->next),
	    .seconds = 10};
}

static struct rotator *
start_with(const struct rotator_start *how)
{
	struct rotator *rotator = NULL;
	struct err err;

	assert_ok(rotator_start(how, &rotator, &err));
	return rotator;
}

struct rotator *
start_within(struct fixture *fixture, unsigned seconds, const char *body)
{
	install(fixture, body);
	struct rotator_start how = start_of(fixture);

	how.seconds = seconds;
	return start_with(&how);
}

struct rotator *
start(struct fixture *fixture, const char *body)
{
	return start_within(fixture, 10, body);
}

struct rotator *
start_with_all(struct fixture *fixture, const char *body)
{
	install(fixture, body);
	struct rotator_start how = start_of(fixture);

	how.via = secret_view(fixture->via);
	how.name = LONGEST_NAME;
	return start_with(&how);
}

struct rotator *
start_to_make(struct fixture *fixture, const char *body)
{
	install(fixture, body);
	struct rotator_start how = start_of(fixture);

	how.next = view_of(NULL, 0);
	how.name = "halligan-0f1e";
	return start_with(&how);
}

void
assert_detail(const struct rotator *rotator, const char *part)
{
	if (strstr(rotator_detail(rotator), part) == NULL)
		fail_msg("detail \"%s\" does not say \"%s\"", rotator_detail(rotator), part);
}
