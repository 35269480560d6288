/* SPDX-License-Identifier: Apache-2.0 */
/* A value that is shown whole, however long it is. */
#ifndef CEREMONY_CLIENT_TEXT_WHOLE_H
#define CEREMONY_CLIENT_TEXT_WHOLE_H

/* One row; LABEL is "" in those after the first. */
typedef void (*whole_row)(void *context, const char *label, const char *text);
/* TEXT, a text_quote_whole or a value of definition_compare (vault/documents/definition_changes.h), in one row; a longer
 * one in numbered rows that ui_say does not cut, each in quotation marks of its own. */
void show_whole(const char *label, const char *text, whole_row row, void *context);

#endif
