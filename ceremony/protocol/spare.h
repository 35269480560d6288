/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statement by which an officer hands their own shares on to a spare token of their seat:
 *
 * spare     {"format":1,"vault":HEX32,"seat":..,"from":HEX32,"to":HEX32 (token ids),"enc":HEX65,
 *	      "reply":HEX65,"box_key":HEX32,"opens":[{"secret":HEX16,"version":N,"header":HEX32,"envelope":N}] (1..500),
 *	      "time":TIME,"size":N,"root":HEX32,"nonce"}		signed by the token "from"
 *
 * It is signed first; then the envelopes are handed out, and what comes out of each is sealed to the
 * share key of "to" under the one encapsulation "enc" (vault/seal/envelope.h: each with an info of its own).
 * "reply" is the one-time key to which the host seals the envelopes (vault/seal/reply.h), "box_key" the
 * one-time Ed25519 key that signs each box, over
 *
 *	SHA-256(lp8 "halligan/v1 spare box" || vault || statement digest || secret || u32 version ||
 *		lp32 ciphertext)
 *
 * So one signature names the list, the spare and the boxes, and nobody else can have one stored.
 * "envelope" is the index of the envelope of "from" in the header of that hash.
 */
#ifndef CEREMONY_PROTOCOL_SPARE_H
#define CEREMONY_PROTOCOL_SPARE_H

#include "vault/documents/statement.h"
#include "vault/seal/header.h"

enum { SPARE_OPENS = 500 };

struct spare_open {
	struct secret_id secret;
	uint32_t version;
	struct digest header;
	uint32_t envelope;
};
struct spare {
	struct digest digest, vault, from, to, root;
	char seat[SEAT_NAME_MAX + 1];
	struct point enc, reply;
	struct ed25519_public box_key;
	int64_t time;
	uint64_t size;
	struct spare_open *opens;
	size_t count;
};
/* What the server says of a version that can be handed on; NAME: of its secret. */
struct spare_listed {
	const char *name;
	struct spare_open open;
};
extern const struct member spare_listed_members[];
void spare_done(struct spare *spare); /* accepts {0} */
#define SPARE CLEANUP(spare_done) struct spare

enum err_code spare_payload(const struct spare *spare, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code spare_parse(const struct dsse *statement, bool training, struct spare *ret_spare,
    struct err *err) MUST_CHECK;
/* The entry for VERSION of SECRET, or NULL. */
const struct spare_open *spare_find(const struct spare *spare, const struct secret_id *secret,
    uint32_t version);

/* What "box_key" signs for the box CIPHERTEXT of entry OPEN: the digest that names it. */
enum err_code spare_box_digest(const struct spare *spare, const struct spare_open *open,
    struct view ciphertext, struct digest *ret_digest, struct err *err) MUST_CHECK;

#endif
