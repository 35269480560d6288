/* SPDX-License-Identifier: Apache-2.0 */
#include "base/announcement.h"

const char *const style_names[] = {"replace", "overlap", "issue", NULL};
const char *const identity_names[] = {"ambient", "self", "via", NULL};
const char *const death_names[] = {"refused", "copies-open", "cannot-die", NULL};
const char *const can_names[] = {"expel", "warn", "mint", NULL};

static void
check(struct json_in *in, const struct announcement *announcement)
{
	bool one = announcement->style == STYLE_REPLACE;

	if (in->code == ERR_OK && one != (announcement->holds == 1))
		json_in_fail(in, "holds",
		    one ? "must be 1: a target that holds more is rotated by overlap" :
		          "must be 2 or more: a target that holds one value is rotated by replace");
	if (in->code == ERR_OK && announcement->death == DEATH_NONE && announcement->grace != 0)
		json_in_fail(in, "grace", "must be 0: what cannot die has no grace time");
}

void
announcement_in(struct json_in *in, struct announcement *ret_announcement)
{
	struct announcement announcement = {
	    .style = (enum style)json_in_choice(in, "style", style_names),
	    .holds = (uint32_t)json_in_int(in, "holds", 1, ANNOUNCED_HOLDS_MAX),
	    .identity = (enum identity)json_in_choice(in, "identity", identity_names),
	    .grace = (uint32_t)json_in_int(in, "grace", 0, ANNOUNCED_GRACE_MAX),
	    .death = (enum death)json_in_choice(in, "death", death_names),
	    .can = json_in_set(in, "can", can_names, 0),
	};

	check(in, &announcement);
	*ret_announcement = announcement;
}

enum err_code
announcement_parse(const struct json *object, const char *what,
    struct announcement *ret_announcement, struct err *err)
{
	struct json_in in = json_in(object, what, err);

	announcement_in(&in, ret_announcement);
	return json_in_end(&in);
}

void
announcement_put(struct json *object, const struct announcement *announcement)
{
	struct json *can = json_new_array();

	for (unsigned i = 0; can_names[i] != NULL; i++)
		if ((announcement->can & 1u << i) != 0)
			json_add_text(can, can_names[i]);
	json_put_text(object, "style", style_names[announcement->style]);
	json_put_int(object, "holds", announcement->holds);
	json_put_text(object, "identity", identity_names[announcement->identity]);
	json_put_int(object, "grace", announcement->grace);
	json_put_text(object, "death", death_names[announcement->death]);
	json_put(object, "can", can);
}

const char *
announcement_differs(const struct announcement *a, const struct announcement *b)
{
	return a->style != b->style    ? "style" :
	    a->holds != b->holds       ? "holds" :
	    a->identity != b->identity ? "identity" :
	    a->grace != b->grace       ? "grace" :
	    a->death != b->death       ? "death" :
	    a->can != b->can           ? "can" :
	                                 NULL;
}
