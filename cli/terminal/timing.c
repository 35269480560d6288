/* SPDX-License-Identifier: Apache-2.0 */
/* Each call goes to the driver below with a clock around it. */
#include "cli/terminal/timing.h"

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
timed_list(void *driver, const struct token_seek *seek, struct token_list *ret_list,
    struct err *err)
{
	struct timed *timed = driver;

	return MEASURE(timed->timing,
	    timed->below->ops->list(timed->below->driver, seek, ret_list, err));
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
timed_info(void *handle, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->info(token->token, detail, ret_info, err));
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
    struct token_signature *ret_signature, struct err *err)
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

static enum err_code
timed_wait(void *driver, unsigned milliseconds, bool *ret_changed, struct err *err)
{
	const struct timed *timed = driver;

	return timed->below->ops->wait(timed->below->driver, milliseconds, ret_changed, err);
}

static enum err_code
timed_choose(void *driver, const struct token_found *const *found, size_t count,
    unsigned milliseconds, size_t *ret_index, struct err *err)
{
	struct timed *timed = driver;

	return MEASURE(timed->timing,
	    timed->below->ops->choose(timed->below->driver, found, count, milliseconds, ret_index,
	        err));
}

static enum err_code
timed_bind(void *handle, const struct token_credential *credential, struct err *err)
{
	struct timed_token *token = handle;

	return token->ops->bind(token->token, credential, err);
}

static enum err_code
timed_make(void *handle, const struct token_wish *wish, const char *purpose,
    struct token_made *ret_made, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->make(token->token, wish, purpose, ret_made, err));
}

static enum err_code
timed_derive(void *handle, enum token_key key, const char *purpose, struct point *ret_key,
    struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->derive(token->token, key, purpose, ret_key, err));
}

static enum err_code
timed_change(void *handle, enum token_reference which, const struct secret *old,
    const struct secret *new, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->change(token->token, which, old, new, err));
}

static enum err_code
timed_protect(void *handle, const struct secret *old, struct err *err)
{
	struct timed_token *token = handle;

	return MEASURE(token->timing, token->ops->protect(token->token, old, err));
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

/* What a driver does not have, its timed one has not either. */
static struct token_ops
timed_ops(const struct token_ops *ops)
{
	return (struct token_ops){
	    .traits = ops->traits,
	    .list = timed_list,
	    .open = timed_open,
	    .wait = ops->wait != NULL ? timed_wait : NULL,
	    .choose = ops->choose != NULL ? timed_choose : NULL,
	    .info = timed_info,
	    .bind = ops->bind != NULL ? timed_bind : NULL,
	    .unlock = timed_unlock,
	    .agree = timed_agree,
	    .sign = timed_sign,
	    .attest = timed_attest,
	    .generate = timed_generate,
	    .make = ops->make != NULL ? timed_make : NULL,
	    .derive = ops->derive != NULL ? timed_derive : NULL,
	    .change = ops->change != NULL ? timed_change : NULL,
	    .protect = ops->protect != NULL ? timed_protect : NULL,
	    .close = timed_close,
	};
}

void
timing_begin(struct timing *timing, const struct token_driver *drivers, size_t count)
{
	*timing = (struct timing){.began = process_milliseconds()};
	for (size_t i = 0; i < count && i < TIMING_DRIVERS; i++) {
		timing->timed[i] = (struct timed){&drivers[i], timing};
		timing->ops[i] = timed_ops(drivers[i].ops);
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
