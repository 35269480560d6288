/* SPDX-License-Identifier: Apache-2.0 */
/* How the client side of a ceremony speaks with a person; cli/ implements it on a terminal. */
#ifndef CEREMONY_CLIENT_UI_H
#define CEREMONY_CLIENT_UI_H

#include "tokens/token.h"

struct ui {
	void *context;
	/* One paragraph of lines; "" gives a blank line. */
	void (*say)(void *context, const char *line);
	/* A line in words of others, marked as theirs: apart from what is said, where errors go. */
	void (*relay)(void *context, const char *line);
	/* Long work: replaces the previous progress on a terminal, plain lines elsewhere. */
	void (*progress)(void *context, const char *line);
	/* True only when the person typed WORD ("yes", a serial number, ...). */
	enum err_code (*confirm)(void *context, const char *question, const char *word,
	    bool *ret_yes, struct err *err);
	/* A line that the person types, of at most SIZE - 1 bytes. */
	enum err_code (*ask_line)(void *context, const char *question, char *ret_line, size_t size,
	    struct err *err);
	/* A PIN without echo; PROMPT says which PIN, which token, how many tries.  Detects an OTP
	 * typed by a touched key and asks again. */
	enum err_code (
	    *ask_pin)(void *context, const char *prompt, struct secret **ret_pin, struct err *err);
	/* Another secret (a credential to adopt, a management key), without echo; MAX bytes. */
	enum err_code (*ask_secret)(void *context, const char *prompt, size_t max,
	    struct secret **ret_secret, struct err *err);
	/* Touch prompts; its context is its own. */
	struct token_ui touch;
};

/* One formatted line of at most 8191 bytes; more is cut.  Words of others in it are QUOTED() (base/text.h). */
void ui_say(const struct ui *ui, const char *format, ...) FORMAT_LIKE(2, 3);
void ui_relay(const struct ui *ui, const char *format, ...) FORMAT_LIKE(2, 3);
void ui_progress(const struct ui *ui, const char *format, ...) FORMAT_LIKE(2, 3);
/* ERR_REFUSED unless the person types WORD. */
enum err_code ui_demand(const struct ui *ui, const char *question, const char *word,
    struct err *err) MUST_CHECK;

#endif
