/* SPDX-License-Identifier: Apache-2.0 */
/* What makeCredential and getAssertion have in common (CTAP 2.1, 6.1.2 and 6.2.2). */
#ifndef TOKENS_SIM_CTAP_REQUEST_H
#define TOKENS_SIM_CTAP_REQUEST_H

#include "tokens/sim/ctap/credential.h"
#include "tokens/sim/ctap/ctap.h"

/* Flags of authenticator data (WebAuthn level 2, 6.1). */
enum { FLAG_UP = 0x01, FLAG_UV = 0x04, FLAG_AT = 0x40, FLAG_ED = 0x80 };

struct ctap_request {
	struct digest client_data, rp; /* RP: SHA-256 of RP_ID */
	struct view rp_id;
	bool rk, uv, up; /* options; UP is true unless said otherwise */
	bool has_rk;
	const struct cbor *list; /* of credentials, each with id and type; NULL: none */
	const struct cbor *extensions;
	bool has_param;
	struct view param;
	uint32_t protocol;
	/* Found by ctap_request_verify(): */
	bool verified, present;
};

/* Where each thing stands in a command's map. */
struct ctap_keys {
	int64_t client_data, list, extensions, options, param, protocol;
};

/* All but RP_ID, which is given; IN's status says what is wrong. */
uint8_t ctap_request_read(struct cbor_in *in, const struct ctap_keys *keys, struct view rp_id,
    struct ctap_request *ret_request);
/* Verify the user as far as the request and the token's settings want it. */
uint8_t ctap_request_verify(struct ctap *ctap, struct ctap_request *request, uint8_t permission);
/* Element number AT of the list as an id; empty when it is no public key. */
struct view ctap_request_id(const struct ctap_request *request, size_t at);

/* A user entity of a request, names cut to what the state holds; and as it is answered, NAMES or
 * the id alone. */
uint8_t ctap_read_user(const struct cbor *map, struct fido_credential *ret_entry);
void ctap_put_user(const struct fido_credential *entry, bool names, struct buf *ret_body);

/* Count up (durably) and write authenticator data up to the counter. */
uint8_t ctap_put_auth_data(struct ctap *ctap, const struct digest *rp, uint8_t flags,
    struct buf *ret_data);
/* {"id": ID, "type": "public-key"} */
void ctap_put_descriptor(struct buf *buf, struct view id);

#endif
