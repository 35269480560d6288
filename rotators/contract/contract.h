/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rotator contract, the vault's side.  A rotator is an executable `halligan-rotate-NAME`,
 * pinned by SHA-256 in a secret's signed definition.  One process serves one rotation: verbs go
 * in as JSON lines on its stdin, answers come out as JSON lines on its stdout, and no secret is
 * ever in them.  Values travel as encoded credentials (base/credential.h) on descriptors:
 *
 *	3  current value, to read		(absent: closed)
 *	4  next value, to read			(absent: closed)
 *	5  next value, to write by `generate`	(absent when 4 is there)
 *
 *	-> {"verb":"describe"}		<- {"result":"ok","rotator":NAME,"contract":1,"fields":[..],"identity":"ambient"|"self"}
 *	-> {"verb":"check"}		<- ok | refused		is the target definition complete and sane? no side effect
 *	-> {"verb":"generate"}		<- ok, the value was written on descriptor 5 before | refused
 *	-> {"verb":"probe","value":"current"|"next"}	<- accepted | refused | unreachable
 *	-> {"verb":"apply"}		<- applied | rejected | unknown		make the target accept next, and no longer current
 *	-> {"verb":"expel"}		<- ended | none | cannot-tell		end sessions opened with current
 *
 * The first line it reads is {"target":{...},"seconds":N}: the target from the definition, and the
 * deadline of each verb, so that it can answer what it knows before it is ended.  What it wrote
 * for `generate` is its next value from then on.  Every answer may carry "detail", public plain
 * text of at most 500 bytes for people and minutes; an answer has at most 8192 bytes and no other
 * members.  A timeout, a crash or garbage is "unknown", never "refused" or "rejected"; so is an
 * answer that holds a part of a secret value: it is dropped unseen.
 *
 * After a timeout, a crash or garbage the process is ended: its stdin and stdout are closed, two
 * seconds later its whole process group is killed.  Every later verb says so.
 */
#ifndef ROTATORS_CONTRACT_CONTRACT_H
#define ROTATORS_CONTRACT_CONTRACT_H

#include "base/crypto.h"
#include "base/json.h"

enum {
	ROTATOR_NAME_MAX = 40,
	ROTATOR_DETAIL_MAX = 500,
	ROTATOR_CONTRACT = 1,
	ROTATOR_LINE_MAX = 8192,
	ROTATOR_TARGET_MAX = 65536
};

enum rotator_value { ROTATOR_CURRENT, ROTATOR_NEXT };
enum probe_result { PROBE_ACCEPTED, PROBE_REFUSED, PROBE_UNREACHABLE };
enum apply_result { APPLY_APPLIED, APPLY_REJECTED, APPLY_UNKNOWN };
enum expel_result { EXPEL_ENDED, EXPEL_NONE, EXPEL_CANNOT_TELL };
extern const char *const probe_result_names[]; /* NULL-terminated, as on the wire */
extern const char *const apply_result_names[];
extern const char *const expel_result_names[];

struct rotator; /* one running process */

/* Where NAME is installed: the folders of FOLDERS (NULL-terminated) in order; the file must be
 * owned by root or us and not writable by others.  Its hash is read through the descriptor that
 * rotator_start executes.  ERR_NOT_FOUND lists the folders. */
enum err_code rotator_find(const char *name, const char *const *folders, char ret_path[4096],
    struct digest *ret_hash, struct err *err) MUST_CHECK;

struct rotator_start {
	const char *path;
	struct digest hash;        /* ERR_INTEGRITY when the executable differs */
	const struct json *target; /* the definition's target object */
	struct view current, next; /* encoded credentials; .size 0: absent */
	unsigned seconds;          /* deadline for each verb, at least 1 */
};
/* ERR_INTEGRITY (hash), ERR_REFUSED (owner, mode), ERR_NOT_FOUND, ERR_INVALID (a value that is no
 * credential), ERR_IO. */
enum err_code rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err) MUST_CHECK;
void rotator_free(struct rotator *rotator); /* ends the process; accepts NULL */
void rotator_freep(struct rotator **rotator);
#define ROTATOR CLEANUP(rotator_freep) struct rotator

/* What the last answer said in "detail", or "". */
const char *rotator_detail(const struct rotator *rotator);

/* Asks `describe` and `check`.  ERR_REFUSED with the rotator's own words when the target is not
 * sane, or when the current value lacks a field that the rotator needs; ERR_VERSION for another
 * contract; ERR_PROTOCOL or ERR_TARGET_UNKNOWN for a rotator that is broken or silent. */
enum err_code rotator_check(struct rotator *rotator, struct err *err) MUST_CHECK;
/* "ambient" or "self", as `describe` said; "" before rotator_check. */
const char *rotator_identity(const struct rotator *rotator);
/* A fresh, well-formed value that differs from the current one.  ERR_REFUSED with the rotator's
 * own words, ERR_PROTOCOL, ERR_TARGET_UNKNOWN; ERR_INTERNAL when there is a next value already. */
enum err_code rotator_generate(struct rotator *rotator, struct secret **ret_next,
    struct err *err) MUST_CHECK;
/* These three succeed with a result; a silent or broken rotator is UNREACHABLE, UNKNOWN or
 * CANNOT_TELL with the cause as detail.  ERR_INTERNAL when the value they need was not given. */
enum err_code rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err) MUST_CHECK;
enum err_code rotator_apply(struct rotator *rotator, enum apply_result *ret_result,
    struct err *err) MUST_CHECK;
enum err_code rotator_expel(struct rotator *rotator, enum expel_result *ret_result,
    struct err *err) MUST_CHECK;

#endif
