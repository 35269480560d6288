/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a slot certificate says, with a good signature under it: a lying device.  u8 flags (1: a
 * negative certificate serial, 2: expired), then lp8 subject, firmware, serial, policies, form
 * factor, and firmware once more.
 */
#include <string.h>

#include "tests/fuzz/target.h"
#include "tests/unit/certificates.h"
#include "tokens/formats/tlv.h"

struct authorities {
	struct authority root, device;
	EVP_PKEY *key;
	struct attest_policy policy;
};

static const struct authorities *
authorities(void)
{
	static struct authorities all;

	if (all.key != NULL)
		return &all;
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &all.root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &all.root,
	    &all.device);
	all.key = EVP_EC_gen("P-256");
	all.policy = (struct attest_policy){.roots = {all.root.fingerprint},
	    .root_count = 1,
	    .min_firmware = {5, 7, 0}};
	return &all;
}

/* A name that X.509 can carry. */
static void
name_of(struct view text, char ret_name[64])
{
	size_t size = text.size < 63 ? text.size : 63;

	memset(ret_name, 0, 64);
	for (size_t i = 0; i < size; i++)
		ret_name[i] = (char)(' ' + text.data[i] % 95);
	if (size == 0)
		ret_name[0] = '-';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct authorities *all = authorities();
	struct reader reader = reader_of(view_of(data, size));
	struct recipe recipe = {0};
	struct attest_facts facts;
	char subject[64];
	uint32_t serial;
	struct view content;
	struct err err;
	BUF slot = {0};

	uint8_t flags = reader_u8(&reader);
	recipe.negative = (flags & 1) != 0;
	recipe.expired = (flags & 2) != 0;
	name_of(reader_lp8(&reader, 255), subject);
	recipe.subject = subject;
	recipe.firmware = reader_lp8(&reader, 255);
	recipe.serial = reader_lp8(&reader, 255);
	recipe.policies = reader_lp8(&reader, 255);
	recipe.form = reader_lp8(&reader, 255);
	recipe.twice = reader_lp8(&reader, 255);
	certificate_make(&recipe, all->key, &all->device, &slot);
	struct view root = buf_view(&all->root.der);
	if (attest_verify(buf_view(&slot), buf_view(&all->device.der), &root, 1, &all->policy,
	        &facts, &err) != ERR_OK)
		return 0;
	MUST(recipe.firmware.size == 3 && recipe.policies.size == 2 && recipe.twice.size == 0);
	MUST(tlv_only_der(recipe.serial, 2, &content) && tlv_u32(content, &serial));
	MUST(serial == facts.serial && facts.touch == TOUCH_ALWAYS && !facts.simulated);
	MUST(facts.pin == PIN_ONCE || facts.pin == PIN_ALWAYS);
	return 0;
}
