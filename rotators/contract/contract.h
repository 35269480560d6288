/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rotator contract.  A rotator is an executable `halligan-rotate-NAME`,
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
 *	-> {"verb":"probe","value":"current"|"next"}	<- accepted | refused | denied | unreachable
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
 * "refused" pays a debt: the target, proven to be the right one, said no to this value and at the same time takes another.
 * "denied" is its no without that proof (no other value was accepted just then); it tells where to look, and ends nothing.
 *
 * After a timeout, a crash or garbage the process is ended: its stdin and stdout are closed, two
 * seconds later its whole process group is killed.  Every later verb says so.
 */
#ifndef ROTATORS_CONTRACT_CONTRACT_H
#define ROTATORS_CONTRACT_CONTRACT_H

enum {
	ROTATOR_NAME_MAX = 40,
	ROTATOR_DETAIL_MAX = 500,
	ROTATOR_CONTRACT = 1,
	ROTATOR_LINE_MAX = 8192,
	ROTATOR_TARGET_MAX = 65536
};

enum rotator_value { ROTATOR_CURRENT, ROTATOR_NEXT };
enum probe_result { PROBE_ACCEPTED, PROBE_REFUSED, PROBE_DENIED, PROBE_UNREACHABLE };
enum apply_result { APPLY_APPLIED, APPLY_REJECTED, APPLY_UNKNOWN };
enum expel_result { EXPEL_ENDED, EXPEL_NONE, EXPEL_CANNOT_TELL };

#endif
