/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as people read them before they sign. */
#ifndef CEREMONY_CLIENT_TEXT_CHARTER_H
#define CEREMONY_CLIENT_TEXT_CHARTER_H

#include "ceremony/client/ui.h"
#include "vault/documents/chain.h"

/* "officer, operator". */
enum { SHOW_ROLES_SIZE = 48 };
void show_roles(unsigned roles, char ret_text[SHOW_ROLES_SIZE]);
/* Whose it is, and the words that its person reads aloud. */
void show_enrolment(const struct ui *ui, const struct seat *seat, const struct digest *digest);
/* "since roster 2 of 2026-01-05 10:00:00Z, signed by infra, ciso": when SEAT's TOKEN (NULL: the seat) was
 * admitted, appended; nothing when CHAIN (may be NULL) does not know it. */
void show_admission(const struct chain *chain, const char *seat, const struct digest *token,
    struct buf *ret_text);
/* The same of all tokens of SEATS: [{"seat","token":HEX32,"document","version","time","signed"}]. */
struct json *admissions_json(const struct chain *chain, const struct seat *seats, size_t count);
/* All that a charter says, a line each; CHAIN (may be NULL) says since when. */
void show_charter(const struct ui *ui, const struct chain *chain, const struct charter *charter);
/* What AFTER changes of BEFORE: seats, tokens, waivers, policies and whose quorum that needs; which of SUSPENDED it
 * restores; who can do less afterwards. */
void show_charter_changes(const struct ui *ui, const struct charter *before,
    const struct charter *after, const struct suspensions *suspended);
/* "alice's token \"alice-1\", suspended by infra on 2026-01-05 10:00:00Z: lost on a train", appended. */
void show_restored(const struct suspension *row, struct buf *ret_text);
/* "NO TOUCH, OLD FIRMWARE waived: REASON" for a token that CHARTER forgives something, in capitals;
 * nothing otherwise. */
void show_waiver(const struct charter *charter, const struct digest *token, struct buf *ret_text);
/* "usb-a-keychain", ... or a number of 1..255. */
bool form_factor_from_text(const char *text, uint8_t *ret_number);
void show_roster(const struct ui *ui, const struct chain *chain);
void show_seat_changes(const struct ui *ui, const struct seat *before, size_t before_count,
    const struct seat *after, size_t after_count);
/* A digest in full: hex, and its 32 bytes as words to read aloud, eight in a line. */
void show_fingerprint(const struct ui *ui, const char *what, const struct digest *digest);

#endif
