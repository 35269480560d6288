/* SPDX-License-Identifier: Apache-2.0 */
/* Decoders of text: what is accepted is the one spelling that its encoder writes. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/text_time.h"
#include "tests/fuzz/target.h"

static void
check_base64(struct view input)
{
	BUF bytes = {0}, text = {0};

	if (!buf_from_base64(&bytes, input))
		return;
	buf_base64(&text, buf_view(&bytes));
	if (!view_equal(buf_view(&text), input))
		abort();
}

static void
check_time(const char *input)
{
	char text[TEXT_TIME_SIZE];
	int64_t seconds;

	if (!text_from_time(input, &seconds))
		return;
	text_time(seconds, text);
	if (strcmp(text, input) != 0)
		abort();
}

static void
check_duration(const char *input)
{
	char text[TEXT_DURATION_SIZE];
	int64_t seconds;

	if (!text_from_duration(input, &seconds))
		return;
	if (seconds < 1 || seconds > 10LL * 365 * 86400)
		abort();
	text_duration(seconds, text);
}

static void
check_hex(const char *input)
{
	size_t size = strlen(input) / 2;
	BUF bytes = {0}, text = {0};
	uint8_t *space = buf_space(&bytes, size);

	if (space == NULL || !text_from_hex(input, space, size))
		return;
	buf_hex(&text, buf_view(&bytes));
	if (strcmp(buf_string(&text), input) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"approve", "request", NULL};
	struct view input = view_of(data, size);
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	text_is_plain(input);
	check_base64(input);
	check_time(text);
	check_duration(text);
	check_hex(text);
	if (text_is_name(text) && (strlen(text) > 63 || strchr(text, ' ') != NULL))
		abort();
	text_nearest(text, names);
	free(text);
	return 0;
}
