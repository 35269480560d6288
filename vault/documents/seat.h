/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seats: persons, their roles and their tokens, as charter, roster and enrolment carry them (the
 * JSON is in charter.h).
 */
#ifndef VAULT_DOCUMENTS_SEAT_H
#define VAULT_DOCUMENTS_SEAT_H

#include "vault/documents/statement.h"
#include "vault/seal/header.h"

enum {
	SEAT_TOKENS = 4,
	LABEL_MAX = 63,
	PERSON_MAX = 100,
	FIDO2_CREDENTIAL_MAX = 512,
	AAGUID_SIZE = 16
};
enum { KEY_SIGN, KEY_SHARE, KEY_RELEASE, KEY_COUNT };
enum role { ROLE_OFFICER = 1, ROLE_OPERATOR = 2, ROLE_RESPONDER = 4 };

extern const char *const role_names[4]; /* "officer", "operator", "responder", NULL: bit order */
extern const char *const key_names[KEY_COUNT + 1];
extern const char *const driver_names[3]; /* "piv", "fido2", NULL: by enum signs */

struct seat_token {
	char label[LABEL_MAX + 1];
	char driver[8];  /* "piv", "fido2" */
	uint32_t serial; /* 0: a FIDO2 token that does not tell */
	uint8_t firmware[3];
	struct digest enrolment;
	struct digest id; /* computed: SHA-256 of the sign key */
	bool has[KEY_COUNT];
	struct point keys[KEY_COUNT];
	enum signs signs; /* computed, from the driver */
	/* FIDO2 only. */
	uint8_t credential[FIDO2_CREDENTIAL_MAX];
	size_t credential_size;
	struct digest salt; /* from which the salts of share and release key are made */
	uint8_t aaguid[AAGUID_SIZE];
};
struct seat {
	char name[SEAT_NAME_MAX + 1];
	char person[PERSON_MAX + 1];
	unsigned roles;
	size_t token_count;
	struct seat_token tokens[SEAT_TOKENS];
};

/* Seats and tokens of one list (a charter's or a roster's). */
const struct seat *seat_by_name(const struct seat *seats, size_t count, const char *name);
const struct seat *seat_by_token(const struct seat *seats, size_t count, const struct digest *token,
    const struct seat_token **ret_token);
/* The token of SEAT that came by ENROLMENT, or NULL. */
const struct seat_token *seat_by_enrolment(const struct seat *seat, const struct digest *enrolment);
/* Does BEFORE, a seat of the same name, say of TOKEN and its holder all that SEAT says? */
bool seat_same_token(const struct seat *before, const struct seat *seat,
    const struct seat_token *token);
/* How a person types it into a shell, whoever chose its label: the label when it is a name, else the serial;
 * "LABEL" when it has none. */
void seat_token_typed(const struct seat_token *token, char ret_text[LABEL_MAX + 1]);
/* Take the seat called NAME out of a list; false when it is not there. */
bool seat_remove(struct seat *seats, size_t *count, const char *name);
/* Seat objects of the JSON of charter.h.  Keys must be points of P-256; token ids
 * are computed.  Everything else about a seat is seats_check's. */
enum err_code seat_parse(const struct json *object, struct seat *ret_seat,
    struct err *err) MUST_CHECK;
/* Arrays of them; errors begin with WHAT and the index, and there is room for all. */
enum err_code seats_parse(const struct json *array, const char *what, struct seat *ret_seats,
    size_t *ret_count, struct err *err) MUST_CHECK;
void seats_put(struct json *object, const char *name, const struct seat *seats, size_t count);
/* Members that an enrolment has too: "roles"; a token's "label", "driver", "serial", "firmware",
 * "keys" and "fido2". */
void seat_put_roles(struct json *object, const struct seat *seat);
void seat_put_token(struct json *object, const struct seat_token *token);
/* The signature of TOKEN under STATEMENT: ERR_REFUSED when absent, ERR_INTEGRITY when wrong. */
enum err_code seat_token_verify(const struct dsse *statement, const struct seat_token *token,
    struct err *err) MUST_CHECK;

#endif
