/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the copy sink hold, and how they are called, by the database. */
#ifndef CEREMONY_SERVER_COPIES_CONTENTS_H
#define CEREMONY_SERVER_COPIES_CONTENTS_H

#include "ceremony/server/vault/copy_sink.h"
#include "vault/store/copy.h"

/* The file that ROW is about.  RET_LISTED is false, and nothing else is set, where the sink need not hold it any more. */
enum err_code contents_load(struct session *session, const struct copy_row *row, bool *ret_listed,
    char ret_name[SINK_NAME_SIZE], struct buf *ret_bytes, struct err *err) MUST_CHECK;
/* Its name alone. */
enum err_code contents_name(struct session *session, const struct copy_row *row,
    char ret_name[SINK_NAME_SIZE], struct err *err) MUST_CHECK;
/* "prod/db, version 2", "what ceremony 0123abcd released", ... */
enum { CONTENTS_TEXT_SIZE = 120 };
void contents_text(struct session *session, const struct copy_row *row,
    char ret_text[CONTENTS_TEXT_SIZE]);
/* What a file of NAME would be about; false: it is no name of ours. */
bool contents_of_name(const char *name, struct copy_row *ret_row);

#endif
