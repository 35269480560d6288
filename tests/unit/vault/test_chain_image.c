/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/chain_image.c; that a chain goes on from its image as if nothing had been, chain_bench.h sees to. */
#include "tests/unit/chain_bench.h"

static void
a_former_charter_is_read_when_it_is_asked_for(void **state)
{
	VAULT vault = {0};
	CHAIN chain = {0};
	struct err err;
	const struct charter *charter;

	(void)state;
	found_vault(&vault);
	for (int i = 0; i < 3; i++)
		fine(add_charter(&vault, &err), &err);
	resume(&vault, &chain);
	assert_int_equal(chain.charter_count, 4);
	for (size_t i = 0; i < 3; i++) {
		assert_null(chain.charters[i]);
		fine(chain_charter(&chain, i, &charter, &err), &err);
		assert_true(digest_equal(&charter->digest, &vault.chain.charters[i]->digest));
	}
}

/* Whoever keeps an image keeps it where nobody else writes: what is damaged there is refused, or read without harm. */
static void
a_damaged_image_is_refused(void **state)
{
	VAULT vault = {0};
	struct err err;
	BUF image = {0};

	(void)state;
	found_vault(&vault);
	fine(suspend(&vault, INFRA, "audit", token_of(&vault, AUDIT), &err), &err);
	put_alice(&vault, 0, 0);
	fine(add_roster(&vault, NULL, &err), &err);
	fine(chain_image(&vault.chain, &image, &err), &err);
	for (size_t i = 0; i < image.size; i++) {
		CHAIN cut = {.vault = vault.chain.vault,
		    .fetch = fetch_document,
		    .context = &vault};
		CHAIN turned = {.vault = vault.chain.vault,
		    .fetch = fetch_document,
		    .context = &vault};

		expect_error(chain_resume(view_of(image.data, i), &cut, &err), ERR_INTEGRITY, &err,
		    "damaged");
		image.data[i] ^= 0x80;
		if (chain_resume(buf_view(&image), &turned, &err) == ERR_OK)
			assert_int_equal(turned.document_count, vault.chain.document_count);
		image.data[i] ^= 0x80;
	}
	buf_u8(&image, 0);
	CHAIN longer = {.vault = vault.chain.vault, .fetch = fetch_document, .context = &vault};
	expect_error(chain_resume(buf_view(&image), &longer, &err), ERR_INTEGRITY, &err, "damaged");
}

static void
an_image_of_another_vault_is_refused(void **state)
{
	VAULT vault = {0};
	CHAIN chain = {.fetch = fetch_document, .context = &vault};
	struct err err;
	BUF image = {0};

	(void)state;
	found_vault(&vault);
	fine(chain_image(&vault.chain, &image, &err), &err);
	expect_error(chain_resume(buf_view(&image), &chain, &err), ERR_INTEGRITY, &err,
	    "another first charter");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_former_charter_is_read_when_it_is_asked_for),
	    cmocka_unit_test(a_damaged_image_is_refused),
	    cmocka_unit_test(an_image_of_another_vault_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
