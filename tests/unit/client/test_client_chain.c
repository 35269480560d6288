/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does with charters that are not what their founders signed. */
#include "ceremony/client/sync.h"
#include "tests/unit/client/town.h"

/* What the reply to `chain` becomes. */
static enum err_code
sync_with_charter(struct town *town, const struct dsse *charter, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;

	town_swap(town, "chain", "documents", charter);
	fine(town_connect(town, TOWN_CISO, &client, err), err);
	return client_sync(client, &view, err);
}

static void
copy_charter(const struct town *town, struct dsse *ret_copy)
{
	struct err err;

	dsse_done(ret_copy);
	fine(dsse_set(ret_copy, town->charter.type, buf_view(&town->charter.payload), &err), &err);
	memcpy(ret_copy->signatures, town->charter.signatures, sizeof(ret_copy->signatures));
	ret_copy->count = town->charter.count;
}

static void
a_flipped_byte_anywhere_in_the_charter_is_refused(void **state)
{
	struct town town;
	struct err err;
	DSSE flipped = {0};
	enum { STRIDE = 41 };

	(void)state;
	town_open(&town);
	for (size_t at = 0; at < town.charter.payload.size; at += STRIDE) {
		enum err_code code;

		copy_charter(&town, &flipped);
		flipped.payload.data[at] ^= 1;
		code = sync_with_charter(&town, &flipped, &err);
		if (code != ERR_INTEGRITY)
			fail_msg("byte %zu: %s", at, code == ERR_OK ? "believed" : err.text);
	}
	town_close(&town);
}

static void
a_charter_without_a_founders_signature_is_refused(void **state)
{
	struct town town;
	struct err err;
	DSSE fewer = {0};

	(void)state;
	town_open(&town);
	copy_charter(&town, &fewer);
	fewer.count--;
	expect_error(sync_with_charter(&town, &fewer, &err), ERR_INTEGRITY, &err, "charter 1");
	town_close(&town);
}

/* Letter for letter: what differs in a signature alone has the same digest as a document. */
static void
a_document_that_was_verified_is_verified_again_once_a_signature_differs(void **state)
{
	struct town town;
	struct err err;
	CLIENT *client = NULL;
	const struct vault_view *view;
	DSSE other = {0};

	(void)state;
	town_open(&town);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(client_sync(client, &view, &err), &err);
	client_freep(&client);
	copy_charter(&town, &other);
	fine(sync_with_charter(&town, &other, &err), &err);
	other.signatures[0].sig[other.signatures[0].size - 1] ^= 1;
	expect_error(sync_with_charter(&town, &other, &err), ERR_INTEGRITY, &err, "charter 1");
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flipped_byte_anywhere_in_the_charter_is_refused),
	    cmocka_unit_test(a_charter_without_a_founders_signature_is_refused),
	    cmocka_unit_test(
	        a_document_that_was_verified_is_verified_again_once_a_signature_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
