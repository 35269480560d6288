/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator answers (rotators/contract/contract.h): parsing, without any trust in who wrote it. */
#ifndef ROTATORS_CONTRACT_ANSWER_H
#define ROTATORS_CONTRACT_ANSWER_H

#include "base/bytes.h"
#include "base/credential.h"
#include "base/json_in.h"
#include "rotators/contract/contract.h"

extern const char *const probe_result_names[]; /* NULL-terminated, as on the wire */
extern const char *const apply_result_names[];
extern const char *const expel_result_names[];

struct answer {
	int result; /* index into the names asked for */
	char detail[ROTATOR_DETAIL_MAX + 1];
};

struct description {
	char rotator[ROTATOR_NAME_MAX + 1];
	bool self;
	bool fields[CREDENTIAL_FIELDS]; /* those that the rotator needs */
	bool refused; /* it does not work for this target; then only the detail is set */
	char detail[ROTATOR_DETAIL_MAX + 1];
};

/* One of RESULTS (NULL-terminated), and perhaps a detail; else ERR_PROTOCOL. */
enum err_code answer_parse(struct view line, const char *const *results, struct answer *ret_answer,
    struct err *err) MUST_CHECK;
/* The answer to `describe`.  ERR_VERSION for another contract, else ERR_PROTOCOL. */
enum err_code answer_describe(struct view line, struct description *ret_description,
    struct err *err) MUST_CHECK;

/* The credential's fields that the member "fields" names, each once. */
void answer_fields(struct json_in *in, bool ret_fields[CREDENTIAL_FIELDS]);
/* TEXT as a detail: cut between characters to ROTATOR_DETAIL_MAX bytes. */
void answer_detail(const char *text, char ret_detail[ROTATOR_DETAIL_MAX + 1]);

#endif
