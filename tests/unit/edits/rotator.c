/* SPDX-License-Identifier: Apache-2.0 */
/* The rotator "fake" and its targets, without a process (seams.h); fake_rotator.c has the modes. */
#include <stdio.h>

#include "base/credential.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/contract/description.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/check.h"
#include "tests/unit/edits/seams.h"

struct rotator {
	struct seam_target *target;
	char current[64], next[64]; /* passwords; "": none */
	char detail[64];
};

static struct seam_target *
target_of(const char *name)
{
	struct seams *all = seams();

	for (size_t i = 0; i < all->target_count; i++)
		if (strcmp(all->targets[i].name, name) == 0)
			return &all->targets[i];
	assert_true(all->target_count < SEAM_TARGETS);
	struct seam_target *target = &all->targets[all->target_count++];
	*target = (struct seam_target){0};
	snprintf(target->name, sizeof(target->name), "%s", name);
	snprintf(target->accepts, sizeof(target->accepts), "password of %s", name);
	return target;
}

void
target_do(const char *name, const char *modes)
{
	struct seam_target *target = target_of(name);

	snprintf(target->modes, sizeof(target->modes), "%s", modes);
}

/* What the target does at this VERB, once; "" when it does it. */
static void
take_mode(struct rotator *rotator, const char *verb, char ret_mode[32])
{
	struct seam_target *target = rotator->target;
	char *at = strstr(target->modes, verb);

	buf_format(&seams()->trace, "target %s %s", target->name, verb);
	ret_mode[0] = '\0';
	if (at == NULL || at[strlen(verb)] != '=')
		return;
	const char *word = at + strlen(verb) + 1;
	size_t size = strcspn(word, "\n");
	snprintf(ret_mode, 32, "%.*s", (int)size, word);
	memmove(at, word + size + 1, strlen(word + size + 1) + 1);
}

static void
end_line(struct rotator *rotator, const char *detail)
{
	snprintf(rotator->detail, sizeof(rotator->detail), "%s", detail);
	buf_text(&seams()->trace, "\n");
}

enum err_code __wrap_rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err);
enum err_code __wrap_rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err);
void __wrap_rotator_free(struct rotator *rotator);
const char *__wrap_rotator_detail(const struct rotator *rotator);
enum err_code __wrap_description_read(const char *program, const char *name,
    const struct json *target, struct description *ret_description, struct err *err);
enum err_code __wrap_rotator_check(struct rotator *rotator, const struct announcement *announced,
    struct err *err);
enum err_code __wrap_rotator_generate(struct rotator *rotator, struct secret **ret_next,
    struct err *err);
enum err_code __wrap_rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err);
enum err_code __wrap_rotator_change(struct rotator *rotator, enum rotator_change change,
    enum change_result *ret_result, struct err *err);
enum err_code __wrap_rotator_expel(struct rotator *rotator, enum expel_result *ret_result,
    struct err *err);

enum err_code
__wrap_rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err)
{
	(void)places, (void)pinned;
	if (strcmp(name, "fake") != 0)
		return err_set(err, ERR_NOT_FOUND, "there is no rotator \"%s\"", name);
	snprintf(ret_found->path, sizeof(ret_found->path), "/rotators/halligan-rotate-fake");
	memset(ret_found->hash.bytes, 0x52, DIGEST_SIZE);
	ret_found->own = false;
	return ERR_OK;
}

enum err_code
__wrap_description_read(const char *program, const char *name, const struct json *target,
    struct description *ret_description, struct err *err)
{
	(void)program;
	(void)target;
	(void)err;
	*ret_description = (struct description){.fields = {[FIELD_PASSWORD] = true},
	    .announced = {.holds = 1, .can = CAN_EXPEL}};
	snprintf(ret_description->rotator, sizeof(ret_description->rotator), "%s", name);
	return ERR_OK;
}

static void
take_password(struct view credential, char ret_password[64])
{
	struct view password;
	struct err err;

	if (credential.size == 0)
		return;
	assert_ok(credential_get(credential, FIELD_PASSWORD, &password, &err));
	snprintf(ret_password, 64, "%.*s", (int)password.size, (const char *)password.data);
}

enum err_code
__wrap_rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err)
{
	struct rotator *rotator = calloc(1, sizeof(*rotator));

	(void)err;
	assert_non_null(rotator);
	rotator->target = target_of(json_object_text(start->target, "folder"));
	take_password(start->current, rotator->current);
	take_password(start->next, rotator->next);
	*ret_rotator = rotator;
	return ERR_OK;
}

void
__wrap_rotator_free(struct rotator *rotator)
{
	free(rotator);
}

const char *
__wrap_rotator_detail(const struct rotator *rotator)
{
	return rotator->detail;
}

enum err_code
__wrap_rotator_check(struct rotator *rotator, const struct announcement *announced, struct err *err)
{
	char mode[32];

	assert_int_equal(announced->holds, 1);
	take_mode(rotator, "check", mode);
	end_line(rotator, "");
	if (strcmp(mode, "refuse") == 0)
		return err_set(err, ERR_REFUSED, "the target makes no sense");
	return ERR_OK;
}

enum err_code
__wrap_rotator_generate(struct rotator *rotator, struct secret **ret_next, struct err *err)
{
	uint8_t bytes[16];
	char mode[32];
	SECRET *next = NULL;

	take_mode(rotator, "generate", mode);
	end_line(rotator, "");
	TRY(random_bytes(bytes, sizeof(bytes), err));
	text_hex(VIEW_OF(bytes), rotator->next);
	TRY(credential_new(&next, err));
	TRY(credential_add(next, FIELD_PASSWORD, view_of_text(rotator->next), err));
	*ret_next = TAKE(next);
	return ERR_OK;
}

enum err_code
__wrap_rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err)
{
	const char *password = value == ROTATOR_CURRENT ? rotator->current : rotator->next;
	char mode[32];

	(void)err;
	take_mode(rotator, "probe", mode);
	buf_format(&seams()->trace, " %s", password);
	end_line(rotator, "");
	*ret_result = strcmp(mode, "unreachable") == 0      ? PROBE_UNREACHABLE :
	    strcmp(password, rotator->target->accepts) == 0 ? PROBE_ACCEPTED :
	                                                      PROBE_REFUSED;
	return ERR_OK;
}

enum err_code
__wrap_rotator_change(struct rotator *rotator, enum rotator_change change,
    enum change_result *ret_result, struct err *err)
{
	char mode[32];

	(void)err;
	assert_int_equal(change, ROTATOR_APPLY);
	take_mode(rotator, "apply", mode);
	buf_format(&seams()->trace, " %s -> %s", rotator->current, rotator->next);
	end_line(rotator, strcmp(mode, "reject") == 0 ? "too simple for this target" : "");
	*ret_result = strcmp(mode, "reject") == 0 ? CHANGE_REJECTED :
	    strcmp(mode, "drop") == 0             ? CHANGE_UNKNOWN :
	                                            CHANGE_DONE;
	if (*ret_result == CHANGE_DONE)
		memcpy(rotator->target->accepts, rotator->next, sizeof(rotator->next));
	return ERR_OK;
}

enum err_code
__wrap_rotator_expel(struct rotator *rotator, enum expel_result *ret_result, struct err *err)
{
	char mode[32];

	(void)err;
	take_mode(rotator, "expel", mode);
	end_line(rotator, "two sessions");
	*ret_result = EXPEL_ENDED;
	return ERR_OK;
}
