/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain goes through the very device certificate (tokens/attest/chain.h); here is what Yubico's
 * extensions say.
 *
 *	slot certificate	arc 1.3.6.1.4.1.41482.3
 *	  .3  firmware		3 bytes
 *	  .7  serial		DER INTEGER
 *	  .8  policies		PIN, touch: 2 bytes
 *	  .9  form factor	1 byte, missing on old ones
 */
#include "tokens/attest/piv.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tokens/attest/chain.h"
#include "tokens/formats/tlv.h"

enum { INTEGER = 0x02 };

/* Of arc 1.3.6.1.4.1.41482.3. */
static const char firmware_oid[] = "1.3.6.1.4.1.41482.3.3", serial_oid[] = "1.3.6.1.4.1.41482.3.7",
                  policies_oid[] = "1.3.6.1.4.1.41482.3.8", form_oid[] = "1.3.6.1.4.1.41482.3.9";

/* ---- what the slot certificate says ---- */

static enum err_code
read_serial(X509 *slot, uint32_t *ret_serial, struct err *err)
{
	struct view value, integer;

	TRY(attest_extension(slot, serial_oid, &value, err));
	if (value.size == 0)
		return err_set(err, ERR_REFUSED,
		    "the attestation has no serial number: only tokens with one can be enrolled");
	if (!tlv_only_der(value, INTEGER, &integer) || !tlv_u32(integer, ret_serial) ||
	    *ret_serial == 0)
		return err_set(err, ERR_REFUSED,
		    "the attested serial number is not one of 32 bits");
	return ERR_OK;
}

static enum err_code
read_policies(X509 *slot, struct attest_facts *facts, struct err *err)
{
	struct view firmware, policies, form;

	TRY(attest_extension(slot, firmware_oid, &firmware, err));
	TRY(attest_extension(slot, policies_oid, &policies, err));
	TRY(attest_extension(slot, form_oid, &form, err));
	if (firmware.size != sizeof(facts->firmware))
		return err_set(err, ERR_REFUSED, "the attestation does not tell the firmware");
	if (policies.size != 2)
		return err_set(err, ERR_REFUSED,
		    "the attestation does not tell the key's policies");
	if (form.size > 1)
		return err_set(err, ERR_REFUSED, "the attested form factor is malformed");
	memcpy(facts->firmware, firmware.data, sizeof(facts->firmware));
	facts->pin = (enum pin_policy)policies.data[0];
	facts->touch = (enum touch_policy)policies.data[1];
	facts->form_factor = form.size == 1 ? form.data[0] : 0;
	return ERR_OK;
}

/* Subject "CN = YubiKey PIV Attestation 82": the slot, for people; 0 when it is another name. */
static uint8_t
read_slot(X509 *slot)
{
	static const char prefix[] = "YubiKey PIV Attestation ";
	char name[64];
	uint8_t number = 0;
	int size = X509_NAME_get_text_by_NID(X509_get_subject_name(slot), NID_commonName, name,
	    sizeof(name));

	if (size == (int)sizeof(prefix) + 1 && memcmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	    text_from_hex(name + sizeof(prefix) - 1, &number, 1))
		return number;
	return 0;
}

/* ---- the verdict ---- */

static enum err_code
judge_form(const struct attest_facts *facts, const struct attest_policy *policy, struct err *err)
{
	if (policy->form_factor_count == 0 || (policy->waives & ATTEST_WAIVE_FORM_FACTOR) != 0)
		return ERR_OK;
	for (size_t i = 0; i < policy->form_factor_count; i++)
		if (policy->form_factors[i] == facts->form_factor)
			return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "token %u has form factor %u, which is none of those that the charter allows",
	    facts->serial, facts->form_factor);
}

static enum err_code
judge(const struct attest_facts *facts, const struct attest_policy *policy, struct err *err)
{
	char who[32];

	snprintf(who, sizeof(who), "token %u", facts->serial);
	TRY(attest_judge_origin(facts->simulated, who, policy, err));
	TRY(attest_judge_firmware(facts->firmware, who, policy, err));
	TRY(judge_form(facts, policy, err));
	if (facts->pin != PIN_ONCE && facts->pin != PIN_ALWAYS)
		return err_set(err, ERR_REFUSED,
		    "the key on token %u does not ask for a PIN (policy %d): enroll it again",
		    facts->serial, facts->pin);
	if ((policy->waives & ATTEST_WAIVE_TOUCH) == 0 && facts->touch != TOUCH_ALWAYS)
		return err_set(err, ERR_REFUSED,
		    "the key on token %u does not ask for a touch each time (policy %d): enroll it "
		    "again",
		    facts->serial, facts->touch);
	return ERR_OK;
}

enum err_code
attest_verify(struct view slot, struct view device, const struct view *certificates, size_t count,
    const struct attest_policy *policy, struct attest_facts *ret_facts, struct err *err)
{
	CERTIFICATE *slot_certificate = NULL, *device_certificate = NULL;
	struct attest_facts facts = {0};

	TRY(attest_read(slot, "the slot's attestation", &slot_certificate, err));
	TRY(attest_read(device, "the device's attestation certificate (F9)", &device_certificate,
	    err));
	TRY(attest_chain(slot_certificate, device_certificate, certificates, count, policy,
	    &facts.root, err));
	TRY(attest_key(slot_certificate, &facts.key, err));
	TRY(read_serial(slot_certificate, &facts.serial, err));
	TRY(read_policies(slot_certificate, &facts, err));
	facts.slot = read_slot(slot_certificate);
	facts.simulated = digest_equal(&facts.root, &attest_simulated_root);
	TRY(judge(&facts, policy, err));
	*ret_facts = facts;
	return ERR_OK;
}
