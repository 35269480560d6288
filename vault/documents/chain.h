/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a vault that are in force, verified from its first charter on: whoever is found
 * here is found by key, under documents that the vault's people signed.  chain_fold.h makes it.
 */
#ifndef VAULT_DOCUMENTS_CHAIN_H
#define VAULT_DOCUMENTS_CHAIN_H

#include "vault/documents/definition.h"
#include "vault/documents/roster.h"
#include "vault/documents/suspension.h"

/* Documents, and bytes of their texts together: a client takes them in one message (JSON_MAX of base/json.h). */
enum { CHAIN_DOCUMENTS_MAX = 4096, CHAIN_TEXT_MAX = 15 * 1024 * 1024 };

struct chain_document {
	enum statement_type type; /* charter, roster, suspend */
	struct digest digest;
	uint32_t version; /* 0: a suspension */
	int64_t created;
	char *by; /* "infra, ciso": the seats that signed it, owned */
};
/* When a seat and each of its tokens came, as indices of documents. */
struct chain_stay {
	bool present;
	size_t seat, tokens[SEAT_TOKENS];
};

/* A token that stood in a charter and stands in none now, and since when. */
struct chain_leaver {
	struct digest token;
	char label[LABEL_MAX + 1];
	int64_t since;
};

struct chain {
	struct digest vault;
	/* The statement with DIGEST, of a chain that was not folded from its documents here (chain_image.h). */
	enum err_code (*fetch)(void *context, const struct digest *digest,
	    struct dsse *ret_statement, struct err *err);
	void *context;
	const struct charter *charter; /* in force: the last of CHARTERS; NULL before the first */
	struct roster *roster;         /* in force; version 0 before the first */
	struct suspensions suspensions;
	struct charter *
	    *charters; /* all of them, owned; NULL: it was not read yet (chain_charter) */
	size_t charter_count;
	/* Charters, rosters and suspensions in the order in which they came into force. */
	struct chain_document *documents;
	size_t document_count;
	/* Everybody who ever had a seat, with the tokens that they had last; and since when. */
	struct seat *people;
	struct chain_stay *stays;
	size_t people_count;
	/* Of every token that ever stood in one of them. */
	struct digest *enrolments;
	size_t enrolment_count;
	struct chain_leaver *leavers; /* in the order in which they left */
	size_t leaver_count;
};
void chain_done(struct chain *chain); /* accepts {0} */
#define CHAIN CLEANUP(chain_done) struct chain

/* ERR_REFUSED: so many DOCUMENTS of so many BYTES are more than a vault may have. */
enum err_code chain_check_room(uint64_t documents, uint64_t bytes, struct err *err) MUST_CHECK;
/* The charter at POSITION, from 0 on; RET_CHARTER lives as long as CHAIN. */
enum err_code chain_charter(const struct chain *chain, size_t position,
    const struct charter **ret_charter, struct err *err) MUST_CHECK;
/* One digest over the first COUNT documents, in order: what a client remembers. */
enum err_code chain_digest(const struct chain *chain, size_t count, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
/* The document that admitted the seat NAME, or its token TOKEN (NULL: the seat) for this stay; NULL: it never
 * had it. */
const struct chain_document *chain_admission(const struct chain *chain, const char *name,
    const struct digest *token);
/* Was the enrolment ENROLMENT accepted by a document?  None is accepted twice. */
bool chain_accepted(const struct chain *chain, const struct digest *enrolment);
/* ERR_REFUSED: a name of SEATS belonged to another person, or a token that left comes back by the enrolment by which
 * it came before. */
enum err_code chain_check_people(const struct chain *chain, const struct seat *seats, size_t count,
    struct err *err) MUST_CHECK;
/* A seat of charter or roster; NULL when there is none. */
const struct seat *chain_seat(const struct chain *chain, const char *name);
/* The token TOKEN of the seat NAME, suspended or not, or NULL. */
const struct seat_token *chain_listed_token(const struct chain *chain, const char *name,
    const struct digest *token);
/* The token TOKEN of the active seat NAME, or NULL; a suspended one is not active. */
const struct seat_token *chain_token(const struct chain *chain, const char *name,
    const struct digest *token);
/* Why chain_token found nothing: suspended by whom, or not of that seat.  ERR_REFUSED. */
enum err_code chain_refuse_token(const struct chain *chain, const char *name,
    const struct digest *token, struct err *err) MUST_CHECK;
/* ERR_REFUSED when a token that is suspended signed STATEMENT. */
enum err_code chain_check_signers(const struct chain *chain, const struct dsse *statement,
    struct err *err) MUST_CHECK;
/* ERR_INTEGRITY: the vault's id is not that of these documents. */
enum err_code chain_refuse_vault(struct err *err) MUST_CHECK;
/* For chain_image.c: the roster in force, of which the documents tell. */
enum err_code chain_read_roster(struct chain *chain, struct err *err) MUST_CHECK;
/* definitions_verify under the newest charter under which it verifies: a definition stays valid when
 * those who signed it have left.  What is refused is what the charter in force refuses. */
enum err_code chain_verify_definitions(const struct chain *chain, const struct dsse *statement,
    const struct definitions *definitions, struct err *err) MUST_CHECK;

#endif
