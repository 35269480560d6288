/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is accepted is written in one way, and that way is accepted and stays the same. */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_in.h"
#include "tests/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON *json = NULL;
	JSON *again = NULL;
	BUF text = {0}, second = {0};
	struct err err;

	if (json_parse(view_of(data, size), &json, &err) != ERR_OK)
		return 0;
	if (json_encode(json, &text, &err) != ERR_OK ||
	    json_parse(buf_view(&text), &again, &err) != ERR_OK ||
	    json_encode(again, &second, &err) != ERR_OK ||
	    !view_equal(buf_view(&text), buf_view(&second)))
		abort();
	for (size_t i = 0; i < json_object_count(json); i++) {
		struct json_in in = json_in(json, "fuzz", &err);
		const char *key = json_object_key(json, i);
		const struct json *array;

		if (!json_in_has(&in, key))
			abort();
		array = json_in_array(&in, key, 0, SIZE_MAX);
		for (size_t j = 0; array != NULL && j < json_array_count(array); j++) {
			json_array_object(array, j);
			json_array_text(array, j);
		}
	}
	return 0;
}
