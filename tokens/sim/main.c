/* SPDX-License-Identifier: Apache-2.0 */
/* halligan-simtoken: the command line.  One process that runs is one token. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "base/text.h"
#include "tokens/sim/control.h"
#include "tokens/sim/serve.h"
#include "tokens/sim/state/file.h"

#define DEFAULT_PROFILE "yubikey-5.7.4"

enum { CONTROL_ANSWER_MAX = 64 * 1024, CONTROL_ANSWER_MS = 10000, PATH_SIZE = 4096 };

static const char usage_text[] =
    "usage: halligan-simtoken new --state FILE --serial N [--profile NAME | --firmware 5.7.4]\n"
    "                             [--quirks LIST] [--pin PIN] [--puk PUK]\n"
    "                             [--fido-pin PIN] [--uv] [--always-uv]\n"
    "       halligan-simtoken run --state FILE [--socket PATH] [--control PATH]\n"
    "                             [--touch auto|manual|never]\n"
    "       halligan-simtoken reader --state FILE [--socket PATH]\n"
    "       halligan-simtoken control PATH COMMAND...\n"
    "       halligan-simtoken root\n"
    "       halligan-simtoken --version | --help\n"
    "\n"
    "new makes a token, run plugs it in, reader prints what pcscd needs to know of it, root prints\n"
    "the certificate that its attestations end in.  Commands of control:\n"
    "  touch | touch auto|manual|never | touch-timeout MILLISECONDS\n"
    "  unplug | plug | unplug-at N [INS] | unplug-after N [INS]\n"
    "  delay MILLISECONDS [INS]\n"
    "  status-word INS SW | raw-reply INS [HEX] | short-reply INS N | long-reply INS N\n"
    "  flip-reply INS N | ctap-status COMMAND STATUS | extra-touch N [COMMAND]\n"
    "  wrong-flags COMMAND FLAGS | wrong-prf | finger right|wrong\n"
    "  fido-reset in-time|any-time | clear | quirks LIST | status\n"
    "Profiles: yubikey-4.3.5, yubikey-5.4.3, yubikey-5.7.4, yubikey-5.8.0, generic.\n"
    "Quirks: few-slots, forgets-pin, long-lengths, touch, touch-first, none.\n"
    "\n"
    "A simulated security key for training and tests.  It protects nothing.\n"
    "See halligan-simtoken(1).\n";

struct options {
	const char *state, *serial, *firmware, *pin, *puk, *socket, *control, *touch;
	const char *profile, *quirks;
	const char *fido_pin, *uv, *always_uv; /* the last two: not NULL when given */
};

static const struct option option_names[] = {
    {"state", required_argument, NULL, 's'},
    {"serial", required_argument, NULL, 'n'},
    {"firmware", required_argument, NULL, 'f'},
    {"pin", required_argument, NULL, 'p'},
    {"puk", required_argument, NULL, 'u'},
    {"socket", required_argument, NULL, 'k'},
    {"control", required_argument, NULL, 'c'},
    {"touch", required_argument, NULL, 't'},
    {"profile", required_argument, NULL, 'r'},
    {"quirks", required_argument, NULL, 'q'},
    {"fido-pin", required_argument, NULL, 'F'},
    {"uv", no_argument, NULL, 'v'},
    {"always-uv", no_argument, NULL, 'a'},
    {0},
};

static const struct {
	int letter;
	size_t offset;
} option_places[] = {
    {'s', offsetof(struct options, state)},
    {'n', offsetof(struct options, serial)},
    {'f', offsetof(struct options, firmware)},
    {'p', offsetof(struct options, pin)},
    {'u', offsetof(struct options, puk)},
    {'k', offsetof(struct options, socket)},
    {'c', offsetof(struct options, control)},
    {'t', offsetof(struct options, touch)},
    {'r', offsetof(struct options, profile)},
    {'q', offsetof(struct options, quirks)},
    {'F', offsetof(struct options, fido_pin)},
    {'v', offsetof(struct options, uv)},
    {'a', offsetof(struct options, always_uv)},
};

static const char **
option_place(struct options *options, int letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_places); i++)
		if (option_places[i].letter == letter)
			return (const char **)((uint8_t *)options + option_places[i].offset);
	return NULL;
}

/* Only the options whose letters stand in ALLOWED, each at most once, and no other arguments. */
static enum err_code
read_options(int argc, char **argv, const char *allowed, struct options *ret_options,
    struct err *err)
{
	struct options options = {0};
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", option_names, NULL)) != -1) {
		const char **place = option_place(&options, letter);
		if (place == NULL)
			return err_set(err, ERR_USAGE, "%s %s", argv[optind - 1],
			    letter == ':' ? "needs a value" : "is no option");
		if (strchr(allowed, letter) == NULL)
			return err_set(err, ERR_USAGE, "\"%s%s%s\" does not belong to this command",
			    optarg != NULL ? argv[optind - 2] : "", optarg != NULL ? " " : "",
			    argv[optind - 1]);
		if (*place != NULL)
			return err_set(err, ERR_USAGE, "an option is given twice: %s",
			    argv[optind - 1]);
		*place = optarg != NULL ? optarg : "";
	}
	if (optind < argc)
		return err_set(err, ERR_USAGE, "what is \"%s\"?", argv[optind]);
	*ret_options = options;
	return ERR_OK;
}

static enum err_code
read_serial(const char *text, uint32_t *ret_serial, struct err *err)
{
	char *end;

	errno = 0;
	unsigned long serial = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || serial == 0 ||
	    serial > UINT32_MAX)
		return err_set(err, ERR_USAGE, "--serial must be a number from 1 to 4294967295");
	*ret_serial = (uint32_t)serial;
	return ERR_OK;
}

/* What kind of card: STATE as new, with its firmware and quirks. */
static enum err_code
read_kind(const struct options *options, uint32_t serial, struct sim_state *state, struct err *err)
{
	const struct sim_profile *profile = NULL;
	uint8_t firmware[3];

	if (options->profile != NULL && options->firmware != NULL)
		return err_set(err, ERR_USAGE,
		    "a profile has a firmware: give one of --profile "
		    "and --firmware");
	if (options->firmware != NULL) {
		TRY(sim_firmware_from(options->firmware, firmware, err));
		sim_state_init(state, serial, firmware);
	} else {
		TRY(sim_profile_from(options->profile == NULL ? DEFAULT_PROFILE : options->profile,
		    &profile, err));
		sim_state_init(state, serial, profile->firmware);
		state->quirks = profile->quirks;
	}
	return options->quirks == NULL ? ERR_OK :
	                                 sim_quirks_from(options->quirks, &state->quirks, err);
}

static enum err_code
command_new(int argc, char **argv, struct err *err)
{
	struct options options;
	SIM_STATE state = {0};
	uint32_t serial = 0;

	TRY(read_options(argc, argv, "snfpurqFva", &options, err));
	if (options.state == NULL || options.serial == NULL)
		return err_set(err, ERR_USAGE, "new needs --state and --serial");
	TRY(read_serial(options.serial, &serial, err));
	TRY(read_kind(&options, serial, &state, err));
	if (options.pin != NULL)
		TRY(sim_reference_set(&state.pin, options.pin, err));
	if (options.puk != NULL)
		TRY(sim_reference_set(&state.puk, options.puk, err));
	sim_fido_init(&state.fido, options.uv != NULL, options.always_uv != NULL);
	if (options.fido_pin != NULL)
		TRY(sim_fido_set_pin(&state.fido, view_of_text(options.fido_pin), err));
	if (sim_state_is_yubikey(&state))
		TRY(sim_state_attest(&state, err));
	else
		TRY(sim_state_identify(&state, err));
	return sim_state_save_new(options.state, &state, err);
}

static enum err_code
read_touch(const char *text, enum device_touch *ret_touch, struct err *err)
{
	for (size_t i = 0; device_touch_names[i] != NULL; i++)
		if (strcmp(text, device_touch_names[i]) == 0) {
			*ret_touch = (enum device_touch)i;
			return ERR_OK;
		}
	return err_set(err, ERR_USAGE, "--touch must be auto, manual or never");
}

/* GIVEN, or else the path of the state with another ending instead of ".json". */
static enum err_code
beside(const char *given, const char *state, const char *ending, char ret_path[PATH_SIZE],
    struct err *err)
{
	size_t stem = strlen(state);

	if (stem > 5 && strcmp(state + stem - 5, ".json") == 0)
		stem -= 5;
	int size = given != NULL ?
	    snprintf(ret_path, PATH_SIZE, "%s", given) :
	    snprintf(ret_path, PATH_SIZE, "%.*s%s", (int)stem, state, ending);
	if (size < 0 || size >= PATH_SIZE)
		return err_set(err, ERR_INVALID, "the path is too long: %s",
		    given != NULL ? given : state);
	return ERR_OK;
}

static enum err_code
state_exists(const char *path, struct err *err)
{
	if (file_exists(path))
		return ERR_OK;
	return err_set(err, ERR_NOT_FOUND,
	    "%s: no such token; make it with \"halligan-simtoken new\"", path);
}

static enum err_code
command_run(int argc, char **argv, struct err *err)
{
	struct options options;
	CLEANUP(device_done) struct device device = {0};
	FILE_LOCK *lock = NULL;
	char lock_path[PATH_SIZE], socket[PATH_SIZE], control[PATH_SIZE];

	TRY(read_options(argc, argv, "skct", &options, err));
	if (options.state == NULL)
		return err_set(err, ERR_USAGE, "run needs --state");
	TRY(beside(options.socket, options.state, ".sock", socket, err));
	TRY(beside(options.control, options.state, ".ctl", control, err));
	int size = snprintf(lock_path, sizeof(lock_path), "%s.lock", options.state);
	if (size < 0 || (size_t)size >= sizeof(lock_path))
		return err_set(err, ERR_INVALID, "the path of the state is too long");
	TRY(state_exists(options.state, err));
	/* Two processes with one state would each undo the other's changes. */
	TRY(file_lock(lock_path, "halligan-simtoken run", 0, &lock, err));
	TRY(device_init(&device, options.state, err));
	if (options.touch != NULL)
		TRY(read_touch(options.touch, &device.touch, err));
	return serve_run(&device, socket, control, err);
}

/* An entry of pcscd's configuration: see halligan-ifd(7). */
static enum err_code
command_reader(int argc, char **argv, struct err *err)
{
	struct options options;
	SIM_STATE state = {0};
	char socket[PATH_SIZE], folder[PATH_SIZE], driver[PATH_SIZE];

	TRY(read_options(argc, argv, "sk", &options, err));
	if (options.state == NULL)
		return err_set(err, ERR_USAGE, "reader needs --state");
	TRY(beside(options.socket, options.state, ".sock", socket, err));
	TRY(state_exists(options.state, err));
	TRY(sim_state_load(options.state, &state, err));
	TRY(process_beside(HALLIGAN_IFD, driver, err));
	if (socket[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
		return err_errno(err, ERR_IO, errno, "finding out the current folder");
	printf("FRIENDLYNAME \"Simulated %s %u\"\n"
	       "DEVICENAME halligan:%s%s%s\nLIBPATH %s\nCHANNELID %u\n",
	    sim_state_is_yubikey(&state) ? "Yubico YubiKey CCID" : "PIV card", state.serial,
	    socket[0] == '/' ? "" : folder, socket[0] == '/' ? "" : "/", socket, driver,
	    state.serial);
	return ERR_OK;
}

static enum err_code
command_control(int argc, char **argv, struct err *err)
{
	FD fd = -1;
	BUF line = {0};
	BUF answer = {0};

	if (argc < 3)
		return err_set(err, ERR_USAGE,
		    "control needs the PATH of a token's control socket "
		    "and a COMMAND");
	for (int i = 2; i < argc; i++)
		buf_format(&line, "%s%s", i > 2 ? " " : "", argv[i]);
	buf_u8(&line, '\n');
	TRY(buf_check(&line, err));
	if (line.size > CONTROL_LINE_MAX)
		return err_set(err, ERR_USAGE, "the command is too long");
	TRY(serve_connect(argv[1], &fd, err));
	int64_t deadline = process_milliseconds() + CONTROL_ANSWER_MS;
	TRY(fd_write(fd, buf_view(&line), deadline, err));
	TRY(fd_read_line(fd, CONTROL_ANSWER_MAX, &answer, deadline, err));
	const char *text = buf_string(&answer);
	if (strncmp(text, "error: ", 7) == 0)
		return err_set(err, ERR_REFUSED, "%s", text + 7);
	if (strcmp(text, "ok") != 0)
		puts(text);
	return ERR_OK;
}

static enum err_code
command_root(int argc, char **argv, struct err *err)
{
	BUF pem = {0};
	struct options none;

	TRY(read_options(argc, argv, "", &none, err));
	TRY(sim_root_pem(&pem, err));
	fwrite(pem.data, 1, pem.size, stdout);
	return ERR_OK;
}

static const struct verb {
	const char *name;
	enum err_code (*run)(int argc, char **argv, struct err *err);
} verbs[] = {
    {"new", command_new},
    {"run", command_run},
    {"reader", command_reader},
    {"control", command_control},
    {"root", command_root},
};

static enum err_code
run_verb(int argc, char **argv, struct err *err)
{
	static const char *const names[] = {"new", "run", "reader", "control", "root", NULL};

	if (argc < 2)
		return err_set(err, ERR_USAGE, "a command is missing");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1, err);
	const char *near = text_nearest(argv[1], names);
	return err_set(err, ERR_USAGE, "there is no command \"%s\"%s%s%s", argv[1],
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

int
main(int argc, char **argv)
{
	struct err err = {0};

	if (argc >= 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[argc - 1], "--help") == 0)) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("halligan-simtoken " HALLIGAN_VERSION);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	enum err_code code = run_verb(argc, argv, &err);
	if (code == ERR_OK && fflush(stdout) != 0)
		code = err_errno(&err, ERR_IO, errno, "writing the answer");
	if (code == ERR_OK)
		return 0;
	fprintf(stderr, "halligan-simtoken: %s\n", err.text);
	if (code == ERR_USAGE)
		fputs("(halligan-simtoken --help says what there is)\n", stderr);
	return code == ERR_USAGE ? 2 : 1;
}
