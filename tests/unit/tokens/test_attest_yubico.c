/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/attest/piv.c against certificates of real tokens. */
#include <stdio.h>

#include "base/file.h"
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"
#include "tokens/attest/chain.h"

/* False, after saying so, when the folder is not there. */
static bool
read_pem(const char *name, struct buf *ret_der, struct view views[ATTEST_CERTIFICATES_MAX],
    size_t *ret_count)
{
	const char *folder = getenv("HALLIGAN_VECTORS");
	char path[4096];
	struct err err;
	BUF pem = {0};

	if (folder == NULL || folder[0] == '\0')
		folder = HALLIGAN_SOURCE "/../shared/vectors";
	assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path));
	if (!file_exists(path)) {
		printf("# skipped: there is no vector file %s (HALLIGAN_VECTORS)\n", name);
		return false;
	}
	assert_ok(file_read(path, 65536, &pem, &err));
	assert_ok(attest_split_pem(buf_view(&pem), ret_der, views, ret_count, &err));
	return true;
}

static struct attest_policy
yubico_policy(void)
{
	struct attest_policy policy = {.root_count = attest_yubico_root_count,
	    .min_firmware = {5, 7, 0}};

	memcpy(policy.roots, attest_yubico_roots,
	    attest_yubico_root_count * sizeof(attest_yubico_roots[0]));
	return policy;
}

static void
a_real_yubikey_of_firmware_5_4_3_chains_but_is_too_old(void **state)
{
	struct view slot[ATTEST_CERTIFICATES_MAX], device[ATTEST_CERTIFICATES_MAX];
	struct view roots[ATTEST_CERTIFICATES_MAX];
	struct attest_policy policy = yubico_policy();
	struct attest_facts facts;
	size_t count;
	struct err err;
	BUF slot_der = {0};
	BUF device_der = {0};
	BUF roots_der = {0};

	(void)state;
	if (!read_pem("yubico/yk5-9a-attest.pem", &slot_der, slot, &count) ||
	    !read_pem("yubico/yk5-f9.pem", &device_der, device, &count) ||
	    !read_pem("yubico/roots.pem", &roots_der, roots, &count))
		return;
	assert_error(ERR_REFUSED,
	    attest_verify(slot[0], device[0], roots, count, &policy, &facts, &err));
	assert_says("has firmware 5.4.3, and the charter asks for 5.7.0 or later");
	memcpy(policy.min_firmware, (const uint8_t[]){5, 4, 3}, 3);
	/* Its chain is right; its key, made for something else, asks for no touch. */
	assert_error(ERR_REFUSED,
	    attest_verify(slot[0], device[0], roots, count, &policy, &facts, &err));
	assert_says("the key on token 15732500 does not ask for a touch each time");
	struct view all[] = {slot[0], device[0], roots[1]};
	certificates_spoil(all, ARRAY_SIZE(all), &policy, "does not ask for a touch each time");
	policy.roots[1] = policy.roots[0];
	assert_error(ERR_REFUSED,
	    attest_verify(slot[0], device[0], roots, count, &policy, &facts, &err));
	assert_says("does not chain");
}

static void
a_yubikey_4_is_refused(void **state)
{
	struct view slot[ATTEST_CERTIFICATES_MAX], device[ATTEST_CERTIFICATES_MAX];
	struct view roots[ATTEST_CERTIFICATES_MAX];
	struct attest_policy policy = yubico_policy();
	struct attest_facts facts;
	size_t count;
	struct err err;
	BUF slot_der = {0};
	BUF device_der = {0};
	BUF roots_der = {0};

	(void)state;
	if (!read_pem("yubico/yk4-9a-attest.pem", &slot_der, slot, &count) ||
	    !read_pem("yubico/yk4-f9.pem", &device_der, device, &count) ||
	    !read_pem("yubico/roots.pem", &roots_der, roots, &count))
		return;
	assert_error(ERR_REFUSED,
	    attest_verify(slot[0], device[0], roots, count, &policy, &facts, &err));
	/* Even where somebody pins its root and takes any firmware. */
	memset(policy.min_firmware, 0, 3);
	assert_int_equal(count, 3);
	assert_ok(sha256_one(roots[2], &policy.roots[0], &err));
	assert_error(ERR_REFUSED,
	    attest_verify(slot[0], device[0], roots, count, &policy, &facts, &err));
}

static void
the_pinned_fingerprints_are_those_of_yubico_s_roots(void **state)
{
	struct view roots[ATTEST_CERTIFICATES_MAX];
	struct digest digest;
	size_t count;
	struct err err;
	BUF der = {0};

	(void)state;
	if (!read_pem("yubico/roots.pem", &der, roots, &count))
		return;
	for (size_t i = 0; i < attest_yubico_root_count; i++) {
		assert_ok(sha256_one(roots[i], &digest, &err));
		assert_true(digest_equal(&digest, &attest_yubico_roots[i]));
	}
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	assert_ok(crypto_start(&err));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_real_yubikey_of_firmware_5_4_3_chains_but_is_too_old),
	    cmocka_unit_test(a_yubikey_4_is_refused),
	    cmocka_unit_test(the_pinned_fingerprints_are_those_of_yubico_s_roots),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
