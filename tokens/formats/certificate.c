/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	30 { 30 { [A0 version] 02 serial 30 algorithm 30 issuer 30 validity 30 subject
 *		  30 key [81] [82] [A3 { 30 extensions }] } 30 algorithm 03 signature }
 *
 *	key		30 { 30 { 06 ecPublicKey 06 prime256v1 } 03 { 00 point } }
 *	subject		31 { 30 { 06 attribute, string } ... } ...
 *	extension	30 { 06 name [01 critical] 04 { value } }
 */
#include "tokens/formats/certificate.h"

#include <string.h>

#include "base/crypto_key.h"
#include "tokens/formats/tlv.h"

enum {
	INTEGER = 0x02,
	BITS = 0x03,
	OCTETS = 0x04,
	OID = 0x06,
	SEQUENCE = 0x30,
	SET = 0x31,
	VERSION = 0xa0,
	EXTENSIONS = 0xa3,
};

/* ecPublicKey, prime256v1; commonName; 1.3.6.1.4.1.41482.3.8 */
static const uint8_t p256_algorithm[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t common_name[] = {0x55, 0x04, 0x03};
static const uint8_t policies_name[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xc4, 0x0a, 0x03, 0x08};

/* The next element, which must be called TAG. */
static struct view
want(struct reader *reader, uint32_t tag)
{
	struct tlv element = tlv_next_der(reader);

	if (element.tag != tag)
		reader->failed = true;
	return reader->failed ? (struct view){0} : element.value;
}

static bool
read_key(struct view key, struct certificate *certificate)
{
	struct reader reader = reader_of(key);
	struct view algorithm = want(&reader, SEQUENCE), bits = want(&reader, BITS);
	struct err why;

	if (!reader_end(&reader) || bits.size < 1)
		return false;
	certificate->p256 = view_equal(algorithm, VIEW_OF(p256_algorithm)) && bits.data[0] == 0 &&
	    point_from(view_of(bits.data + 1, bits.size - 1), &certificate->key, &why) == ERR_OK;
	return true;
}

static void
put_name(struct view text, struct certificate *certificate)
{
	size_t used = 3;

	memcpy(certificate->name, "CN=", used);
	for (size_t i = 0; i < text.size && used < CERTIFICATE_NAME_SIZE - 1; i++) {
		uint8_t c = text.data[i];

		certificate->name[used++] = c >= 0x20 && c < 0x7f && c != '"' ? (char)c : '?';
	}
	certificate->name[used] = '\0';
}

/* The last common name. */
static bool
read_name(struct view subject, struct certificate *certificate)
{
	struct reader sets = reader_of(subject);

	while (!sets.failed && sets.rest.size > 0) {
		struct reader set = reader_of(want(&sets, SET));

		while (!set.failed && set.rest.size > 0) {
			struct reader one = reader_of(want(&set, SEQUENCE));
			struct view name = want(&one, OID);
			struct tlv text = tlv_next_der(&one);

			if (!reader_end(&one))
				return false;
			if (view_equal(name, VIEW_OF(common_name)))
				put_name(text.value, certificate);
		}
		sets.failed |= set.failed;
	}
	return reader_end(&sets);
}

static bool
read_extension(struct view extension, struct certificate *certificate)
{
	struct reader reader = reader_of(extension);
	struct view name = want(&reader, OID);
	struct tlv next = tlv_next_der(&reader);

	if (next.tag != OCTETS)
		next = tlv_next_der(&reader);
	if (next.tag != OCTETS || !reader_end(&reader))
		return false;
	if (!view_equal(name, VIEW_OF(policies_name)) || next.value.size != 2)
		return true;
	certificate->policies = true;
	certificate->pin = (enum pin_policy)next.value.data[0];
	certificate->touch = (enum touch_policy)next.value.data[1];
	return true;
}

static bool
read_extensions(struct reader *rest, struct certificate *certificate)
{
	struct view list;

	while (!rest->failed && rest->rest.size > 0) {
		struct tlv element = tlv_next_der(rest);

		if (element.tag != EXTENSIONS)
			continue;
		if (!tlv_only_der(element.value, SEQUENCE, &list))
			return false;
		struct reader reader = reader_of(list);

		while (!reader.failed && reader.rest.size > 0) {
			struct view extension = want(&reader, SEQUENCE);

			if (!reader.failed && !read_extension(extension, certificate))
				return false;
		}
		rest->failed |= reader.failed;
	}
	return reader_end(rest);
}

bool
certificate_read(struct view der, struct certificate *ret_certificate)
{
	struct certificate certificate = {0};
	struct view whole;

	if (!tlv_only_der(der, SEQUENCE, &whole))
		return false;
	struct reader outer = reader_of(whole);
	struct reader reader = reader_of(want(&outer, SEQUENCE));
	struct tlv first = tlv_next_der(&reader);

	if (first.tag == VERSION)
		first = tlv_next_der(&reader);
	if (first.tag != INTEGER)
		return false;
	(void)want(&reader, SEQUENCE); /* algorithm, issuer, validity */
	(void)want(&reader, SEQUENCE);
	(void)want(&reader, SEQUENCE);
	struct view subject = want(&reader, SEQUENCE), key = want(&reader, SEQUENCE);
	if (reader.failed || !read_name(subject, &certificate) || !read_key(key, &certificate) ||
	    !read_extensions(&reader, &certificate))
		return false;
	(void)want(&outer, SEQUENCE);
	(void)want(&outer, BITS);
	if (!reader_end(&outer))
		return false;
	*ret_certificate = certificate;
	return true;
}
