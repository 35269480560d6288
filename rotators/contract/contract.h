/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rotator contract, version 2.  A rotator is an executable `halligan-rotate-NAME` with its description beside it
 * (rotators/contract/description.h).  One process serves one rotation: verbs go in as JSON lines on its stdin, answers
 * come out as JSON lines on its stdout, and no secret is ever in them.  Values travel as encoded credentials
 * (base/credential.h) on descriptors:
 *
 *	3  current value, to read			(absent: closed)
 *	4  next value, to read				(absent: closed)
 *	5  next value, to write by `generate` or `issue`	(absent when 4 is there)
 *	6  value of the secret that changes this one, to read	(identity via; else closed)
 *	8  the program that the target's "command" names, opened	(where the description asks for it; else closed)
 *
 * The first line it reads is {"target":{...},"seconds":N,"name":TEXT}: the target from the definition; the deadline of
 * each verb, so that it can answer what it knows before it is ended; and how a value is to be called that the target
 * makes, or an account that is minted: the same for each attempt of one rotation, and for no other.  Then verbs
 * ({"verb":NAME}, some with a "value"):
 *
 *	describe			{"result":"ok","rotator":NAME,"contract":2,"fields":[..]} and what it announces
 *					(base/announcement.h) | refused
 *	check				ok | refused		is all there that the other verbs need? changes nothing
 *	generate			ok, the value was written on 5 before | refused
 *	probe "current"|"next"		accepted | refused | denied | unreachable
 *	apply	(replace)		applied | rejected | unchanged | unknown	next in the place of current
 *	add	(overlap)		added | rejected | unchanged | unknown		next beside current
 *	issue	(issue)			issued, the value was written on 5 before | rejected | unchanged | unknown
 *								what stood under that name before is withdrawn first
 *	withdraw "current"|"orphans"	withdrawn | unchanged | unknown	current no longer; or what has the name, but is not next
 *	expel				ended | none | cannot-tell	sessions opened with current
 *	warn				told | none | cannot-tell	those sessions, that they end soon
 *	mint				minted, the value was written on 5 before | rejected | unchanged | unknown
 *	unmint				unminted | unchanged | unknown	what was minted under that name, or nothing
 *
 * What a value brings about is never guessed:
 *
 *	rejected	the target does not want this very value, now and later; nothing was changed
 *	unchanged	nothing was changed, for another reason (disk full, no right): the same value is tried again
 *	unknown		all else; a timeout, a crash and garbage are this, and so is an answer that holds a part of a secret
 *			value (12 bytes in a row, a line of 6 bytes of codes, 16 letters of its base64; rotators/contract/echo.h):
 *			it is dropped unseen
 *	refused		the target, proven to be the right one, said no to this value and at the same time takes another: this
 *			pays a debt
 *	denied		its no without that proof (no other value was accepted just then); it tells where to look, and ends nothing
 *
 * apply, add, withdraw, expel, unmint may come again after a crash: what is done already is a success.  An answer may
 * carry "detail", public plain text of at most 500 bytes for people and minutes; a refusal (of describe, check, generate)
 * may carry "reasons" instead, 1 to 9 such texts: what would fail later, all of it at once.  It has at most 8192 bytes
 * and no other members.
 *
 * After a timeout, a crash or garbage the process is ended: its stdin and stdout are closed, two seconds later its
 * whole process group is killed.  Every later verb says so.
 */
#ifndef ROTATORS_CONTRACT_CONTRACT_H
#define ROTATORS_CONTRACT_CONTRACT_H

/* Where what is run by a rotator is executed from. */
#define ROTATOR_PROGRAM_PATH "/dev/fd/8"

enum {
	ROTATOR_NAME_MAX = 40,
	ROTATOR_DETAIL_MAX = 500,
	ROTATOR_REASONS_MAX = 9,
	ROTATOR_CONTRACT = 2,
	ROTATOR_LINE_MAX = 8192,
	ROTATOR_TARGET_MAX = 65536,
	ROTATOR_VALUE_NAME_MAX = 63, /* "name" of the first line */
	ROTATOR_PROGRAM_FD = 8
};

enum rotator_value { ROTATOR_CURRENT, ROTATOR_NEXT };
enum probe_result { PROBE_ACCEPTED, PROBE_REFUSED, PROBE_DENIED, PROBE_UNREACHABLE };
enum rotator_change {
	ROTATOR_APPLY,
	ROTATOR_ADD,
	ROTATOR_ISSUE,
	ROTATOR_WITHDRAW,
	ROTATOR_WITHDRAW_ORPHANS,
	ROTATOR_MINT,
	ROTATOR_UNMINT,
	ROTATOR_CHANGES
};
enum change_result { CHANGE_DONE, CHANGE_REJECTED, CHANGE_UNCHANGED, CHANGE_UNKNOWN };
/* expel, and warn: done, there was none, cannot tell */
enum expel_result { EXPEL_ENDED, EXPEL_NONE, EXPEL_CANNOT_TELL };

#endif
