/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/token.h"

#include <stdio.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/client/hand/hand.h"

static const char *const pin_names[] = {"unknown", "never", "once", "always"};
static const char *const touch_names[] = {"unknown", "never", "always", "cached"};

static const char *
policy_name(const char *const names[4], unsigned policy)
{
	return names[policy < 4 ? policy : 0];
}

static const struct member found_members[] = {
    {"reader", MEMBER_TEXT, FIELD(struct token_found, reader)},
    {"serial", MEMBER_NUMBER, FIELD(struct token_found, serial)},
    {"firmware", MEMBER_FIRMWARE, FIELD(struct token_found, firmware)},
    {"problem", MEMBER_TEXT, FIELD(struct token_found, problem)},
    {NULL},
};

static struct json *
found_json(const struct token_found *found)
{
	struct json *object = json_new_object();

	json_put_text(object, "driver", found->driver->ops->traits->name);
	members_put(object, found_members, found);
	return object;
}

enum err_code
cmd_token_list(struct cli_call *call, struct err *err)
{
	const struct ui *ui = call->io->ui;
	struct token_list list = {0};
	JSON *object = json_new_object();
	JSON *all = json_new_array();
	char firmware[FIRMWARE_TEXT_SIZE], serial[16];

	TRY(token_list_all(call->drivers->tokens, call->drivers->token_count, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		const struct token_found *found = &list.found[i];

		firmware_text(found->firmware, firmware);
		snprintf(serial, sizeof(serial), "%u", found->serial);
		if (found->serial == 0)
			snprintf(serial, sizeof(serial), "no serial");
		if (found->problem[0] != '\0')
			ui_say(ui, "%-10s cannot be used: %s (%s)", "?", found->problem,
			    QUOTED(found->reader));
		else
			ui_say(ui, "%-10s %-5s firmware %s, %s", serial,
			    found->driver->ops->traits->name, firmware, QUOTED(found->reader));
		json_add(all, found_json(found));
	}
	if (list.count == 0)
		ui_say(ui, "No token is plugged in.");
	json_put(object, "tokens", TAKE(all));
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}

static void
show_key(const struct ui *ui, const struct token_info *info, int key)
{
	const struct token_key_info *row = &info->keys[key];
	char hex[2 * POINT_SIZE + 1];

	if (!row->present) {
		ui_say(ui, "  %-8s slot %02x: %s", token_key_names[key], row->slot,
		    row->holds[0] != '\0' ? row->holds : "no key");
		return;
	}
	text_hex(VIEW_OF(row->key.bytes), hex);
	ui_say(ui, "  %-8s slot %02x: %s, PIN %s, touch %s", token_key_names[key], row->slot,
	    row->generated ? "made on the token" : "IMPORTED", policy_name(pin_names, row->pin),
	    policy_name(touch_names, row->touch));
	ui_say(ui, "  %-8s %s", "", hex);
}

static void
show_fido(const struct ui *ui, const struct token_info *info)
{
	char model[2 * TOKEN_AAGUID_SIZE + 1];

	text_hex(VIEW_OF(info->aaguid), model);
	ui_say(ui, "  %-8s %s", "model", model);
	if (info->uv)
		ui_say(ui, "  %-8s it verifies its person itself", "sensor");
	if (info->pin_missing)
		ui_say(ui, "  WARNING  it has no FIDO2 PIN: halligan token pin --driver fido2");
	else
		ui_say(ui, "  %-8s FIDO2 PIN %d of %d%s", "tries", info->pin_tries,
		    info->pin_tries_total,
		    info->replug ? "; it must be plugged in again before the next one" : "");
}

static void
show_piv(const struct ui *ui, const struct token_info *info)
{
	char tries[64] = "unknown";

	if (info->pin_tries >= 0 && info->puk_tries >= 0)
		snprintf(tries, sizeof(tries), "PIV PIN %d of %d, PUK %d", info->pin_tries,
		    info->pin_tries_total, info->puk_tries);
	else if (info->pin_tries >= 0)
		snprintf(tries, sizeof(tries), "PIV PIN %d, PUK unknown", info->pin_tries);
	ui_say(ui, "  %-8s %s", "tries", tries);
	if (info->pin_default)
		ui_say(ui, "  WARNING  it has the factory PIN: halligan token pin --serial %u",
		    info->serial);
	if (info->puk_default)
		ui_say(ui, "  WARNING  it has the factory PUK: halligan token puk --serial %u",
		    info->serial);
	if (info->management_default)
		ui_say(ui,
		    "  WARNING  it has the factory management key: halligan token protect --serial "
		    "%u",
		    info->serial);
	for (int key = 0; key < TOKEN_KEYS; key++)
		show_key(ui, info, key);
}

static void
show_info(const struct ui *ui, const struct token_info *info)
{
	char firmware[FIRMWARE_TEXT_SIZE], serial[16] = "";

	firmware_text(info->firmware, firmware);
	if (info->serial != 0)
		snprintf(serial, sizeof(serial), " %u", info->serial);
	ui_say(ui, "Token%s (%s, firmware %s) in %s", serial, info->traits->name, firmware,
	    QUOTED(info->reader));
	if (info->traits->derives)
		show_fido(ui, info);
	else
		show_piv(ui, info);
}

static const struct member info_members[] = {
    {"reader", MEMBER_TEXT, FIELD(struct token_info, reader)},
    {"firmware", MEMBER_FIRMWARE, FIELD(struct token_info, firmware)},
    {"pin_tries", MEMBER_SIGNED, FIELD(struct token_info, pin_tries)},
    {"puk_tries", MEMBER_SIGNED, FIELD(struct token_info, puk_tries)},
    {"pin_default", MEMBER_BOOL, FIELD(struct token_info, pin_default)},
    {"puk_default", MEMBER_BOOL, FIELD(struct token_info, puk_default)},
    {"management_default", MEMBER_BOOL, FIELD(struct token_info, management_default)},
    {NULL},
};
static const struct member fido_members[] = {
    {"aaguid", MEMBER_HEX, FIELD(struct token_info, aaguid)},
    {"pin_missing", MEMBER_BOOL, FIELD(struct token_info, pin_missing)},
    {"replug", MEMBER_BOOL, FIELD(struct token_info, replug)},
    {NULL},
};
static const struct member key_members[] = {
    {"slot", MEMBER_NUMBER, FIELD(struct token_key_info, slot)},
    {"key", MEMBER_POINT, FIELD(struct token_key_info, key)},
    {"generated", MEMBER_BOOL, FIELD(struct token_key_info, generated)},
    {NULL},
};

static struct json *
info_json(const struct token_info *info)
{
	struct json *object = json_new_object();
	struct json *keys = json_new_object();

	json_put_int(object, "serial", info->serial);
	json_put_text(object, "driver", info->traits->name);
	members_put(object, info_members, info);
	if (info->traits->derives)
		members_put(object, fido_members, info);
	for (int key = 0; key < TOKEN_KEYS; key++) {
		const struct token_key_info *row = &info->keys[key];
		struct json *one;

		if (!row->present)
			continue;
		one = json_new_object();
		members_put(one, key_members, row);
		json_put_text(one, "pin", policy_name(pin_names, row->pin));
		json_put_text(one, "touch", policy_name(touch_names, row->touch));
		json_put(keys, token_key_names[key], one);
	}
	json_put(object, "keys", keys);
	return object;
}

enum err_code
cmd_token_info(struct cli_call *call, struct err *err)
{
	struct client_options options;
	HAND hand = {0};
	JSON *object = NULL;

	TRY(call_options(call, &options, err));
	TRY(hand_take_any(&options, &hand, err));
	show_info(call->io->ui, &hand.info);
	object = info_json(&hand.info);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
