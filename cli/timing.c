/* SPDX-License-Identifier: Apache-2.0 */
/* Each call goes to the driver below with a clock around it. */
#include "cli/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/process.h"

struct timed_token {
	const struct token_ops *ops;
	void *token;
	struct timing *timing;
};

static int64_t
microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* RESULT = CALL, measured. */
#define MEASURE(timing_, call)                                                                     \
	__extension__({                                                                            \
		int64_t before_ = microseconds();                                                  \
		enum err_code result_ = (call);                                                    \
		(timing_)->token += microseconds() - before_;                                      \
		result_;                                                                           \
	})

static enum err_code
timed_list(void *driver, struct token_list *ret_list, struct err *err)
{
	struct timed *timed = driver;

	return MEASURE(timed->timing,
	    timed->below->ops->list(timed->below->driver, ret_list, err));
}

static enum err_code
timed_open(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	struct timed *timed = driver;
	struct timed_token *token = calloc(1, sizeof(*token));

	if (token == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	token->ops = timed->below->ops;
	token->timing = timed->timing;
	enum err_code code = MEASURE(timed->timing,
	    token->ops->open(timed->below->driver, reader, ui, &token->token, err));
	if (code != ERR_OK) {
		free(token);
		return code;
	}
	*ret_token = token;
	return ERR_OK;
}

static enum err_code
timed_info(void *handle, struct token_info *ret_info, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->info(token->token, ret_info, err));
}

static enum err_code
timed_unlock(void *handle, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing,
	    token->ops->unlock(token->token, pin, last_try, touches, err));
}

static enum err_code
timed_agree(void *handle, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing,
	    token->ops->agree(token->token, key, peer, purpose, ret_shared, err));
}

static enum err_code
timed_sign(void *handle, const struct digest *digest, const char *purpose,
    struct buf *ret_signature, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing,
	    token->ops->sign(token->token, digest, purpose, ret_signature, err));
}

static enum err_code
timed_attest(void *handle, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing,
	    token->ops->attest(token->token, key, ret_slot, ret_device, err));
}

static enum err_code
timed_generate(void *handle, enum token_key key, const struct secret *management_key,
    bool overwrite, struct point *ret_key, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing,
	    token->ops->generate(token->token, key, management_key, overwrite, ret_key, err));
}

static void
timed_close(void *handle)
{
	struct timed_token *token = handle;
	int64_t before = microseconds();

	token->ops->close(token->token);
	token->timing->token += microseconds() - before;
	free(token);
}

void
timing_begin(struct timing *timing, const struct token_driver *drivers, size_t count)
{
	*timing = (struct timing){.began = process_milliseconds()};
	for (size_t i = 0; i < count && i < TIMING_DRIVERS; i++) {
		timing->timed[i] = (struct timed){&drivers[i], timing};
		timing->ops[i] = (struct token_ops){drivers[i].ops->name, timed_list, timed_open,
			timed_info, timed_unlock, timed_agree, timed_sign, timed_attest, timed_generate,
			timed_close};
		timing->drivers[i] = (struct token_driver){&timing->ops[i], &timing->timed[i]};
		timing->count++;
	}
}

void
timing_text(const struct timing *timing, char ret_text[TIMING_TEXT_SIZE])
{
	int64_t all = process_milliseconds() - timing->began;
	int64_t token = timing->token / 1000;
	int64_t ours = all > token ? all - token : 0;

	snprintf(ret_text, TIMING_TEXT_SIZE,
	    "took %lld.%03lld s: token %lld.%03lld s, halligan %lld.%03lld s",
	    (long long)(all / 1000), (long long)(all % 1000), (long long)(token / 1000),
	    (long long)(token % 1000), (long long)(ours / 1000), (long long)(ours % 1000));
}
