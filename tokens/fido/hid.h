/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB keys by their device nodes, before any of them is opened as a token (libfido2).
 */
#ifndef TOKENS_FIDO_HID_H
#define TOKENS_FIDO_HID_H

#include "tokens/token.h"

/* The hidraw devices that say they are FIDO ones. */
struct fido_nodes {
	char path[TOKENS_MAX][TOKEN_READER_MAX + 1];
	size_t count;
};
enum err_code fido_nodes(struct fido_nodes *ret_nodes, struct err *err) MUST_CHECK;

/* The choose of token.h, for tokens at device nodes.  One that another program uses does not take
 * part. */
enum err_code fido_choose(void *driver, const struct token_found *const *found, size_t count,
    unsigned milliseconds, size_t *ret_index, struct err *err) MUST_CHECK;

#endif
