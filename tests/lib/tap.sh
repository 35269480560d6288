# SPDX-License-Identifier: Apache-2.0
# TAP for scenarios written in bash: source this file.
#
#	ok "claim" COMMAND...		the command succeeds
#	refused "claim" COMMAND...	it fails by itself: not by a signal, a time-out, or its absence
#	is "claim" GOT WANTED		two texts are equal, and not empty
#	like "claim" GOT PATTERN	a text matches an extended regular expression
#	tap_skip "reason"		ends here: the rest, or all of it where nothing was claimed yet, is skipped
#	tap_end				the plan; always last: ends the program where a claim failed
#
# Output of commands goes to tap_output, and is shown when the claim does not hold.  A scenario that
# sources this runs alone (alone.sh).

. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/alone.sh"
environment_set
case $0 in
*/scenarios/*)
	alone_check "$0" || exit 99
	alone "$0" "$@" ;;
esac

TAP_NUMBER=0
TAP_FAILED=0
TAP_OUTPUT=$(mktemp)

tap_report() { # tap_report STATUS CLAIM
	TAP_NUMBER=$((TAP_NUMBER + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$TAP_NUMBER" "$2"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		printf 'not ok %d - %s\n' "$TAP_NUMBER" "$2"
	fi
}

tap_explain() { # tap_explain STATUS COMMAND...
	printf '# exit code %s of:' "$1"
	printf ' %s' "${@:2}" | tr '\n' ' '
	printf '\n'
	sed 's/^/#   /' "$TAP_OUTPUT" | head -n 30
}

# Words of others in one line, wherever they were broken (cli/terminal/wrap.h).
tap_output() { sed -zE 's/\r?\n +(\| |("))/ \2/g' "$TAP_OUTPUT"; }

ok() {
	local claim=$1 status=0; shift
	"$@" >"$TAP_OUTPUT" 2>&1 || status=$?
	tap_report "$status" "$claim"
	[ "$status" -eq 0 ] || tap_explain "$status" "$@"
}

refused() {
	local claim=$1 status=0; shift
	"$@" >"$TAP_OUTPUT" 2>&1 || status=$?
	case $status in
	0 | 99 | 12[4-9] | 1[3-9]?)
		tap_report 1 "$claim"
		tap_explain "$status" "$@" ;;
	*) tap_report 0 "$claim" ;;
	esac
}

is() {
	if [ -n "$3" ] && [ "$2" = "$3" ]; then tap_report 0 "$1"; else
		tap_report 1 "$1"
		printf '#   got    %s\n#   wanted %s\n' "$2" "$3"
	fi
}

like() {
	if [[ $2 =~ $3 ]]; then tap_report 0 "$1"; else
		tap_report 1 "$1"
		printf '%s\n' "$2" | sed 's/^/#   got    /'
		printf '#   wanted %s\n' "$3"
	fi
}

tap_skip() {
	if [ "$TAP_NUMBER" -eq 0 ]; then
		rm -f "$TAP_OUTPUT"
		printf '1..0 # SKIP %s\n' "$1"
	else
		printf '# skipped: %s\n' "$1"
		tap_end
	fi
	exit 0
}

tap_end() {
	rm -f "$TAP_OUTPUT"
	printf '1..%d\n' "$TAP_NUMBER"
	[ "$TAP_NUMBER" -gt 0 ] && [ "$TAP_FAILED" -eq 0 ] || exit 1
}
