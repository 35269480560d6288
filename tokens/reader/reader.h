/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers and cards through pcscd.  Calls that pcscd may hold up while another program uses the
 * card take a time limit; everything else answers at once.  The texts of errors name the reader's
 * trouble and the remedy; the caller puts the token's name in front.
 *
 * A card is reached in shared mode, so that opening one disturbs nobody; pcsc_begin() makes it
 * ours alone until pcsc_end().  A card that another program reset, or that was pulled and plugged
 * in again, before pcsc_begin() is connected to again there: the caller must then check whether
 * it is the same card.  Within a transaction nothing is connected again.
 */
#ifndef TOKENS_READER_READER_H
#define TOKENS_READER_READER_H

#include "tokens/token.h"

struct pcsc_found {
	char reader[TOKEN_READER_MAX + 1];
	char problem[128]; /* why the card cannot be used, or "" */
	bool busy;         /* ... since another program has it for itself */
};
struct pcsc_list {
	struct pcsc_found found[TOKENS_MAX];
	size_t count;
};

struct pcsc_card;

/* The readers that hold a card; none is no error.  ERR_TOKEN: pcscd does not run or refuses us. */
enum err_code pcsc_list(struct pcsc_list *ret_list, struct err *err) MUST_CHECK;

/* Wait at most MILLISECONDS until a card or a reader comes or goes; what happened before the call is
 * not seen.  pcscd may end and start again meanwhile (both are then true, since whatever was open is
 * closed); when it is not there the time is waited out.  ERR_TOKEN, ERR_MEMORY. */
struct pcsc_change {
	bool came, left;
};
enum err_code pcsc_wait(unsigned milliseconds, struct pcsc_change *ret_change,
    struct err *err) MUST_CHECK;

/* Connect to the card in READER (the exact name) within MILLISECONDS.  ERR_TOKEN_ABSENT: no such
 * reader, or it is empty.  ERR_BUSY: another program holds it all that time.  ERR_TOKEN. */
enum err_code pcsc_connect(const char *reader, unsigned milliseconds, struct pcsc_card **ret_card,
    struct err *err) MUST_CHECK;
void pcsc_close(struct pcsc_card *card); /* accepts NULL; ends a transaction */

/* Have the card for ourselves.  ERR_BUSY: not within MILLISECONDS; the card object can then only
 * be closed.  ERR_TOKEN_GONE: the card was pulled.  ERR_TOKEN. */
enum err_code pcsc_begin(struct pcsc_card *card, unsigned milliseconds, struct err *err) MUST_CHECK;
/* RESET: the card forgets PINs and whatever else was shown to it. */
void pcsc_end(struct pcsc_card *card, bool reset);

/* After a command that got no answer: what became of the card.  Never ERR_OK: ERR_TOKEN_GONE
 * (pulled or reset) or ERR_TOKEN (pcscd ended, or the card talks nonsense).  Waits up to a second
 * for a removal to be noticed. */
enum err_code pcsc_why(struct pcsc_card *card, struct err *err);

/* Send the command APDU and put the answer, status word included, into REPLY, as far as it has
 * room.  The errors of pcsc_why(). */
enum err_code pcsc_transmit(struct pcsc_card *card, struct view command, struct secret *reply,
    struct err *err) MUST_CHECK;

/* From another thread, while a command runs that never ends: make it fail, and the card
 * unusable. */
void pcsc_abort(struct pcsc_card *card);

/* PC/SC's own handles, for libraries that transmit by themselves. */
void pcsc_handles(const struct pcsc_card *card, uintptr_t *ret_context, uintptr_t *ret_handle);

#endif
