/* SPDX-License-Identifier: Apache-2.0 */
/* Small steps that every operation of the client makes. */
#include "ceremony/protocol/message.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct json *
op_new(const char *name)
{
	struct json *request = json_new_object();

	json_put_text(request, "op", name);
	return request;
}

struct json_in
reply_in(const struct json *reply, const char *what, struct err *err)
{
	struct json_in in = json_in(reply, what, err);

	(void)json_in_bool(&in, "ok");
	return in;
}

/* NULL, which json_put and json_add carry as a failure, when memory ran out. */
static const char *
encode(const struct dsse *statement, struct buf *text)
{
	struct err ignored;

	return dsse_encode(statement, text, &ignored) == ERR_OK ? buf_string(text) : NULL;
}

void
put_error(struct json *reply, const struct err *why)
{
	JSON *more = json_new_array();
	char text[ERR_TEXT_SIZE];

	err_copy_part(why, 0, text);
	text_make_plain(text);
	json_put_bool(reply, "ok", false);
	json_put_text(reply, "code", err_name(why->code));
	json_put_text(reply, "text", text);
	for (size_t i = 1; i < err_parts(why); i++) {
		err_copy_part(why, i, text);
		text_make_plain(text);
		json_add_text(more, text);
	}
	if (err_parts(why) > 1)
		json_put(reply, "more", TAKE(more));
}

enum err_code
in_error(struct json_in *in, struct err *err)
{
	const char *name = json_in_text(in, "code", 1, 40);
	const char *text = json_in_text(in, "text", 1, ERR_TEXT_SIZE);
	const struct json *more =
	    json_in_has(in, "more") ? json_in_array(in, "more", 1, ERR_PARTS) : NULL;

	if (json_in_end(in) != ERR_OK)
		return err_set(err, ERR_PROTOCOL,
		    "the server answered with something that is no reply");
	err_set(err, err_from_name(name), "%s", text);
	for (size_t i = 0; more != NULL && i < json_array_count(more); i++) {
		const char *part = json_array_text(more, i);

		err_part(err, "%s", part != NULL ? part : "?");
	}
	return err->code;
}

void
put_statement(struct json *object, const char *name, const struct dsse *statement)
{
	BUF text = {0};

	json_put_text(object, name, encode(statement, &text));
}

void
add_statement(struct json *array, const struct dsse *statement)
{
	BUF text = {0};

	json_add_text(array, encode(statement, &text));
}

void
put_signature(struct json *object, const struct dsse_signature *signature)
{
	json_put_text(object, "keyid", signature->keyid);
	json_put_base64(object, "sig", view_of(signature->sig, signature->size));
	if (signature->authdata_size > 0)
		json_put_base64(object, "authData",
		    view_of(signature->authdata, signature->authdata_size));
}

void
in_statement(struct json_in *in, const char *name, struct dsse *ret_statement)
{
	const char *text = json_in_text(in, name, 1, DSSE_TEXT_MAX);
	struct err cause;

	if (in->code != ERR_OK)
		return;
	if (dsse_parse(view_of_text(text), ret_statement, &cause) != ERR_OK)
		json_in_fail(in, name, cause.text);
}

enum err_code
array_statement(const struct json *array, size_t index, const char *what,
    struct dsse *ret_statement, struct err *err)
{
	const char *text = json_array_text(array, index);

	if (text == NULL)
		return err_set(err, ERR_PROTOCOL, "the server sent a %s that is no text", what);
	if (dsse_parse(view_of_text(text), ret_statement, err) != ERR_OK)
		return err_add(err, "%s", what);
	return ERR_OK;
}

enum err_code
array_join(const struct json *array, struct buf *ret_text, struct err *err)
{
	size_t count = json_array_count(array);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_array_text(array, i);

		if (text == NULL)
			return err_set(err, ERR_PROTOCOL,
			    "the server sent a list with something that is no text");
		if (i > 0)
			buf_text(ret_text, ", ");
		buf_text(ret_text, text);
	}
	return buf_check(ret_text, err);
}
