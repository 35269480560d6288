/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator answers (rotators/contract/contract.h): parsing, without any trust in who wrote it. */
#ifndef ROTATORS_CONTRACT_ANSWER_H
#define ROTATORS_CONTRACT_ANSWER_H

#include "base/bytes.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/description.h"

/* NULL-terminated, as on the wire. */
extern const char *const probe_result_names[];
extern const char *const expel_result_names[];
extern const char *const warn_result_names[];
/* Of check, generate and a describe that is refused. */
extern const char *const ok_result_names[];

/* A verb that changes something: how it is asked, and what it may answer.  What takes something away rejects no
 * value. */
struct change_verb {
	const char *verb, *value; /* value NULL: none */
	const char *results[5];   /* NULL-terminated */
	bool rejects;             /* "rejected" is among them */
};
extern const struct change_verb change_verbs[ROTATOR_CHANGES];
/* What the one with index RESULT of its names means, and what RESULT is called (not CHANGE_REJECTED where it rejects none). */
enum change_result change_verb_result(const struct change_verb *verb, int result);
const char *change_verb_name(const struct change_verb *verb, enum change_result result);

struct answer {
	int result; /* index into the names asked for */
	char detail[ROTATOR_DETAIL_MAX + 1];
	struct err
	    why; /* ERR_REFUSED: one of ok_result_names, with every reason as a part, cut so that all have room */
};

/* One of RESULTS (NULL-terminated), and perhaps a detail or reasons; else ERR_PROTOCOL. */
enum err_code answer_parse(struct view line, const char *const *results, struct answer *ret_answer,
    struct err *err) MUST_CHECK;
/* The answer to `describe`; RET_WHY: ERR_OK, or why it does not work for this target; then
 * RET_DESCRIPTION is not set.
 * ERR_VERSION for another contract, else ERR_PROTOCOL. */
enum err_code answer_describe(struct view line, struct description *ret_description,
    char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *ret_why, struct err *err) MUST_CHECK;

/* The members of a refusal for the reasons that are the parts of WHY. */
void answer_put_refused(struct json *answer, const struct err *why);

/* TEXT as a detail: cut between characters to ROTATOR_DETAIL_MAX bytes. */
void answer_detail(const char *text, char ret_detail[ROTATOR_DETAIL_MAX + 1]);

#endif
