#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The suite about itself: it counts what happened, its slices leave nothing out, it leaves nothing behind, and what
# runs alone ends with whoever started it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/alone.sh"
. "$(dirname "$0")/../lib/sweep.sh"
lib=$(dirname "$(readlink -f "$0")")/../lib
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99

test_log() { # test_log NAME RESULT OUTPUT
	printf '{"name": "halligan:unit / %s", "result": "%s", "duration": 1.5, "stdout": "%s"}\n' "$@"
}
report() { "$lib/report.py" "$@" | tail -n 1; }
test_log one OK 'ok 1 - a\nok 2 - b\n' > well
test_log two OK '# skipped: there is no vector file x.json\nok 1 - a\n' >> well
is "what passed is counted, and vectors that are not there" "$(report plain=well)" "2 passed, 0 failed, 1 skipped"
ok "which is no failure in CI" "$lib/report.py" --skips-fail plain=well
like "slowest first" "$(test_log slow OK '' | sed 's/1.5/2.5/' | "$lib/report.py" plain=well plain=/dev/stdin)" '2.5 s  plain: slow.*1.5 s  plain: one'
{ test_log three SKIP '1..0 # SKIP needs root'; test_log four OK 'ok 1 - a # SKIP no umockdev'; } > skips
is "a skip is counted" "$(report plain=well sanitize=skips)" "3 passed, 0 failed, 3 skipped"
ok "which is no failure" "$lib/report.py" plain=well sanitize=skips
like "but said with its reason" "$(tap_output)" 'skipped: sanitize: three: needs root'
refused "in CI it is one" "$lib/report.py" --skips-fail plain=well sanitize=skips
is "each of them" "$(report --skips-fail plain=well sanitize=skips)" "3 passed, 2 failed, 1 skipped"
for result in FAIL TIMEOUT ERROR INTERRUPT; do
	test_log five $result '' > bad
	refused "a test that ended with $result fails the run" "$lib/report.py" plain=well plain=bad
	is "and is counted" "$(report plain=well plain=bad)" "2 passed, 1 failed, 1 skipped"
done
refused "a run without a log fails" "$lib/report.py" plain=well plain=nowhere
: > nothing
refused "so does one in which nothing ran" "$lib/report.py" plain=nothing

taken() { local n; for ((n = 1; n <= 100; n++)); do ! sweep_takes $n 7 || echo $n; done; }
is "all slices together are the full run, each case once" \
	"$(for ((k = 1; k <= 40; k++)); do HALLIGAN_SWEEP=$k/40 taken; done | sort -n)" "$(HALLIGAN_SWEEP=all taken)"
is "the full run is every case" "$(HALLIGAN_SWEEP=all taken | wc -l)" 100
is "the plain suite takes some" "$(HALLIGAN_SWEEP='' taken | wc -l)" 14

# A program that imports its neighbours would leave what Python made of them beside them.
mkdir tests
tar -C "$lib/.." -c --exclude __pycache__ fuzz/coverage.py golden/dump.py lib lint scenarios | tar -C tests -x
importing() { grep -rl '^sys\.path\.insert' tests --include='*.py'; }
for program in $(importing); do env -u PYTHONDONTWRITEBYTECODE "$program" --help > /dev/null 2>&1; done
is "programs in Python leave nothing beside them" "$(importing | grep -c .): $(find tests -name '__pycache__' | head -n 1)" "4: "
like "and if they did, git would not see it" "$(cat "$lib/../../.gitignore")" '__pycache__/'

if [ "$(id -u)" -eq 0 ]; then
	cat > program <<-'END'
	#!/bin/bash
	# $1: alone.sh; says who it is and what it sees, then lives on with a child that nobody waits for
	. "$1"; alone "$0" "$@"
	{ ls /tmp | grep -c '^tmp\.'; echo $$; cat /proc/net/dev; } > "$2"
	setsid sleep "$3" < /dev/null &
	sleep "$3"
	END
	chmod 755 program
	long=9$RANDOM.$RANDOM # of no other run
	# Where it can write: the build folder is seen from inside.
	seen=$(mktemp "${HALLIGAN_BUILD:?}/suite.XXXXXX")
	trap 'rm -rf "$folder" "$seen"' EXIT
	cp program "$seen.program"
	setsid "$seen.program" "$lib/alone.sh" "$seen" "$long" < /dev/null > alone.log 2>&1 & starter=$!
	running() { pgrep -fx "sleep $long" | wc -l; }
	both() { [ "$(running)" = 2 ]; }
	none() { [ "$(running)" = 0 ]; }
	until_seconds() { local end=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done; }
	ok "what runs alone runs" until_seconds 60 both
	is "as the first process, with nothing in /tmp" "$(head -n 2 "$seen" | tr '\n' ' ')" "0 1 "
	is "on a network that holds nothing but itself" "$(grep -c : "$seen")" 1
	kill -KILL $starter; wait $starter 2> /dev/null
	ok "killed, it takes everything with it" until_seconds 60 none
	rm -f "$seen.program"
fi
tap_end
