/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from the other side, one after the other until the first wrong one. */
#include <sys/mman.h>
#include <unistd.h>

#include "ceremony/protocol/wire.h"
#include "tests/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum err_code code = ERR_OK;
	FD fd = memfd_create("wire", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	while (code == ERR_OK) {
		JSON *json = NULL;
		BUF blob = {0};
		struct err err;
		off_t before = lseek(fd, 0, SEEK_CUR);

		code = wire_receive(fd, &json, &blob, -1, &err);
		MUST((code == ERR_OK) == (json != NULL) && blob.size <= WIRE_BLOB_MAX);
		MUST(code == ERR_OK || code == ERR_PROTOCOL || code == ERR_NOT_FOUND);
		MUST(code != ERR_NOT_FOUND || before == (off_t)size);
	}
	return 0;
}
