/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/faults.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Cut between characters. */
static void
shorten(char text[ERR_TEXT_SIZE])
{
	static const char dots[] = "...";
	size_t size = FAULT_TEXT_MAX + 1 - sizeof(dots);

	if (strlen(text) <= FAULT_TEXT_MAX)
		return;
	while (((uint8_t)text[size] & 0xc0) == 0x80)
		size--;
	memcpy(text + size, dots, sizeof(dots));
}

void
faults_add(struct faults *faults, const struct err *one)
{
	for (size_t i = 0; i < err_parts(one); i++) {
		char text[ERR_TEXT_SIZE];

		if (++faults->count > FAULTS_TOLD)
			continue;
		err_copy_part(one, i, text);
		shorten(text);
		if (faults->count == 1)
			(void)err_set(&faults->all, one->code, "%s", text);
		else
			(void)err_part(&faults->all, "%s", text);
	}
}

enum err_code
faults_end(struct faults *faults, struct err *err)
{
	size_t more = faults->count > FAULTS_TOLD ? faults->count - FAULTS_TOLD : 0;

	if (more > 0)
		(void)err_part(&faults->all, "And %zu more, told when these are mended", more);
	return err_gathered(&faults->all, err);
}
