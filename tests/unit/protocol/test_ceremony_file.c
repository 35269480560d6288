/* SPDX-License-Identifier: Apache-2.0 */
/* A ceremony from a file of statements, as an auditor gets it: the right ones in the right places, or not. */
#include "ceremony/protocol/ceremony.h"

#include "tests/lib/called.h"

enum { REQUEST_, CEREMONY_, APPROVAL, DENIAL, KINDS };
/* By place in a row below: those of this ceremony, those of another one in the same vault. */
static const char letters[] = "rcadRCAD";

struct file {
	struct called called;
	struct dsse statements[2 * KINDS];
};

static void
file_done(struct file *file)
{
	called_done(&file->called);
	for (size_t i = 0; i < ARRAY_SIZE(file->statements); i++)
		dsse_done(&file->statements[i]);
}

static void
put_ceremony(struct called *called, struct dsse statements[KINDS])
{
	const struct seat *seats = called->founded.charter->seats;
	struct digest ceremony;
	struct err err;

	called_request(called, called->keys[ALICE][KEY_SIGN], &statements[REQUEST_]);
	called_ceremony(called, &statements[REQUEST_], &statements[CEREMONY_]);
	fine(dsse_digest(&statements[CEREMONY_], &ceremony, &err), &err);
	called_voice(called, &ceremony, "ciso", &seats[CISO].tokens[0].id, false,
	    called->founded.keys[CISO][KEY_SIGN], &statements[APPROVAL]);
	called_voice(called, &ceremony, "audit", &seats[AUDIT].tokens[0].id, true,
	    called->founded.keys[AUDIT][KEY_SIGN], &statements[DENIAL]);
}

/* ORDER's statements, one after the other. */
static enum err_code
read_file(const struct file *file, const char *order, struct transcript **ret_transcript,
    struct err *err)
{
	const struct chain *chain = &file->called.chain;
	const struct dsse *lines[8] = {NULL};
	size_t count = strlen(order);

	for (size_t i = 0; i < count; i++)
		lines[i] = &file->statements[strchr(letters, order[i]) - letters];
	TRY(transcript_new(lines[0], lines[1], chain, ret_transcript, err));
	for (size_t i = 2; i < count; i++)
		TRY(transcript_add(*ret_transcript, lines[i], chain, err));
	return ERR_OK;
}

static void
a_file_in_another_order_with_one_missing_twice_or_of_another_ceremony_is_named(void **state)
{
	static const struct {
		const char *order;
		enum err_code code;
		const char *says;
		size_t voices; /* that stand all the same */
	} rows[] = {
	    {"rcad", ERR_OK, "", 2},
	    {"rcda", ERR_OK, "", 2}, /* officers speak in any order */
	    {"crad", ERR_INTEGRITY, "the request", 0},
	    {"racd", ERR_INTEGRITY, "the ceremony statement", 0},
	    {"arcd", ERR_INTEGRITY, "the request", 0},
	    {"cad", ERR_INTEGRITY, "the request", 0},
	    {"rad", ERR_INTEGRITY, "the ceremony statement", 0},
	    {"rrcad", ERR_INTEGRITY, "the ceremony statement", 0},
	    {"rccad", ERR_INTEGRITY, "the approval", 0},
	    {"rcaad", ERR_EXISTS, "ciso said this before", 1},
	    {"rcadd", ERR_EXISTS, "audit said this before", 2},
	    {"Rcad", ERR_INTEGRITY, "the ceremony statement names another request", 0},
	    {"rCad", ERR_INTEGRITY, "the ceremony statement names another request", 0},
	    {"rcAd", ERR_INTEGRITY, "the approval: the voice names another ceremony", 0},
	    {"rcaD", ERR_INTEGRITY, "the denial: the voice names another ceremony", 1},
	};
	CLEANUP(file_done) struct file file = {0};

	(void)state;
	call(&file.called);
	put_ceremony(&file.called, file.statements);
	file.called.request.incident[0] = 'X';
	file.called.ceremony.id.bytes[0] ^= 1;
	put_ceremony(&file.called, file.statements + KINDS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		TRANSCRIPT *transcript = NULL;
		struct err err = {0};

		enum err_code code = read_file(&file, rows[i].order, &transcript, &err);
		if (code != rows[i].code || strstr(err.text, rows[i].says) == NULL)
			fail_msg("%s: %d \"%s\"", rows[i].order, (int)code, err.text);
		assert_int_equal(transcript != NULL ? transcript->voice_count : 0, rows[i].voices);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_file_in_another_order_with_one_missing_twice_or_of_another_ceremony_is_named),
	};

	return cmocka_run_group_tests_name("ceremony_file", tests, NULL, NULL);
}
