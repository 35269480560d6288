/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In order: what can be refused without touching anything; the PIN; the keys; their attestation;
 * one test-unseal of each key that will open something; the signature; the whole enrolment read
 * back as a founder will read it; the file.
 *
 * An attempt that ends in between leaves its keys on the token, where nothing of ours overwrites or
 * deletes one.  So keys that were made there as we make them can be enrolled as they are.
 */
#include "ceremony/enrol.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/hand.h"

enum { PROBE_SIZE = 32, MANAGEMENT_HEX_MAX = 66 };

void
enrol_needs(unsigned roles, bool ret_need[TOKEN_KEYS])
{
	ret_need[TOKEN_SIGN] = true;
	ret_need[TOKEN_SHARE] = (roles & ROLE_OFFICER) != 0;
	ret_need[TOKEN_RELEASE] = (roles & ROLE_RESPONDER) != 0;
}

void
enrol_default_policy(bool training, struct attest_policy *ret_policy)
{
	struct attest_policy policy = {.training = training, .min_firmware = {5, 7, 0}};

	if (training) {
		policy.roots[policy.root_count++] = attest_simulated_root;
	} else {
		for (size_t i = 0; i < attest_yubico_root_count && i < ATTEST_ROOTS_MAX; i++)
			policy.roots[policy.root_count++] = attest_yubico_roots[i];
	}
	*ret_policy = policy;
}

static enum err_code
check_plan(const struct enrol_plan *plan, struct err *err)
{
	if (!text_is_name(plan->seat) || strchr(plan->seat, '/') != NULL)
		return err_set(err, ERR_USAGE,
		    "the seat's name \"%s\" is not one: 1 to 63 of a-z 0-9 - _ . and a letter or "
		    "digit first", plan->seat);
	if (plan->person[0] == '\0' || strlen(plan->person) > PERSON_MAX ||
	    !text_is_plain(view_of_text(plan->person)))
		return err_set(err, ERR_USAGE,
		    "the person's name must be 1 to %d bytes of plain text", PERSON_MAX);
	if (plan->label[0] == '\0' || strlen(plan->label) > LABEL_MAX ||
	    !text_is_plain(view_of_text(plan->label)))
		return err_set(err, ERR_USAGE, "the label must be 1 to %d bytes of plain text",
		    LABEL_MAX);
	if (file_exists(plan->out))
		return err_set(err, ERR_EXISTS, "%s exists already", plan->out);
	return ERR_OK;
}

/* A token is one seat's alone; the same seat may enroll it again, with other roles. */
static enum err_code
check_other_seats(const struct hand *hand, const struct enrol_plan *plan, struct err *err)
{
	for (size_t l = 0; l < HAND_LISTS; l++) {
		for (size_t s = 0; s < plan->enrolled[l].count; s++) {
			const struct seat *seat = &plan->enrolled[l].seats[s];

			for (size_t t = 0; t < seat->token_count; t++) {
				if (seat->tokens[t].serial == hand->info.serial &&
				    strcmp(seat->name, plan->seat) != 0)
					return err_set(err, ERR_EXISTS,
					    "token %u is enrolled for the seat %s already; a token "
					    "is one person's, so take another for %s",
					    hand->info.serial, seat->name, plan->seat);
			}
		}
	}
	return ERR_OK;
}

/* Keys that stand where ours shall go: the person may enroll them, when they are as ours would be. */
static enum err_code
check_present(const struct hand *hand, const bool need[TOKEN_KEYS], struct err *err)
{
	const struct token_info *info = &hand->info;
	BUF slots = {0};

	for (int key = 0; key < TOKEN_KEYS; key++) {
		const struct token_key_info *row = &info->keys[key];

		if (!need[key] || !row->present)
			continue;
		if (!row->generated || row->pin != PIN_ONCE || row->touch != TOUCH_ALWAYS)
			return err_set(err, ERR_EXISTS,
			    "token %u has another key in slot %02x already, where the %s key would "
			    "go; Halligan never overwrites one. If nothing needs it: ykman --device "
			    "%u piv keys delete %02x (firmware 5.7 and newer)", info->serial,
			    row->slot, token_key_names[key], info->serial, row->slot);
		buf_format(&slots, "%s%02x", slots.size > 0 ? ", " : "", row->slot);
	}
	if (slots.size == 0)
		return ERR_OK;
	ui_say(hand->options->ui, "Token %u has keys that were made on it already (slot %s), as after "
	    "an enrolment that did not come to its end. None is overwritten.", info->serial,
	    buf_string(&slots));
	return ui_demand(hand->options->ui, "Enroll these keys? Type yes", "yes", err);
}

/* Factory PIN, factory PUK, a token of somebody else, keys that stand where ours shall go. */
static enum err_code
check_token(const struct hand *hand, const struct enrol_plan *plan, const bool need[TOKEN_KEYS],
    struct err *err)
{
	const struct token_info *info = &hand->info;

	if (info->pin_default)
		return err_set(err, ERR_REFUSED,
		    "token %u still has the factory PIN; change it first: ykman --device %u piv "
		    "access change-pin", info->serial, info->serial);
	if (info->puk_default)
		return err_set(err, ERR_REFUSED,
		    "token %u still has the factory PUK; change it first: ykman --device %u piv "
		    "access change-puk", info->serial, info->serial);
	TRY(check_other_seats(hand, plan, err));
	return check_present(hand, need, err);
}

static int
hex_digit(uint8_t letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	if (letter >= 'a' && letter <= 'f')
		return letter - 'a' + 10;
	if (letter >= 'A' && letter <= 'F')
		return letter - 'A' + 10;
	return -1;
}

/* Hex digits, perhaps with a newline at the end, to the key's bytes. */
static enum err_code
decode_management_key(const struct secret *text, struct secret **ret_key, struct err *err)
{
	struct view hex = secret_view(text);
	SECRET *key = NULL;

	while (hex.size > 0 && (hex.data[hex.size - 1] == '\n' || hex.data[hex.size - 1] == '\r'))
		hex.size--;
	if (hex.size != 32 && hex.size != 48 && hex.size != 64)
		return err_set(err, ERR_INVALID,
		    "the management key must be 32, 48 or 64 hex digits");
	TRY(secret_new(hex.size / 2, &key, err));
	for (size_t i = 0; i < hex.size / 2; i++) {
		int high = hex_digit(hex.data[2 * i]), low = hex_digit(hex.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, ERR_INVALID, "the management key is not in hex digits");
		secret_data(key)[i] = (uint8_t)(high << 4 | low);
	}
	TRY(secret_resize(key, hex.size / 2, err));
	*ret_key = TAKE(key);
	return ERR_OK;
}

static bool
all_present(const struct hand *hand, const bool need[TOKEN_KEYS])
{
	for (int key = 0; key < TOKEN_KEYS; key++) {
		if (need[key] && !hand->info.keys[key].present)
			return false;
	}
	return true;
}

/* RET_KEY stays NULL for the factory's, and when no key is to be made. */
static enum err_code
management_key(const struct hand *hand, const struct enrol_plan *plan,
    const bool need[TOKEN_KEYS], struct secret **ret_key, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	SECRET *text = NULL;
	char prompt[160];

	if (all_present(hand, need))
		return ERR_OK;
	if (plan->management_key != NULL)
		return decode_management_key(plan->management_key, ret_key, err);
	if (hand->info.management_default) {
		ui_say(ui, "Token %u has the factory management key. Whoever holds the token can "
		    "delete its keys with it, but not read or use them.", hand->info.serial);
		return ui_demand(ui, "Make the keys with the factory management key? Type yes", "yes",
		    err);
	}
	snprintf(prompt, sizeof(prompt), "PIV management key of token %u (hex): ",
	    hand->info.serial);
	TRY(ui->ask_secret(ui->context, prompt, MANAGEMENT_HEX_MAX, &text, err));
	return decode_management_key(text, ret_key, err);
}

static enum err_code
make_keys(struct hand *hand, const bool need[TOKEN_KEYS], const struct secret *management,
    struct enrolment *enrolment, struct err *err)
{
	struct seat_token *entry = &enrolment->seat.tokens[0];

	for (int key = 0; key < TOKEN_KEYS; key++) {
		struct point made = hand->info.keys[key].key;

		if (!need[key])
			continue;
		entry->has[key] = true;
		entry->keys[key] = made;
		if (hand->info.keys[key].present)
			continue;
		ui_progress(hand->options->ui, "making the %s key on the token",
		    token_key_names[key]);
		if (token_generate(hand->token, (enum token_key)key, management, false, &made, err) !=
		    ERR_OK)
			return err_add(err, "making the %s key", token_key_names[key]);
		entry->keys[key] = made;
	}
	return ERR_OK;
}

static enum err_code
attest_keys(struct hand *hand, const bool need[TOKEN_KEYS], struct enrolment *enrolment,
    struct err *err)
{
	for (int key = 0; key < TOKEN_KEYS; key++) {
		BUF device = {0};

		if (!need[key])
			continue;
		if (token_attest(hand->token, (enum token_key)key, &enrolment->attestation[key],
		    &device, err) != ERR_OK)
			return err_add(err, "attesting the %s key", token_key_names[key]);
		buf_done(&enrolment->device);
		enrolment->device = device;
		device = (struct buf){0};
	}
	return ERR_OK;
}

/* Read before a key is made: without them the attestation cannot hold. */
static enum err_code
read_certificates(const struct enrol_plan *plan, struct enrolment *enrolment, struct err *err)
{
	if (plan->certificates.size == 0)
		return err_set(err, ERR_USAGE, "the attestation's certificates are missing: "
		    "--attestation-certs FILE (Yubico's: https://developers.yubico.com/PKI/, simulated "
		    "tokens': halligan-simtoken root)");
	if (attest_split_pem(plan->certificates, &enrolment->certificates,
	    enrolment->certificate_views, &enrolment->certificate_count, err) != ERR_OK)
		return err_add(err, "--attestation-certs");
	return ERR_OK;
}

/* Seal random bytes to KEY, open them with the token, compare. */
static enum err_code
try_key(struct hand *hand, const struct enrolment *enrolment, enum token_key key, struct err *err)
{
	static const char info_text[] = "halligan/v1 enrolment probe";
	const struct point *recipient = &enrolment->seat.tokens[0].keys[key];
	char purpose[64];
	struct hand_agree agree = {.hand = hand, .key = key, .purpose = purpose};
	struct view info = view_of_text(info_text);
	HPKE *sender = NULL;
	HPKE *receiver = NULL;
	struct point enc;
	BUF ciphertext = {0};
	SECRET *probe = NULL;
	SECRET *opened = NULL;

	snprintf(purpose, sizeof(purpose), "try the %s key", token_key_names[key]);
	TRY(secret_new(PROBE_SIZE, &probe, err));
	TRY(secret_random(probe, PROBE_SIZE, err));
	TRY(hpke_sender(hpke_suite_default, recipient, info, &sender, &enc, err));
	TRY(hpke_seal(sender, (struct view){0}, secret_view(probe), &ciphertext, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(enc.bytes), recipient, hand_agree, &agree,
	    info, &receiver, err));
	if (hpke_open(receiver, (struct view){0}, buf_view(&ciphertext), &opened, err) != ERR_OK ||
	    !secret_equal(probe, opened))
		return err_set(err, ERR_TOKEN,
		    "token %u does not open what was sealed to its %s key: do not use it",
		    hand->info.serial, token_key_names[key]);
	return ERR_OK;
}

static enum err_code
try_keys(struct hand *hand, const bool need[TOKEN_KEYS], struct enrolment *enrolment,
    struct err *err)
{
	for (int key = TOKEN_SHARE; key < TOKEN_KEYS; key++) {
		if (!need[key])
			continue;
		TRY(try_key(hand, enrolment, (enum token_key)key, err));
		enrolment->unsealed[key] = true;
	}
	return ERR_OK;
}

static void
fill_seat(const struct hand *hand, const struct enrol_plan *plan, struct enrolment *enrolment)
{
	struct seat *seat = &enrolment->seat;
	struct seat_token *entry = &seat->tokens[0];

	enrolment->init = plan->init;
	enrolment->created = hand->options->now();
	snprintf(seat->name, sizeof(seat->name), "%s", plan->seat);
	snprintf(seat->person, sizeof(seat->person), "%s", plan->person);
	seat->roles = plan->roles;
	seat->token_count = 1;
	snprintf(entry->label, sizeof(entry->label), "%s", plan->label);
	snprintf(entry->driver, sizeof(entry->driver), "%s", hand->found.driver);
	entry->serial = hand->info.serial;
	memcpy(entry->firmware, hand->info.firmware, sizeof(entry->firmware));
}

/* The statement as a founder will see it: parsed again and verified under the policy. */
static enum err_code
verify_result(const struct dsse *statement, const struct enrol_plan *plan,
    struct digest *ret_digest, struct err *err)
{
	ENROLMENT enrolment = {0};

	TRY(enrolment_parse(statement, plan->training, &enrolment, err));
	TRY(enrolment_verify(statement, &enrolment, &plan->init, &plan->policy, err));
	*ret_digest = enrolment.digest;
	return ERR_OK;
}

static enum err_code
sign_enrolment(struct hand *hand, const struct enrol_plan *plan,
    const struct enrolment *enrolment, struct digest *ret_digest, struct err *err)
{
	DSSE statement = {0};
	JSON *payload = NULL;
	BUF text = {0};

	TRY(enrolment_payload(enrolment, &payload, err));
	TRY(statement_new(STATEMENT_ENROLMENT, plan->training, payload, &statement, err));
	TRY(hand_sign_as(hand, &enrolment->seat.tokens[0].keys[KEY_SIGN], &statement,
	    "sign the enrolment", err));
	TRY(verify_result(&statement, plan, ret_digest, err));
	TRY(dsse_encode(&statement, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	return file_write_new(plan->out, buf_view(&text), 0644, err);
}

/* The attestation is judged before the person is asked to touch anything. */
static enum err_code
judge_attestation(const struct enrolment *enrolment, const bool need[TOKEN_KEYS],
    const struct enrol_plan *plan, struct err *err)
{
	for (int key = 0; key < TOKEN_KEYS; key++) {
		struct attest_facts facts;

		if (!need[key])
			continue;
		if (attest_verify(buf_view(&enrolment->attestation[key]),
		    buf_view(&enrolment->device), enrolment->certificate_views,
		    enrolment->certificate_count, &plan->policy, &facts, err) != ERR_OK)
			return err_add(err, "the attestation of token %u",
			    enrolment->seat.tokens[0].serial);
	}
	return ERR_OK;
}

enum err_code
enrol_run(const struct client_options *options, const struct enrol_plan *plan,
    struct digest *ret_digest, struct err *err)
{
	HAND hand = {0};
	ENROLMENT enrolment = {0};
	SECRET *management = NULL;
	bool need[TOKEN_KEYS];

	TRY(check_plan(plan, err));
	TRY(read_certificates(plan, &enrolment, err));
	enrol_needs(plan->roles, need);
	TRY(hand_take_any(options, &hand, err));
	memcpy(hand.label, plan->label, strlen(plan->label) + 1);
	TRY(check_token(&hand, plan, need, err));
	TRY(management_key(&hand, plan, need, &management, err));
	TRY(hand_unlock(&hand, 1, need[TOKEN_SHARE] + need[TOKEN_RELEASE], err));
	fill_seat(&hand, plan, &enrolment);
	TRY(make_keys(&hand, need, management, &enrolment, err));
	TRY(attest_keys(&hand, need, &enrolment, err));
	TRY(judge_attestation(&enrolment, need, plan, err));
	TRY(try_keys(&hand, need, &enrolment, err));
	return sign_enrolment(&hand, plan, &enrolment, ret_digest, err);
}
