/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer reads at 2:13 a.m.: who, what, why, how long, what happens then, who else. */
#ifndef CEREMONY_CLIENT_TEXT_CEREMONY_H
#define CEREMONY_CLIENT_TEXT_CEREMONY_H

#include "ceremony/client/opening/dossier.h"

/* The six words that people read to each other. */
void dossier_words(const struct digest *ceremony, char ret_words[TEXT_WORDS_SIZE]);
/* The screen before a decision. */
void dossier_show(const struct dossier *dossier, const struct vault_view *view, const struct ui *ui,
    int64_t now);

#endif
