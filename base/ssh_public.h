/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of SSH, as they stand in authorized_keys (RFC 4253 section 6.6, RFC 8709). */
#ifndef BASE_SSH_PUBLIC_H
#define BASE_SSH_PUBLIC_H

#include "base/crypto_numbers.h"

enum { SSH_TYPE_MAX = 63, SSH_BLOB_MAX = 4096, SSH_FINGERPRINT_SIZE = sizeof("SHA256:") + 43 };

/* A public key: its type name and its wire form (which begins with the type name). */
struct ssh_public {
	char type[SSH_TYPE_MAX + 1];
	uint8_t blob[SSH_BLOB_MAX];
	size_t size;
};

bool ssh_public_equal(const struct ssh_public *a, const struct ssh_public *b);
/* From "TYPE BASE64" and perhaps " COMMENT".  ERR_INVALID names what is wrong. */
enum err_code ssh_public_parse(struct view text, struct ssh_public *ret_public,
    struct err *err) MUST_CHECK;
/* "TYPE BASE64", appended. */
void ssh_public_write(const struct ssh_public *public_key, struct buf *text);
/* Whether it is an RSA key, and then of how many bits; 0 for one that is malformed. */
bool ssh_public_rsa_bits(const struct ssh_public *public_key, size_t *ret_bits);
/* A wire form alone. */
enum err_code ssh_public_from_blob(struct view blob, struct ssh_public *ret_public,
    struct err *err) MUST_CHECK;
/* Its SHA-256 as ssh-keygen -l writes it: "SHA256:" and 43 letters.  ERR_CRYPTO, ERR_MEMORY. */
struct ssh_fingerprint {
	char text[SSH_FINGERPRINT_SIZE];
};
enum err_code ssh_public_fingerprint(const struct ssh_public *public_key,
    struct ssh_fingerprint *ret_fingerprint, struct err *err) MUST_CHECK;

/* Ed25519, ECDSA or RSA, as it stands in a public key: no other type may a host's or an account's key have. */
bool ssh_type_known(const char *type);
/* The type of such keys; BITS as in base/crypto_numbers.h, of which those of a curve count.  NULL: there is no such curve. */
const char *ssh_type_of(enum key_family family, unsigned bits);
/* What kind of key it is; BITS as in base/crypto_numbers.h.  False: none of those. */
bool ssh_public_family(const struct ssh_public *public_key, enum key_family *ret_family,
    unsigned *ret_bits);

#endif
