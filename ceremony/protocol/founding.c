/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/founding.h"

#include "base/json_members.h"

static const struct member init_members[] = {
    {"init", MEMBER_HEX, FIELD(struct founding, init)},
    {NULL},
};
static const struct member choice_members[] = {
    {"name", MEMBER_TEXT, FIELD(struct founding, name), .min = 1},
    {"training", MEMBER_BOOL, FIELD(struct founding, training)},
    {"copy", MEMBER_TEXT, FIELD(struct founding, copy), .min = 1},
    {NULL},
};

void
put_founding(struct json *object, const struct founding *founding)
{
	members_put(object, init_members, founding);
	members_put(object, choice_members, founding);
}

void
in_founding(struct json_in *in, struct founding *ret_founding)
{
	members_in(in, init_members, ret_founding);
	in_founding_choice(in, ret_founding);
}

void
in_founding_choice(struct json_in *in, struct founding *ret_founding)
{
	members_in(in, choice_members, ret_founding);
}
