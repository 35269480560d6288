# SPDX-License-Identifier: Apache-2.0
# TAP for scenarios written in bash: source this file.
#
#	ok "claim" COMMAND...		the command succeeds
#	refused "claim" COMMAND...	it fails (with an exit code below 100: not by a crash)
#	is "claim" GOT WANTED		two texts are equal, and not empty
#	like "claim" GOT PATTERN	a text matches an extended regular expression
#	tap_end				the plan; always last
#
# Output of commands goes to tap_output, and is shown when the claim does not hold.

TAP_NUMBER=0
TAP_OUTPUT=$(mktemp)
export LC_ALL=C.UTF-8

tap_report() { # tap_report STATUS CLAIM
	TAP_NUMBER=$((TAP_NUMBER + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$TAP_NUMBER" "$2"
	else
		printf 'not ok %d - %s\n' "$TAP_NUMBER" "$2"
	fi
}

tap_output() { cat "$TAP_OUTPUT"; }

ok() {
	local claim=$1 status=0; shift
	"$@" >"$TAP_OUTPUT" 2>&1 || status=$?
	tap_report "$status" "$claim"
	[ "$status" -eq 0 ] || sed "s/^/#   /; 1i # exit code $status of: $*" "$TAP_OUTPUT" | head -n 30
}

refused() {
	local claim=$1 status=0; shift
	"$@" >"$TAP_OUTPUT" 2>&1 || status=$?
	if [ "$status" -gt 0 ] && [ "$status" -lt 100 ]; then
		tap_report 0 "$claim"
	else
		tap_report 1 "$claim"
		sed "s/^/#   /; 1i # exit code $status of: $*" "$TAP_OUTPUT" | head -n 30
	fi
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

tap_end() {
	rm -f "$TAP_OUTPUT"
	printf '1..%d\n' "$TAP_NUMBER"
}
