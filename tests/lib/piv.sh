# SPDX-License-Identifier: Apache-2.0
# The PIV driver in scenarios: source this after tap.sh and tokens.sh.
#
#	piv 1001 info unlock:246813:1 sign	all steps in one session (tests/lib/piv_cli.c)
#	piv_start 1001 unlock:246813:1 pause sign ; ... ; piv_go ; piv_end
#
# piv_end prints what piv_start's program said; its exit code is that program's.

PIV_CLI=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios/piv-cli
PIV_PIN=246813

piv() { "$PIV_CLI" "$@" </dev/null 2>&1; }
# The lines of the step, of what was said.
said() { sed -n "s/^$1 //p"; }

# piv_start [name=NAME] SERIAL STEP...: in the background, under a name of its own.
piv_start() {
	local name=one
	case $1 in name=*) name=${1#name=}; shift ;; esac
	rm -f "$name.in" "$name.out" "$name.status"
	mkfifo "$name.in"
	: > "$name.out"
	{
		"$PIV_CLI" "$@" <>"$name.in" >"$name.out" 2>&1 &
		echo $! > "$name.pid"
		wait $!
		echo $? > "$name.status"
	} 2>/dev/null &
}
piv_kill() { kill -KILL "$(cat "${1:-one}.pid")"; }
piv_pausing() { [ "$(grep -c '^pause$' "${2:-one}.out")" -ge "$1" ]; }
# piv_wait N [NAME]: until it pauses for the Nth time.
piv_wait() { tokens_until 30 piv_pausing "$1" "${2:-one}"; }
piv_go() { echo > "${1:-one}.in"; }
# piv_said SECONDS PATTERN [NAME]: until it said so.
piv_said() { tokens_until "$1" grep -q "$2" "${3:-one}.out"; }
piv_end() {
	tokens_until 60 test -s "${1:-one}.status" || return 99
	cat "${1:-one}.out"
	return "$(cat "${1:-one}.status")"
}
