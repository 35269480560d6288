/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/class.c: which versions are alike. */
#include "vault/documents/class.h"

#include <stdio.h>

#include "tests/unit/check.h"

enum { ENVELOPES = 2, SPARES = 2 };

/* A version as far as it matters. */
struct facts {
	const char *policy;
	struct header *header;
	struct reach_spare spares[SPARES];
	size_t spare_count;
};

static void
facts_done(struct facts *facts)
{
	header_freep(&facts->header);
}
#define FACTS CLEANUP(facts_done) struct facts

static struct digest
all(uint8_t byte)
{
	struct digest digest;

	memset(digest.bytes, byte, sizeof(digest.bytes));
	return digest;
}

static void
facts_of(struct facts *facts)
{
	struct err err;

	*facts = (struct facts){.policy = "production",
	    .spares = {{all(0x51), 0, true}, {all(0x52), 1, false}},
	    .spare_count = SPARES};
	assert_ok(header_new(&facts->header, &err));
	snprintf(facts->header->quorum, sizeof(facts->header->quorum), "2 of (ciso, infra)");
	facts->header->envelope_count = ENVELOPES;
	snprintf(facts->header->envelopes[0].seat, sizeof(facts->header->envelopes[0].seat),
	    "ciso");
	snprintf(facts->header->envelopes[1].seat, sizeof(facts->header->envelopes[1].seat),
	    "infra");
	facts->header->envelopes[0].token = all(0x41);
	facts->header->envelopes[1].token = all(0x42);
}

static struct digest
class_of_facts(const struct facts *facts)
{
	struct err err;
	struct digest shape, class;

	assert_ok(class_shape(facts->header, facts->policy, &shape, &err));
	assert_ok(class_of(&shape, facts->spares, facts->spare_count, &class, &err));
	return class;
}

/* Computed by another program, from the words of docs/FORMAT.md. */
static void
a_class_is_the_hash_that_the_format_says(void **state)
{
	static const struct digest shape = {
	    "\x19\xf8\xe5\xa4\x7f\xcb\x7b\x8c\x78\x88\xec\x01\xf2\x6f\x83\x8a"
	    "\x61\x5d\x23\xc6\x55\xcc\x50\x46\xec\x86\xda\xff\x9d\xc3\xd8\x1e"};
	static const struct digest without = {
	    "\x54\x4c\xc1\x6a\x0c\xf0\x6c\xc4\x61\x57\x17\xb4\x32\x9a\x75\x19"
	    "\x3b\xdf\x68\x71\xac\x05\x9a\x59\x95\x64\x57\xba\x66\xe5\x17\xed"};
	static const struct digest with = {
	    "\x6a\x3d\x9d\x2e\xe6\x91\x16\x59\x72\x6f\xff\x7a\x63\x08\x0e\x14"
	    "\x0d\x5b\x6c\xf0\xb6\xac\x1b\xc5\xb5\x24\x7a\xcd\xf5\xb5\xab\x7b"};
	FACTS facts = {NULL};
	struct digest got;
	struct err err;

	(void)state;
	facts_of(&facts);
	assert_ok(class_shape(facts.header, facts.policy, &got, &err));
	assert_memory_equal(got.bytes, shape.bytes, DIGEST_SIZE);
	got = class_of_facts(&facts);
	assert_memory_equal(got.bytes, with.bytes, DIGEST_SIZE);
	facts.spare_count = 0;
	got = class_of_facts(&facts);
	assert_memory_equal(got.bytes, without.bytes, DIGEST_SIZE);
}

/* 0..11: another fact. */
static bool
change(struct facts *facts, int number)
{
	struct header *header = facts->header;
	struct header_envelope first = header->envelopes[0];

	switch (number) {
	case 0:
		facts->policy = "narrow";
		break;
	case 1:
		header->quorum[0] = '1';
		break;
	case 2:
		header->envelopes[0].seat[0] = 'd';
		break;
	case 3:
		header->envelopes[1].token.bytes[31] ^= 1;
		break;
	case 4:
		header->envelope_count--;
		break;
	case 5:
		header->envelopes[0] = header->envelopes[1];
		header->envelopes[1] = first;
		break;
	case 6:
		facts->spares[0].token.bytes[0] ^= 1;
		break;
	case 7:
		facts->spares[0].envelope++;
		break;
	case 8:
		facts->spares[0].tested = false;
		break;
	case 9:
		facts->spares[1].tested = true;
		break;
	case 10:
		facts->spare_count--;
		break;
	case 11:
		facts->spare_count = 0;
		break;
	default:
		return false;
	}
	return true;
}

static void
each_fact_makes_another_class(void **state)
{
	struct digest met[20];
	FACTS plain = {NULL};
	int count = 1;

	(void)state;
	facts_of(&plain);
	met[0] = class_of_facts(&plain);
	for (;; count++) {
		FACTS facts = {NULL};

		facts_of(&facts);
		if (!change(&facts, count - 1))
			break;
		met[count] = class_of_facts(&facts);
		for (int i = 0; i < count; i++)
			assert_false(digest_equal(&met[i], &met[count]));
	}
	assert_int_equal(count, 13);
}

/* Whose version it is, and which. */
static void
what_is_not_about_opening_makes_none(void **state)
{
	FACTS plain = {NULL}, other = {NULL};

	(void)state;
	facts_of(&plain);
	facts_of(&other);
	other.header->version = 7;
	other.header->secret.bytes[0] = 1;
	other.header->definition = all(1);
	other.header->charter = all(2);
	other.header->com_dek = all(3);
	other.header->envelopes[0].share_count = 3;
	struct digest a = class_of_facts(&plain), b = class_of_facts(&other);
	assert_true(digest_equal(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_class_is_the_hash_that_the_format_says),
	    cmocka_unit_test(each_fact_makes_another_class),
	    cmocka_unit_test(what_is_not_about_opening_makes_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
