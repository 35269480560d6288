/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an officer reads at 2:13 a.m., of 1 to 500 secrets alike: who, from where, what, why, how long,
 * what happens then, who receives it, who else.
 */
#ifndef CEREMONY_CLIENT_TEXT_CEREMONY_H
#define CEREMONY_CLIENT_TEXT_CEREMONY_H

#include "base/text.h"
#include "ceremony/client/case_fetch.h"

enum { REQUEST_WORDS = 8, SCREEN_ITEMS = 20 };

/* The eight words of a request's digest that people read to each other: the requester's own computer
 * knows them before any host does. */
void request_words(const struct digest *request, char ret_words[TEXT_WORDS_SIZE]);
/* What became of a secret: "released", "opened to be replaced", ... */
extern const char *const mode_done[MODES];
/* What it is opened for: "to be released", "to be replaced", ... */
extern const char *const mode_aim[MODES];
/* The screen before a decision; every item must have been fetched.  PAGES: stop after each
 * SCREEN_ITEMS secrets until the person wants to read on.  ROWS (may be NULL) gets the same as
 * {"label","text"}.  Errors are those of ui->ask_line. */
enum err_code ceremony_show(const struct dossier *dossier, const struct vault_view *view,
    const struct ui *ui, int64_t now, bool pages, struct json *rows, struct err *err) MUST_CHECK;
/* What became of it, one line for each item that was not opened. */
void ceremony_tell(const struct dossier *dossier, const struct ui *ui);

#endif
