/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate says of itself; nothing that could move a terminal's cursor gets out. */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/target.h"
#include "tokens/formats/certificate.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate certificate;
	struct point same;
	struct err err;

	if (!certificate_read(view_of(data, size), &certificate))
		return 0;
	MUST(memchr(certificate.name, '\0', sizeof(certificate.name)) != NULL);
	for (const char *c = certificate.name; *c != '\0'; c++)
		MUST(*c >= 0x20 && *c < 0x7f && *c != '"');
	if (certificate.p256)
		MUST(point_from(VIEW_OF(certificate.key.bytes), &same, &err) == ERR_OK);
	return 0;
}
