/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/rotator.h"

#include <stdio.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"

static struct json *
request_for(const char *name, const struct json *target)
{
	struct json *request = op_new("rotator");

	json_put_text(request, "name", name);
	json_put_copy(request, "target", target);
	return request;
}

void
rotator_foresee(struct client *client, const char *name, const struct json *target)
{
	if (text_is_plain(view_of_text(name)))
		client_foresee(client, request_for(name, target));
}

enum err_code
rotator_ask(struct client *client, const char *name, const struct json *target,
    struct rotator_said *ret_said, struct err *err)
{
	REPLY reply = {0};
	const struct json *announced;

	TRY(client_ask(client, request_for(name, target), "rotator", &reply, err));
	ret_said->contract = (uint32_t)json_in_int(&reply.in, "contract", 1, INT32_MAX);
	ret_said->hash = (struct digest){0};
	ret_said->own = json_in_hex_optional(&reply.in, "hash", ret_said->hash.bytes, DIGEST_SIZE);
	(void)snprintf(ret_said->path, sizeof(ret_said->path), "%s",
	    json_in_text(&reply.in, "path", 1, sizeof(ret_said->path) - 1));
	announced = json_in_object(&reply.in, "announced");
	ret_said->fields = json_in_set(&reply.in, "fields", credential_field_names, 1);
	TRY(json_in_end(&reply.in));
	TRY(announcement_parse(announced, "rotator: announced", &ret_said->announced, err));
	if (ret_said->announced.identity != IDENTITY_VIA)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the target's identity is \"via\": this Halligan opens no other secret to change one, so that "
	    "the value could never be replaced");
}

void
rotator_define(const struct rotator_said *said, struct definition *definition)
{
	definition->contract = said->contract;
	definition->own = said->own;
	definition->rotator_hash = said->hash;
	definition->announced = said->announced;
}

enum err_code
rotator_check_fields(const struct rotator_said *said, const char *name,
    const struct secret *credential, bool hint, struct err *err)
{
	struct err all = {0}, one;

	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		const char *field = credential_field_names[i];

		if ((said->fields & 1u << i) == 0 ||
		    credential_has(secret_view(credential), (enum credential_field)i))
			continue;
		err_gather(&all,
		    err_set(&one, ERR_USAGE, "the value has no %s, and rotator %s needs one%s%s%s",
		        field, name, hint ? ": --field " : "", hint ? field : "",
		        hint ? "=FILE" : ""),
		    &one);
	}
	return err_gathered(&all, err);
}
