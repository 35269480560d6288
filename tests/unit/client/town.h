/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault in memory, for the client's tests: real signatures of keys in this process, a server that
 * tells the truth unless the test makes it lie, tokens that count touches, and a person who always
 * agrees.  Officers ciso, infra (operator too) and audit have serials 1000 to 1002, the operator
 * ops 1003, the responder alice 2000 and 2001 (a third token of hers has no release key); the policy is
 * 2 of (ciso, infra, audit).  3000 is nobody's.
 * In a town with FIDO2, audit's and the stranger's are FIDO2 tokens of one model that tell no serial.
 *
 *	struct town town;
 *	town_open(&town);		-- found it; alice has requested prod/db
 *	town_open_many(&town, 3, MODE_RESEAL); -- ops: prod/db, prod/db-1, prod/db-2; audit's token
 *					  needs no touch, by a waiver
 *	town.lie = flip_the_request;	-- optional
 *	town_connect(&town, 1000, &client);
 *	... use the client ...
 *	client_freep(&client);
 *	town_close(&town);
 */
#ifndef TESTS_UNIT_CLIENT_TOWN_H
#define TESTS_UNIT_CLIENT_TOWN_H

#include <pthread.h>

#include "ceremony/client/connection.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/lib/founded.h"
#include "vault/documents/state_names.h"
#include "vault/seal/envelope.h"
#include "vault/seal/seal.h"

enum {
	TOWN_NOW = 1767230000,
	TOWN_LEAVES = 7,
	TOWN_PIN_TRIES = 3,
	TOWN_TOKENS = 7,
	TOWN_ITEMS = 45,
	TOWN_VOICES = 8,
	TOWN_FIDO_TRIES = 8
};
enum {
	TOWN_CISO = 1000,
	TOWN_INFRA,
	TOWN_AUDIT,
	TOWN_OPS,
	TOWN_ALICE = 2000,
	TOWN_ALICE_2,
	TOWN_STRANGER = 3000
};
#define TOWN_PIN "73920158"

/* How the server breaks the protocol when OP is asked for. */
enum town_rude { TOWN_POLITE, TOWN_CLOSES, TOWN_GARBAGE, TOWN_HUGE, TOWN_HALF, TOWN_NO_REPLY };

struct town_token {
	uint32_t serial; /* of FIDO2 tokens only the test knows it, unless they tell */
	bool fido, tells;
	const struct token_credential *bound;
	struct token_credential own; /* FIDO2: what it holds */
	bool derived, replug, pin_missing;
	struct p256_key *keys[TOKEN_KEYS]; /* NULL: no such key; owned by the town */
	bool plugged, factory_pin;
	bool busy;       /* PIV: another program has it, so it does not tell its serial */
	bool lies;       /* signs something else */
	bool other_keys; /* shows another sign key than the charter's */
	int tries;
	struct secret *pin; /* of who unlocked it: must live until close */
	unsigned announced, touches;
	struct town *town;
};

/* A secret with its one version, and what the ceremony made of it. */
struct town_item {
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1];
	struct dsse definition;
	struct digest definition_digest, header_hash;
	struct sealed_version version;
	struct header *header;
	const char *stale;        /* NULL: it is as it was */
	struct secret *received;  /* the shares that `shares` brought, opened */
	struct sealed_box answer; /* alice's credential */
	bool given[TOWN_VOICES];  /* by voice */
};
struct town_voice {
	struct dsse statement;
	struct digest digest;
	char seat[SEAT_NAME_MAX + 1];
};

struct town {
	struct founded founded;
	struct secret *statement_seed, *log_seed, *lease_seed;
	struct p256_key *alice[TOKEN_KEYS], *alice_2[TOKEN_KEYS], *ceremony_key;
	struct dsse charter, roster, request, ceremony, release;
	struct roster *alice_roster;
	struct digest vault, ceremony_digest, request_digest;
	enum mode mode;
	struct town_item items[TOWN_ITEMS];
	size_t item_count;
	struct buf checkpoint; /* the note */
	struct digest root;
	struct id id;
	struct dsse suspensions[2];
	size_t suspension_count;
	/* What happened. */
	struct town_voice voices[TOWN_VOICES];
	size_t voice_count;
	struct dsse done;     /* that came */
	struct dsse proposed; /* the definitions that came last, which wait then */
	bool another;         /* that was asked for */
	const char *proposer; /* whose the server says that they are; NULL: ciso */
	enum ceremony_state state;
	int64_t before; /* the client's clock stands before the server's */
	/* Asked for that, it refuses, and says that the ceremony is in LATER; NULL: nothing. */
	const char *refuses;
	enum ceremony_state later;
	int64_t left; /* of the lease, as the server says it; 0: as it is */
	/* The server. */
	int fd;
	pthread_t thread;
	bool running;
	enum town_rude rude;
	const char *rude_at;     /* op */
	const char *place;       /* where the client says the vault is; NULL: /srv/town */
	const char *hello_state; /* what the server says it is; NULL: live */
	bool tried;              /* it was asked whether it would take what is proposed */
	/* Of what is proposed: it is in force; it was another document. */
	bool says_live, says_other;
	/* Called before an honest reply is sent: change it. */
	void (*lie)(struct town *town, const char *op, struct json *reply, struct buf *blob);
	/* Replace members of replies: the statement called NAME becomes TEXT. */
	size_t definitions_sent; /* of ceremony-items */
	const char *unasked;     /* whose quorum it does not name; NULL: nobody's */
	const char *next;        /* where it says that secret-headers goes on; NULL: nowhere */
	bool any;                /* whatever ceremony is asked for, it shows its own */
	const char *swap_op, *swap_name;
	struct buf swap_text;
	size_t hidden;                             /* so many items are not shown */
	void (*change)(struct ceremony *ceremony); /* what `request` is answered with */
	int64_t ahead;     /* of the requester's clock, when a request is made */
	const char *words; /* of everybody, wherever they choose some; NULL: honest ones */
	/* Tokens and the person. */
	struct town_token tokens[TOWN_TOKENS];
	struct token_driver drivers[2];     /* PIV, FIDO2 */
	struct client_options choice;       /* serial, label, driver, wait */
	void (*on_wait)(struct town *town); /* somebody plugs or pulls something */
	uint32_t touched_to_choose;
	size_t asked;     /* tokens, for lists */
	const char *line; /* typed when a line is asked for */
	struct ui ui;
	struct buf screen;   /* all that was said */
	const char *pins[4]; /* typed one after the other; then TOWN_PIN */
	size_t pins_asked;
	const char *answer_text; /* what is typed to confirm; NULL: whatever is asked for */
	char home[64];
};

/* For town_server.c: is it rude instead of answering OP?  True when the session goes on. */
bool town_be_rude(struct town *town, const char *op);

void town_open(struct town *town);
/* The token of audit, and a stranger's, are FIDO2. */
void town_open_fido(struct town *town);
void town_open_fido_many(struct town *town, size_t count, enum mode mode);
/* COUNT (1..TOWN_ITEMS) secrets: alice asks for a release, else ops. */
void town_open_many(struct town *town, size_t count, enum mode mode);
/* Two secrets, and all that people chose is WORDS: their names and their tokens', effects, reasons, accounts. */
void town_open_worded(struct town *town, const char *words);
/* With all tokens as they are plugged; for calls that need no server. */
struct client_options town_options(struct town *town);
void town_close(struct town *town);
/* A client whose only plugged token is that of SERIAL.  ERR_... of client_connect. */
enum err_code town_connect(struct town *town, uint32_t serial, struct client **ret_client,
    struct err *err) MUST_CHECK;
struct town_token *town_token(struct town *town, uint32_t serial);
/* Begin again from the definitions on, without a voice, signed by OPERATOR, with a request signed by REQUESTER: all
 * other documents follow from these, as a host would make them that has gone over. */
void town_rebuild(struct town *town, const struct p256_key *operator,
    const struct p256_key * requester);
/* The approval of SEAT (index in founded) as its officer would sign it, with the shares of all. */
void town_approve(struct town *town, size_t seat);
void town_deny(struct town *town, size_t seat, const char *reason);
/* Release to alice on the approvals there are, and remember the statement. */
void town_release(struct town *town);
/* From now on the server answers OP with TEXT as member NAME. */
void town_swap(struct town *town, const char *op, const char *name, const struct dsse *statement);
void town_sign_host(struct town *town, struct dsse *statement);
/* Did the person see TEXT? */
bool town_saw(struct town *town, const char *text);

#endif
