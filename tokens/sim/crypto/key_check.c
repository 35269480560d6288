/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/crypto/key_check.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)

/* The kind of KEY: RSA, a curve, or an Edwards or Montgomery key. */
static int
kind_of(const EVP_PKEY *key)
{
	char group[32] = "";
	int id = EVP_PKEY_get_base_id(key);

	if (id == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		return OBJ_sn2nid(group);
	return id;
}

static int
kind_wanted(uint8_t algorithm)
{
	switch (algorithm) {
	case SIM_P256:
		return NID_X9_62_prime256v1;
	case SIM_P384:
		return NID_secp384r1;
	case SIM_ED25519:
		return NID_ED25519;
	case SIM_X25519:
		return NID_X25519;
	default:
		return sim_key_is_rsa(algorithm) ? EVP_PKEY_RSA : NID_undef;
	}
}

enum err_code
sim_key_check(uint8_t algorithm, struct view private_key, struct err *err)
{
	const uint8_t *at = private_key.data;
	CLEANUP(key_freep) EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)private_key.size);
	int wanted = kind_wanted(algorithm);

	if (key == NULL || at != private_key.data + private_key.size)
		return err_set(err, ERR_INVALID, "a key of the state is not one key in DER");
	if (wanted == NID_undef || kind_of(key) != wanted ||
	    (wanted == EVP_PKEY_RSA &&
	        (size_t)EVP_PKEY_get_bits(key) != 8 * sim_key_size(algorithm)))
		return err_set(err, ERR_INVALID, "a key of the state is not of algorithm %02X",
		    algorithm);
	return ERR_OK;
}
