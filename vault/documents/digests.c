/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/digests.h"

#include "base/text.h"

void
put_digests(struct json *object, const char *name, const struct digest *digests, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add_hex(array, VIEW_OF(digests[i].bytes));
	json_put(object, name, array);
}

bool
read_digest(const struct json *array, size_t index, struct digest *ret_digest)
{
	const char *text = json_array_text(array, index);

	return text != NULL && text_from_hex(text, ret_digest->bytes, DIGEST_SIZE);
}

enum err_code
read_digests(const struct json *array, const char *what, struct digest *ret_digests,
    size_t *ret_count, struct err *err)
{
	size_t count = json_array_count(array);

	for (size_t i = 0; i < count; i++) {
		if (!read_digest(array, i, &ret_digests[i]))
			return err_set(err, ERR_INVALID, "%s[%zu]: not 64 lower-case hex digits",
			    what, i);
		for (size_t j = 0; j < i; j++)
			if (digest_equal(&ret_digests[i], &ret_digests[j]))
				return err_set(err, ERR_INVALID, "%s[%zu]: stands twice", what, i);
	}
	*ret_count = count;
	return ERR_OK;
}
