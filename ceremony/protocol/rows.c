/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/rows.h"

#include "vault/documents/definition.h"
#include "vault/documents/state_names.h"

enum { KIND_MAX = 40, SUBJECT_MAX = 200, ITEM_TEXT_MAX = 4096, STATE_MAX = 60 };

const struct member status_item_members[] = {
    {"kind", MEMBER_STRING, FIELD(struct status_item, kind), .min = 1, .max = KIND_MAX},
    {"subject", MEMBER_STRING, FIELD(struct status_item, subject), .max = SUBJECT_MAX},
    {"text", MEMBER_STRING, FIELD(struct status_item, text), .max = ITEM_TEXT_MAX},
    {"waits", MEMBER_STRING, FIELD(struct status_item, waits), .max = ITEM_TEXT_MAX},
    {"next", MEMBER_STRING, FIELD(struct status_item, next), .max = ITEM_TEXT_MAX},
    {NULL},
};

const struct member secret_listed_members[] = {
    {"name", MEMBER_STRING, FIELD(struct secret_listed, name), .min = 1, .max = SEAT_NAME_MAX},
    {"current", MEMBER_NUMBER, FIELD(struct secret_listed, current), .max = UINT32_MAX},
    {"policy", MEMBER_STRING, FIELD(struct secret_listed, policy), .min = 1, .max = SEAT_NAME_MAX},
    {"rotator", MEMBER_STRING, FIELD(struct secret_listed, rotator), .min = 1,
        .max = ROTATOR_TEXT_MAX},
    {"state", MEMBER_STRING, FIELD(struct secret_listed, state), .min = 1, .max = STATE_MAX},
    {NULL},
};

const struct member rotation_told_members[] = {
    {"name", MEMBER_STRING, FIELD(struct rotation_told, name), .min = 1, .max = SEAT_NAME_MAX},
    {"debt", MEMBER_STRING, FIELD(struct rotation_told, debt), .min = 1, .max = KIND_MAX},
    {"code", MEMBER_STRING, FIELD(struct rotation_told, code), .min = 1, .max = KIND_MAX},
    {"note", MEMBER_STRING, FIELD(struct rotation_told, note), .max = ERR_TEXT_SIZE},
    {"grade", MEMBER_STRING, FIELD(struct rotation_told, grade), .max = KIND_MAX},
    {NULL},
};

const struct member value_told_members[] = {
    {"version", MEMBER_NUMBER, FIELD(struct value_told, version), 1, UINT32_MAX},
    {"words", MEMBER_STRING, FIELD(struct value_told, words), .min = 1, .max = NOTE_TEXT_MAX},
    {"public", MEMBER_STRING, FIELD(struct value_told, public), .max = VALUE_PUBLIC_MAX},
    {NULL},
};

const struct member death_told_members[] = {
    {"version", MEMBER_NUMBER, FIELD(struct death_told, version), 1, UINT32_MAX},
    {"state", MEMBER_STRING, FIELD(struct death_told, state), .min = 1, .max = KIND_MAX},
    {"words", MEMBER_STRING, FIELD(struct death_told, words), .min = 1, .max = NOTE_TEXT_MAX},
    {"note", MEMBER_STRING, FIELD(struct death_told, note), .max = NOTE_TEXT_MAX},
    {NULL},
};

const struct member copy_found_members[] = {
    {"finding", MEMBER_STRING, FIELD(struct copy_found, finding), .min = 1, .max = KIND_MAX},
    {"name", MEMBER_STRING, FIELD(struct copy_found, name), .max = NOTE_TEXT_MAX},
    {"what", MEMBER_STRING, FIELD(struct copy_found, what), .max = SUBJECT_MAX},
    {NULL},
};
