/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/founding.h"

#include <stdio.h>

void
put_founding(struct json *object, const struct founding *founding)
{
	json_put_hex(object, "init", VIEW_OF(founding->init.bytes));
	json_put_text(object, "name", founding->name);
	json_put_bool(object, "training", founding->training);
	json_put_text(object, "copy", founding->copy);
}

void
in_founding(struct json_in *in, struct founding *ret_founding)
{
	json_in_hex(in, "init", ret_founding->init.bytes, DIGEST_SIZE);
	in_founding_choice(in, ret_founding);
}

void
in_founding_choice(struct json_in *in, struct founding *ret_founding)
{
	snprintf(ret_founding->name, sizeof(ret_founding->name), "%s",
	    json_in_text(in, "name", 1, VAULT_NAME_MAX));
	ret_founding->training = json_in_bool(in, "training");
	snprintf(ret_founding->copy, sizeof(ret_founding->copy), "%s",
	    json_in_text(in, "copy", 1, sizeof(ret_founding->copy) - 1));
}
