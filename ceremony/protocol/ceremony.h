/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ceremony, verified from its statements.  Pure: statements go in, a checked value comes out; the
 * server feeds it from rows, the client from frames, an auditor from a file.  In this order: request
 * and ceremony statement, every approval and denial as they arrived, then each item that is looked
 * at.
 *
 * What contradicts what was signed is ERR_INTEGRITY and names the document; what merely changed since
 * makes the ceremony void, and WHY_VOID says why.
 */
#ifndef CEREMONY_PROTOCOL_CEREMONY_H
#define CEREMONY_PROTOCOL_CEREMONY_H

#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/verdict.h"
#include "vault/documents/chain.h"
#include "vault/documents/definition.h"
#include "vault/documents/reach.h"

/* 500 items in parts of 20 take 25 approvals of a seat; denials always find room, one of a seat. */
enum {
	CEREMONY_VOICES = 512,
	CEREMONY_VOICES_OF_SEAT = 60,
	CEREMONY_APPROVALS = CEREMONY_VOICES - QUORUM_SEATS
};

/* What an officer said.  A seat that was interrupted may approve again; who denied has denied. */
struct voice {
	bool denies;
	bool counts; /* verified, and its token is not suspended; of another charter: never */
	char seat[SEAT_NAME_MAX + 1];
	struct digest digest, token;
	struct point enc;            /* of an approval */
	char reason[REASON_MAX + 1]; /* of a denial */
	int64_t time;
};
struct transcript {
	struct request request;
	struct ceremony ceremony;
	const struct seat *requester;   /* in the chain; NULL: gone */
	const struct seat_token *token; /* that asked; NULL: gone or suspended */
	bool in_force;
	char why_void[NOTE_TEXT_MAX + 1];
	struct voice *voices;
	size_t voice_count;
	struct definitions *known; /* every verified secret statement that was shown so far */
	size_t known_count;
	const struct definition *
	    *found; /* in KNOWN, by position; NULL: not looked for, or not shown */
};
void transcript_free(struct transcript *transcript);
DESTRUCTOR(transcript_freep, struct transcript, transcript_free)
#define TRANSCRIPT CLEANUP(transcript_freep) struct transcript

/* Who may ask for MODE: an active responder for what a person receives, else an operator or officer of
 * the charter.  REQUEST, parsed from STATEMENT, is signed by a token of its seat, and every recipient
 * is an active token of that seat with the release key that it was admitted with.  ERR_REFUSED names
 * the line ("recipients[1]: ..."); for use before a request is accepted. */
enum err_code request_check(const struct dsse *statement, const struct request *request,
    const struct chain *chain, struct err *err) MUST_CHECK;

/* The two statements that begin a ceremony. */
enum err_code transcript_new(const struct dsse *request, const struct dsse *ceremony,
    const struct chain *chain, struct transcript **ret_transcript, struct err *err) MUST_CHECK;
/* The next approval or denial, told apart by its type.  ERR_EXISTS: it is there already. */
enum err_code transcript_add(struct transcript *transcript, const struct dsse *statement,
    const struct chain *chain, struct err *err) MUST_CHECK;
/* The standing approval of SEAT: its newest that counts, unless it has denied; or NULL. */
const struct voice *transcript_approval(const struct transcript *transcript, const char *seat);
bool transcript_denied(const struct transcript *transcript, const char *seat);
/* May SEAT still approve?  ERR_REFUSED: the requester, no officer, has denied. */
enum err_code transcript_check_seat(const struct transcript *transcript, const struct chain *chain,
    const char *seat, struct err *err) MUST_CHECK;

/* One item with what is behind it. */
struct exhibit {
	const struct item *item;             /* of the request: with its name */
	const struct definition *definition; /* the transcript's */
	const struct definition
	    *sealed;                 /* that the header names: the same, or one that it comes of */
	const struct policy *policy; /* in force; NULL: the charter has it no more */
	struct header *header;
	struct quorum quorum; /* of the header */
	struct digest header_hash;
	struct reach_spares spares; /* beside the header: the server's word */
	/* Seats whose shares have arrived: filled in by whoever knows. */
	char given[QUORUM_SEATS][SEAT_NAME_MAX + 1];
	size_t given_count;
};
void exhibit_free(struct exhibit *exhibit);
DESTRUCTOR(exhibit_freep, struct exhibit, exhibit_free)
#define EXHIBIT CLEANUP(exhibit_freep) struct exhibit
/* The definition of item POSITION, if a statement that was shown holds it; else NULL. */
const struct definition *transcript_definition(const struct transcript *transcript,
    size_t position);
/* What STATEMENT defines is known from now on: an earlier definition, of which that of an item comes. */
enum err_code transcript_show(struct transcript *transcript, const struct dsse *statement,
    const struct chain *chain, struct err *err) MUST_CHECK;
/* The definition with DIGEST, if a statement that was shown holds it; else NULL. */
const struct definition *transcript_known(const struct transcript *transcript,
    const struct digest *digest);
/* DEFINITION (a secret statement, or NULL: one that was shown before holds it) and HEADER (encoded) are
 * those that item POSITION names, and fit each other: the header names that definition, or one of which it comes by changes
 * that were shown.  ERR_INTEGRITY names the secret. */
enum err_code exhibit_new(struct transcript *transcript, size_t position,
    const struct dsse *definition, struct view header, const struct chain *chain,
    struct exhibit **ret_exhibit, struct err *err) MUST_CHECK;
void exhibit_give(struct exhibit *exhibit, const char *seat);
/* The envelope of SEAT's token TOKEN: in the header, or re-enveloped (RET_SPARE).  ERR_NOT_FOUND. */
enum err_code exhibit_envelope(const struct exhibit *exhibit, const char *seat,
    const struct digest *token, uint32_t *ret_index, bool *ret_spare, struct err *err) MUST_CHECK;

/* The verdict on one item at NOW (verdict.h). */
enum verdict exhibit_verdict(const struct transcript *transcript, const struct exhibit *exhibit,
    const struct chain *chain, int64_t now, int *ret_missing, struct buf *ret_text);
/* The verdict on the whole is the worst of its items that can still be opened: begin with
 * VERDICT_MET, add one after the other; TEXT becomes that of the worst. */
void verdict_worst(enum verdict verdict, struct buf *text, enum verdict *worst,
    struct buf *worst_text);

#endif
