/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/driver.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/file.h"
#include "base/process.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/executable.h"
#include "tests/adversary/rotator/figures.h"
#include "tests/adversary/rotator/knocks.h"
#include "tests/adversary/rotator/offers.h"
#include "tests/adversary/rotator/stage.h"

enum { SECONDS = 120, OUTLIVE = 20 };

struct adversary {
	char program[4096];
	struct digest hash;
	unsigned seconds;
	uid_t user; /* as whom it runs */
	struct stage stage;
	struct figures figures;
	struct offers offers;
	struct world world;
	struct json *target;
	struct secret *current;
	struct outcome outcomes[ATTEMPTS_MAX];
};

/* Only root makes anything another one's. */
static uid_t
us_or(uid_t wanted)
{
	return geteuid() == 0 ? wanted : geteuid();
}

static enum err_code
make_value(struct secret **ret_value, struct err *err)
{
	TRY(credential_new(ret_value, err));
	return credential_add(*ret_value, FIELD_PASSWORD,
	    view_of_text("nobody knows it but those two"), err);
}

static enum err_code
find_program(const char *path, struct adversary *adversary, struct err *err)
{
	FD program = -1;

	if (realpath(path, adversary->program) == NULL)
		return err_errno(err, ERR_NOT_FOUND, errno, "finding %s", path);
	return executable_open(adversary->program, &program, &adversary->hash, err);
}

static enum err_code
make_world(const struct adversary_options *options, struct adversary *adversary, struct err *err)
{
	const char *parent = options->parent != NULL ? options->parent : "/tmp";
	struct world *world = &adversary->world;
	uid_t owner = us_or(options->owner), neighbour = us_or(options->neighbour);

	for (int i = 0; i < WORLD_NUMBERS; i++)
		world->numbers[i] = -1;
	const struct stage_users users = {owner, adversary->user};
	TRY(stage_make(parent, adversary->program, &users, &adversary->stage, world, err));
	TRY(figures_start(&adversary->figures, owner, neighbour, world, err));
	TRY(offers_make(&adversary->offers, adversary->stage.folder, owner, world, err));
	if (options->set_uid != NULL)
		world->texts[WORLD_SET_UID] = options->set_uid;
	if (options->capable != NULL)
		world->texts[WORLD_CAPABLE] = options->capable;
	world->numbers[WORLD_OUTLIVE] = options->outlive != 0 ? options->outlive : OUTLIVE;
	return stage_remember(&adversary->stage, err);
}

enum err_code
adversary_new(const struct adversary_options *options, struct adversary **ret_adversary,
    struct err *err)
{
	ADVERSARY *adversary = calloc(1, sizeof(*adversary));

	if (adversary == NULL)
		return err_set(err, ERR_MEMORY, "no memory for an adversary");
	adversary->seconds = options->seconds != 0 ? options->seconds : SECONDS;
	adversary->user = us_or(options->user);
	for (size_t i = 0; i < ATTEMPTS_MAX; i++)
		adversary->outcomes[i].result = ATTEMPT_NOT_TRIED;
	TRY(find_program(options->program, adversary, err));
	TRY(make_value(&adversary->current, err));
	TRY(make_world(options, adversary, err));
	*ret_adversary = TAKE(adversary);
	return ERR_OK;
}

struct world *
adversary_world(struct adversary *adversary)
{
	return &adversary->world;
}

const char *
adversary_folder(const struct adversary *adversary)
{
	return adversary->stage.folder;
}

struct rotator_start
adversary_start(struct adversary *adversary)
{
	json_free(adversary->target);
	adversary->target = world_target(&adversary->world);
	return (struct rotator_start){.path = adversary->program,
	    .hash = adversary->hash,
	    .target = adversary->target,
	    .current = secret_view(adversary->current),
	    .seconds = adversary->seconds};
}

/* Whether a mark is where everybody sees it; not any more. */
static bool
take_mark(const struct adversary *adversary, const struct attempt *attempt)
{
	return unlink(PATH(attempt->mark, adversary->world.texts[WORLD_MARK])) == 0;
}

/* What is seen from outside counts, whatever was said. */
static void
look_for_evidence(struct adversary *adversary, size_t index)
{
	const struct attempt *attempt = attempt_at(index);
	struct outcome *outcome = &adversary->outcomes[index];
	bool seen;

	if (attempt->mark == NULL && attempt->signal == 0)
		return;
	seen = attempt->mark != NULL ?
	    take_mark(adversary, attempt) :
	    figures_count(&adversary->figures, (pid_t)adversary->world.numbers[attempt->of],
	        attempt->signal) > 0;
	if (seen)
		*outcome = (struct outcome){ATTEMPT_SUCCEEDED, 0};
	else if (outcome->result == ATTEMPT_SUCCEEDED) /* where that did no harm */
		*outcome = (struct outcome){ATTEMPT_STOPPED, EXDEV};
}

/* The outcomes that a part of a refusal holds: a vault puts reasons into quotation marks. */
static void
add_part(const char *part, struct buf *ret_text)
{
	size_t begin = part[0] == '"' ? 1 : 0;
	size_t size = strspn(part + begin, "0123456789+-? ");

	if (size == 0 || (part[begin + size] != '\0' && part[begin + size] != '"'))
		return;
	if (ret_text->size > 0)
		buf_text(ret_text, " ");
	buf_bytes(ret_text, view_of(part + begin, size));
}

enum err_code
adversary_take(struct adversary *adversary, const struct err *refusal, struct err *err)
{
	BUF text = {0};
	char part[ERR_TEXT_SIZE];

	for (size_t i = 0; i < err_parts(refusal); i++) {
		err_copy_part(refusal, i, part);
		add_part(part, &text);
	}
	if (outcomes_unpack(buf_string(&text), adversary->outcomes, err) != ERR_OK)
		return err_add(err, "%s", refusal->text);
	for (size_t i = 0; i < attempt_count(); i++)
		look_for_evidence(adversary, i);
	return ERR_OK;
}

enum err_code
adversary_attack(struct adversary *adversary, struct rotator *rotator, struct err *err)
{
	struct err refusal;
	enum err_code code = rotator_check(rotator, NULL, &refusal);

	if (code == ERR_OK)
		return err_set(err, ERR_PROTOCOL, "a rotator gone bad found nothing to say");
	if (code != ERR_REFUSED)
		return err_set(err, code, "%s", refusal.text);
	return adversary_take(adversary, &refusal, err);
}

static const char *
place_of(const struct adversary *adversary)
{
	return adversary->stage.paths[WORLD_PLACE];
}

static void
judge_outliving(struct adversary *adversary, uint32_t knocked)
{
	const struct attempt *attempt;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
		bool lives =
		    attempt->kind == ATTEMPT_OUTLIVES && (knocked & 1U << attempt->of) != 0;

		if (attempt->kind == ATTEMPT_OUTLIVES)
			adversary->outcomes[i] = lives ? (struct outcome){ATTEMPT_SUCCEEDED, 0} :
			                                 (struct outcome){ATTEMPT_STOPPED, ESRCH};
	}
}

enum err_code
adversary_outlive(struct adversary *adversary, struct rotator *rotator, struct err *err)
{
	ROTATOR *owned = rotator;
	enum probe_result result;

	TRY(rotator_probe(owned, ROTATOR_CURRENT, &result, err));
	knocks_await_first();
	rotator_free(TAKE(owned));
	judge_outliving(adversary, knocks_await(&adversary->offers, &adversary->world));
	return ERR_OK;
}

static enum err_code
write_questions(struct adversary *adversary, const char *path, struct err *err)
{
	const struct rotator_start start = adversary_start(adversary);
	JSON *first = json_new_object();
	BUF text = {0};

	json_put_copy(first, "target", start.target);
	json_put_int(first, "seconds", start.seconds);
	TRY(json_encode(first, &text, err));
	buf_text(&text, "\n{\"verb\":\"check\"}\n");
	TRY(buf_check(&text, err));
	return file_write(path, buf_view(&text), 0600, err);
}

static _Noreturn void
be_program(const struct adversary *adversary, int program, int questions, int answers)
{
	char *const argv[] = {(char *)(uintptr_t)adversary->program, NULL};
	uid_t user = adversary->user;

	if (user != geteuid() &&
	    (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 ||
	        setresuid(user, user, user) != 0))
		_exit(126);
	if (dup2(questions, 0) == 0 && dup2(answers, 1) == 1)
		(void)fexecve(program, argv, environ);
	_exit(127);
}

static enum err_code
run_program(const struct adversary *adversary, const char *questions, const char *answers,
    struct err *err)
{
	FD program = open(adversary->program, O_RDONLY | O_CLOEXEC);
	FD in = open(questions, O_RDONLY | O_CLOEXEC);
	FD out = open(answers, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		be_program(adversary, program, in, out);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return err_set(err, ERR_IO, "running %s: status %d", adversary->program, status);
	return ERR_OK;
}

enum err_code
adversary_run_directly(struct adversary *adversary, struct err *err)
{
	struct path questions = path_of(place_of(adversary), "questions");
	struct path answers = path_of(place_of(adversary), "answers");
	BUF line = {0};
	struct answer answer = {0};

	TRY(write_questions(adversary, questions.text, err));
	TRY(run_program(adversary, questions.text, answers.text, err));
	TRY(file_read(answers.text, ROTATOR_LINE_MAX, &line, err));
	TRY(answer_parse(buf_view(&line), ok_result_names, &answer, err));
	return adversary_take(adversary, &answer.why, err);
}

enum err_code
adversary_verify(const struct adversary *adversary, struct err *err)
{
	struct err all = {0}, one;

	err_gather(&all, stage_verify(&adversary->stage, &one), &one);
	err_gather(&all, figures_verify(&adversary->figures, &one), &one);
	return err_gathered(&all, err);
}

const struct outcome *
adversary_outcomes(const struct adversary *adversary)
{
	return adversary->outcomes;
}

struct outcome
adversary_outcome(const struct adversary *adversary, const char *name)
{
	const struct attempt *attempt;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++)
		if (strcmp(attempt->name, name) == 0)
			return adversary->outcomes[i];
	abort(); /* the caller's table is of another time */
}

void
adversary_print(const struct adversary *adversary, FILE *file)
{
	const struct attempt *attempt;
	char text[64];

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
		outcome_text(adversary->outcomes[i], text);
		(void)fprintf(file, "%-40s %-18s %s\n", attempt->name, text, attempt->wants);
	}
}

/* Also of one that gave no answer. */
static void
remove_marks(const struct adversary *adversary)
{
	const struct attempt *attempt;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++)
		if (attempt->mark != NULL && adversary->world.texts[WORLD_MARK] != NULL)
			(void)take_mark(adversary, attempt);
}

void
adversary_free(struct adversary *adversary)
{
	if (adversary == NULL)
		return;
	if (adversary->offers.knocks > 0)
		knocks_silence(&adversary->offers, &adversary->world);
	remove_marks(adversary);
	figures_end(&adversary->figures);
	offers_end(&adversary->offers);
	stage_remove(&adversary->stage);
	json_free(adversary->target);
	secret_free(adversary->current);
	free(adversary);
}
