/* SPDX-License-Identifier: Apache-2.0 */
/* What tokens are called in sentences. */
#ifndef CEREMONY_CLIENT_HAND_NAMES_H
#define CEREMONY_CLIENT_HAND_NAMES_H

#include "tokens/token.h"
#include "vault/documents/charter.h"

enum { HAND_NAME_SIZE = 320 };
/* "serial 1234", "card number 2147483650", or "" when the token tells none. */
enum { SERIAL_TEXT_SIZE = 32 };
void serial_text(uint32_t serial, char ret_text[SERIAL_TEXT_SIZE]);
/* "token 1234", "the FIDO2 token in READER" */
enum { FOUND_TEXT_SIZE = 200 };
void found_text(const struct token_found *found, char ret_text[FOUND_TEXT_SIZE]);
/* "ciso's token "ciso-1" (serial 1234)" */
void entry_text(const struct seat *seat, const struct seat_token *entry,
    char ret_text[HAND_NAME_SIZE]);

#endif
