/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of secrets, whole, as people read them before they sign. */
#ifndef CEREMONY_CLIENT_TEXT_DEFINITION_H
#define CEREMONY_CLIENT_TEXT_DEFINITION_H

#include "ceremony/client/ui.h"
#include "vault/documents/definition.h"

/* PAGES: somebody sits there, and a long list comes page by page.  CHARTER: whose policies they name. */
struct definition_screen {
	const struct ui *ui;
	const struct charter *charter;
	bool pages;
};
/* What a change begins from. */
struct definition_before {
	const struct definition *earlier;
	bool owes; /* a value of the secret is out, or dies */
};
/* All of DEFINITIONS, none left out. */
enum err_code show_definitions(const struct definition_screen *screen,
    const struct definitions *definitions, struct err *err) MUST_CHECK;
/* What each of DEFINITIONS changes, line by line as before and after, under a heading of its own where there are several,
 * and whose signatures it needs.  BEFORE: as many, in the same order. */
enum err_code show_definition_changes(const struct definition_screen *screen,
    const struct definition_before *before, const struct definitions *definitions,
    struct err *err) MUST_CHECK;

#endif
