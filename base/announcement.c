/* SPDX-License-Identifier: Apache-2.0 */
#include "base/announcement.h"

#include <string.h>

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

static bool
has_member(const struct announcement *announcement, const char *name)
{
	for (uint32_t i = 0; i < announcement->account_count; i++)
		if (strcmp(announcement->account[i], name) == 0)
			return true;
	return false;
}

static void
read_account(struct json_in *in, struct announcement *announcement)
{
	if (!json_in_has(in, "account"))
		return;
	const struct json *names = json_in_array(in, "account", 1, ACCOUNT_MEMBERS);

	for (size_t i = 0; i < json_array_count(names); i++) {
		const char *name = json_array_text(names, i);

		if (name == NULL || name[0] == '\0' || strlen(name) > ACCOUNT_MEMBER_MAX) {
			json_in_fail(in, "account", "must hold names of 1 to 100 bytes");
			return;
		}
		if (has_member(announcement, name)) {
			json_in_fail(in, "account", "names a member twice");
			return;
		}
		memcpy(announcement->account[announcement->account_count++], name,
		    strlen(name) + 1);
	}
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

	read_account(in, &announcement);
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

enum err_code
announcement_take(const struct json *object, const char *what, struct announcement *announcement,
    struct err *err)
{
	struct announcement said;

	TRY(announcement_parse(object, what, &said, err));
	if (said.account_count > 0)
		return err_set(err, ERR_INVALID,
		    "%s: account: what tells an account is the rotator's to say", what);
	said.account_count = announcement->account_count;
	memcpy(said.account, announcement->account, sizeof(said.account));
	*announcement = said;
	return ERR_OK;
}

static void
put_account(struct json *object, const struct announcement *announcement)
{
	struct json *names;

	if (announcement->account_count == 0)
		return;
	names = json_new_array();
	for (uint32_t i = 0; i < announcement->account_count; i++)
		json_add_text(names, announcement->account[i]);
	json_put(object, "account", names);
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
	put_account(object, announcement);
}

bool
announcement_replaces_alone(const struct announcement *announcement)
{
	return announcement->identity == IDENTITY_AMBIENT && announcement->style == STYLE_REPLACE &&
	    announcement->death == DEATH_REFUSED;
}

static bool
same_account(const struct announcement *a, const struct announcement *b)
{
	bool same = a->account_count == b->account_count;

	for (uint32_t i = 0; same && i < a->account_count; i++)
		same = strcmp(a->account[i], b->account[i]) == 0;
	return same;
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
	    !same_account(a, b)        ? "account" :
	                                 NULL;
}
