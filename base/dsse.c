/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope keeps the payload's bytes as they came; only the envelope around it is JSON of
 * ours.  The number of signatures is part of no signature: who signed is a question for
 * dsse_find() and the caller's own list of keys.
 */
#include "base/dsse.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/text.h"

void
dsse_done(struct dsse *dsse)
{
	buf_done(&dsse->payload);
	*dsse = (struct dsse){0};
}

static enum err_code
check_size(const char *what, size_t size, size_t min, size_t max, struct err *err)
{
	if (size < min || size > max)
		return err_set(err, ERR_INVALID, "envelope: %s must have %zu to %zu bytes, not %zu",
		    what, min, max, size);
	return ERR_OK;
}

enum err_code
dsse_set(struct dsse *dsse, const char *type, struct view payload, struct err *err)
{
	TRY(check_size("payloadType", strlen(type), 1, DSSE_TYPE_MAX, err));
	TRY(check_size("payload", payload.size, 0, DSSE_PAYLOAD_MAX, err));
	if (!text_is_plain(view_of_text(type)))
		return err_set(err, ERR_INVALID, "envelope: payloadType is not plain text");
	dsse_done(dsse);
	memcpy(dsse->type, type, strlen(type) + 1);
	buf_bytes(&dsse->payload, payload);
	return buf_check(&dsse->payload, err);
}

enum err_code
dsse_add(struct dsse *dsse, const char *keyid, struct view sig, struct view authdata,
    struct err *err)
{
	struct dsse_signature *signature = &dsse->signatures[dsse->count];

	TRY(check_size("keyid", strlen(keyid), 1, DSSE_KEYID_MAX, err));
	TRY(check_size("sig", sig.size, 1, DSSE_SIG_MAX, err));
	TRY(check_size("authData", authdata.size, 0, ASSERTION_DATA_MAX, err));
	if (!text_is_plain(view_of_text(keyid)))
		return err_set(err, ERR_INVALID, "envelope: keyid is not plain text");
	if (dsse_find(dsse, keyid) != NULL)
		return err_set(err, ERR_INVALID, "envelope: two signatures of %s", keyid);
	if (dsse->count == DSSE_SIGNATURES_MAX)
		return err_set(err, ERR_INVALID, "envelope: more than %d signatures",
		    DSSE_SIGNATURES_MAX);
	memcpy(signature->keyid, keyid, strlen(keyid) + 1);
	memcpy(signature->sig, sig.data, sig.size);
	signature->size = sig.size;
	if (authdata.size > 0)
		memcpy(signature->authdata, authdata.data, authdata.size);
	signature->authdata_size = authdata.size;
	dsse->count++;
	return ERR_OK;
}

const struct dsse_signature *
dsse_find(const struct dsse *dsse, const char *keyid)
{
	for (size_t i = 0; i < dsse->count; i++) {
		if (strcmp(dsse->signatures[i].keyid, keyid) == 0)
			return &dsse->signatures[i];
	}
	return NULL;
}

static enum err_code
parse_signatures(const struct json *array, struct dsse *dsse, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct json_in in = json_in(json_array_object(array, i), "signature", err);
		const char *keyid = json_in_text(&in, "keyid", 1, DSSE_KEYID_MAX);
		BUF sig = {0};
		BUF authdata = {0};

		json_in_base64(&in, "sig", &sig, DSSE_SIG_MAX);
		if (json_in_has(&in, "authData")) {
			json_in_base64(&in, "authData", &authdata, ASSERTION_DATA_MAX);
			if (authdata.size == 0)
				json_in_fail(&in, "authData", "empty");
		}
		TRY(json_in_end(&in));
		TRY(dsse_add(dsse, keyid, buf_view(&sig), buf_view(&authdata), err));
	}
	return ERR_OK;
}

enum err_code
dsse_parse(struct view text, struct dsse *ret_dsse, struct err *err)
{
	DSSE dsse = {0};
	JSON *json = NULL;
	BUF payload = {0};
	const struct json *signatures;
	const char *type;
	struct json_in in;

	TRY(check_size("the whole", text.size, 1, DSSE_TEXT_MAX, err));
	if (json_parse(text, &json, err) != ERR_OK)
		return err_add(err, "envelope");
	in = json_in(json, "envelope", err);
	type = json_in_text(&in, "payloadType", 1, DSSE_TYPE_MAX);
	json_in_base64(&in, "payload", &payload, DSSE_PAYLOAD_MAX);
	signatures = json_in_array(&in, "signatures", 0, DSSE_SIGNATURES_MAX);
	TRY(json_in_end(&in));
	TRY(dsse_set(&dsse, type, buf_view(&payload), err));
	TRY(parse_signatures(signatures, &dsse, err));
	dsse_done(ret_dsse);
	*ret_dsse = dsse;
	dsse = (struct dsse){0};
	return ERR_OK;
}

enum err_code
dsse_encode(const struct dsse *dsse, struct buf *ret_text, struct err *err)
{
	JSON *json = json_new_object();
	struct json *signatures = json_new_array();

	json_put_text(json, "payloadType", dsse->type);
	json_put_base64(json, "payload", buf_view(&dsse->payload));
	for (size_t i = 0; i < dsse->count; i++) {
		const struct dsse_signature *signature = &dsse->signatures[i];
		struct json *object = json_new_object();

		json_put_text(object, "keyid", signature->keyid);
		json_put_base64(object, "sig", view_of(signature->sig, signature->size));
		if (signature->authdata_size > 0)
			json_put_base64(object, "authData",
			    view_of(signature->authdata, signature->authdata_size));
		json_add(signatures, object);
	}
	json_put(json, "signatures", signatures);
	return json_encode(json, ret_text, err);
}

enum err_code
dsse_pae(const struct dsse *dsse, struct buf *ret_pae, struct err *err)
{
	buf_format(ret_pae, "DSSEv1 %zu %s %zu ", strlen(dsse->type), dsse->type,
	    dsse->payload.size);
	buf_bytes(ret_pae, buf_view(&dsse->payload));
	return buf_check(ret_pae, err);
}

enum err_code
dsse_digest(const struct dsse *dsse, struct digest *ret_digest, struct err *err)
{
	BUF pae = {0};

	TRY(dsse_pae(dsse, &pae, err));
	return sha256_one(buf_view(&pae), ret_digest, err);
}
