/* SPDX-License-Identifier: Apache-2.0 */
/* What the statement of a rotation says, for people: sentences without an end. */
#ifndef CEREMONY_CLIENT_TEXT_GRADE_H
#define CEREMONY_CLIENT_TEXT_GRADE_H

#include "ceremony/protocol/statements_host.h"

const char *grade_text(enum grade grade);
const char *grade_sessions_text(enum rotation_sessions sessions);

#endif
