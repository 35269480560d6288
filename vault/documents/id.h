/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a ceremony or a debt: random. */
#ifndef VAULT_DOCUMENTS_ID_H
#define VAULT_DOCUMENTS_ID_H

#include <stdint.h>

/* People name an id by the first ID_PREFIX_MIN of its hex digits, or more. */
enum { ID_SIZE = 16, ID_HEX_SIZE = 2 * ID_SIZE + 1, ID_PREFIX_MIN = 4 };

struct id {
	uint8_t bytes[ID_SIZE];
};

#endif
