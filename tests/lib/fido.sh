# SPDX-License-Identifier: Apache-2.0
# The FIDO2 driver in scenarios: source this after tap.sh and tokens.sh.  The functions of piv.sh,
# with tests/lib/fido_cli.c behind them:
#
#	fido 2501 unlock:246813:1 sign			all steps in one session
#	piv_start 2501 unlock:246813:1 pause sign ; ... ; piv_go ; piv_end

. "$(dirname "${BASH_SOURCE[0]}")/piv.sh"
REAL_PIV_CLI=$PIV_CLI
PIV_CLI=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios/fido-cli
FIDO_PIN=864213
fido() { "$PIV_CLI" "$@" </dev/null 2>&1; }
# A folder with a credential in it: fido_make SERIAL FOLDER.
fido_make() { mkdir -p "$2" && fido "$1" "unlock:$FIDO_PIN:1" "make:$2" >/dev/null; }
# token_waits SERIAL: it blinks.
token_waits() { tokens_until 20 eval "[ \"\$(token_field $1 touch_waiting)\" = true ]"; }
