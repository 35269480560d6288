/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a file that a person wrote, told at once: the first nine reasons, of at most 200 bytes each, and how many
 * more there are, so that several lines are mended at a time.
 */
#ifndef CEREMONY_CLIENT_SECRETS_FAULTS_H
#define CEREMONY_CLIENT_SECRETS_FAULTS_H

#include "base/err.h"

enum { FAULTS_TOLD = ERR_PARTS + 1, FAULT_TEXT_MAX = 200 };

/* {0}: nothing is wrong. */
struct faults {
	struct err all;
	size_t count;
};

/* Each part of ONE is a reason. */
void faults_add(struct faults *faults, const struct err *one);
/* The reasons as parts of ERR, with the code of the first; ERR_OK when there is none. */
enum err_code faults_end(struct faults *faults, struct err *err) MUST_CHECK;

#endif
