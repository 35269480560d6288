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
test_log one OK 'ok 1 - a\nok 2 - b\n1..2' > well
test_log two OK '# skipped: there is no vector file hpke.json (HALLIGAN_VECTORS)\n1..1\nok 1 - a\n' >> well
is "what passed is counted, and vectors that are not there" "$(report plain:2:0=well)" "2 passed, 0 failed, 1 skipped"
ok "which is no failure in CI" "$lib/report.py" --skips-fail plain:2:0=well
like "slowest first" "$(test_log slow OK '' | sed 's/1.5/2.5/' | "$lib/report.py" plain:2:0=well plain:1:0=/dev/stdin)" '2.5 s  plain: slow.*1.5 s  plain: one'
{ test_log three SKIP '1..0 # SKIP needs root'; test_log four OK 'ok 1 - a of #3 # SKIP no umockdev\n1..1'; } > skips
is "a skip is counted" "$(report plain:2:0=well sanitize:2:0=skips)" "3 passed, 0 failed, 3 skipped"
ok "which is no failure" "$lib/report.py" plain:2:0=well sanitize:2:0=skips
like "but said with its reason" "$(tap_output)" 'skipped: sanitize: three: needs root'
refused "in CI it is one" "$lib/report.py" --skips-fail plain:2:0=well sanitize:2:0=skips
is "each of them" "$(report --skips-fail plain:2:0=well sanitize:2:0=skips)" "3 passed, 2 failed, 1 skipped"
for said in 'ok 1 #SKIP x' 'ok 1 - a #  SKIP x' 'ok 1 - a #\tskip x' 'ok # SKIPPED x' '1..0 #SKIP x' '1..0\t# Skip x' 'not ok 1 - a # TODO x' \
	'not ok #todo x' '# Skipped: x' '#skipped: x' '# SKIPPED:x' '  # skipped: x' '\t#  skipped: x' '    ok 1 # SKIP x' '    ok 1\n    1..0 # SKIP x' \
	'    not ok 1 # TODO x'; do
	test_log three OK "$said\n1..1" > skips
	form=${said//\#/hash } # the claim may hold none: meson reads it, too
	refused "as it is in any of TAP's forms: $form" "$lib/report.py" --skips-fail plain:2:0=well sanitize:1:0=skips
	like "which is said with its reason" "$(tap_output)" 'skipped, which fails here: sanitize: three: (not expected to hold: )?x'
done
test_log three EXPECTEDFAIL '' > skips
is "what is expected to fail has not passed" "$(report plain:2:0=well sanitize:1:0=skips)" "2 passed, 0 failed, 2 skipped"
refused "nor in CI" "$lib/report.py" --skips-fail plain:2:0=well sanitize:1:0=skips
test_log three OK 'ok 1 # SKIP x\nok 2 # SKIP x\nok 3 # SKIP y\n1..3' > skips
is "skipped cases are counted one by one" "$(report plain:2:0=well sanitize:1:0=skips)" "3 passed, 0 failed, 4 skipped"
for said in 'there is no vector file hpke.json and no gcc' 'there is no vector file x' 'there is no vector file /usr/bin/gcc' \
	'there is no vector file ../vectors/hpke.json' 'there is no vector file slip39.json (HALLIGAN_VECTORS)' 'in another slice of life' 'it is in another slice'; do
	test_log three SKIP "1..0 # SKIP $said" > skips
	refused "a reason is allowed in CI as a whole or not at all: $said" "$lib/report.py" --skips-fail plain:2:0=well sanitize:1:0=skips
done
{ cat well; test_log one OK 'ok 1\n1..1'; } > twice
refused "a test that ran twice does not stand for one that never ran" "$lib/report.py" plain:3:0=twice
test_log five SKIP '1..0 # SKIP in another slice' > elsewhere
is "but not a case of another slice" "$(report --skips-fail plain:2:0=well slice:1:0=elsewhere)" "2 passed, 0 failed, 2 skipped"
for result in FAIL TIMEOUT ERROR INTERRUPT UNEXPECTEDPASS; do
	test_log five $result '' > bad
	refused "a test that ended with $result fails the run" "$lib/report.py" plain:2:0=well plain:1:1=bad
	is "and is counted" "$(report plain:2:0=well plain:1:1=bad)" "2 passed, 1 failed, 1 skipped"
done
test_log six OK 'ok 1 - a\nok 2 - b\n' > early
refused "so does one that says ok and ends without a plan" "$lib/report.py" plain:2:0=well plain:1:0=early
test_log six SKIP '# a word\n' > early
refused "or says nothing" "$lib/report.py" plain:2:0=well plain:1:0=early
test_log six OK '1..0\n' > early
refused "or that it ran nothing" "$lib/report.py" plain:2:0=well plain:1:0=early
test_log six OK '1..0 # SKIP x\n' > early
is "who skips all has not passed" "$(report plain:2:0=well plain:1:0=early)" "2 passed, 0 failed, 2 skipped"
refused "a run without a log fails" "$lib/report.py" plain:2:0=well plain:1:0=nowhere
: > nothing
refused "so does one in which nothing ran" "$lib/report.py" plain:0:0=nothing

opened() { # the names of vectors in the tests that open some
	grep -rlE 'vectors_open|HALLIGAN_VECTORS' "$lib/../unit" --include=test_*.c | xargs grep -hoE '"[a-z0-9_/-]+\.(json|pem)"' | tr -d '"' | sort -u
}
is "the list of vectors has what tests open" "$(opened)" "$(cat "$lib/vectors")"

# A scenario by hand.
scenario() { bash -c '. "$1/tap.sh"; eval "$2"; tap_end' scenario "$lib" "$1"; }
ok "a scenario whose claims hold ends well" scenario 'is a b b'
refused "one with a claim that does not hold ends badly" scenario 'is a b c; is a b b'
like "with its plan" "$(tap_output)" '1\.\.2$'
refused "so does one that claims nothing" scenario :
is "one that skips says so in place of a plan" "$(scenario 'tap_skip x')" "1..0 # SKIP x"
is "and where it has claimed something, beside it" "$(scenario 'is a b b; tap_skip x; is c d d' | tr '\n' ' ')" "ok 1 - a # skipped: x 1..1 "

# What meson does, and how it ends, is up to these tests.
mkdir -p bin "a b'c/meson-logs" && : > "a b'c/build.ninja"
cat > bin/meson <<'END'
#!/bin/bash
# Lists three tests; runs RAN of them, then ends with STATUS, or by the signal KILLED.
. "${0%/*}/../knobs" # of the environment only what is known comes as far as this
[[ " $* " != *" --list "* ]] || { printf 'halligan:unit / %s\n' ${LIST-one two three}; exit; }
cat "${0%/*}/../ran" > "${0%/*}/../a b'c/meson-logs/${PART:-plain}.json"
printf '%s\n' "$@" > "${0%/*}/../arguments"
[ -z "${KILLED:-}" ] || kill -"$KILLED" $$
exit "${STATUS:-0}"
END
chmod 755 bin/meson
all() { # all VARIABLE=VALUE... [PART...]
	: > knobs
	while [[ ${1:-} == *=* ]]; do echo "$1" >> knobs; shift; done
	HALLIGAN_ALONE=tests/all PATH=$folder/bin:$PATH "${tests:-$lib/..}/all" "$folder/a b'c" "${@:-plain}"
}
{ cat well; test_log three OK ''; } > ran
ok "a part whose tests all ran passes" all STATUS=0
refused "it does not when meson says otherwise" all STATUS=2
{ cat well; test_log three FAIL ''; } > ran
refused "nor when a test failed" all STATUS=1
cat well > ran
refused "nor when some never ran, though meson is content" all STATUS=0
{ cat well; test_log three OK ''; } > ran
refused "nor when they cannot be listed" all LIST=
refused "nor when meson was killed after the last" all KILLED=KILL
like "which is said" "$(tap_output)" 'failed: plain: meson itself, status 137 after 3 of 3 tests'

{ cat well; test_log three OK ''; } > ran
ok "a part that is named twice" all plain plain
is "runs once" "$(tap_output | tail -n 1)" "3 passed, 0 failed, 1 skipped"
# From a folder whose name a shell would take apart; valgrind is told by one text, which meson takes apart.
mkdir "a clone's folder"
cp -r "$lib/../../tests" "a clone's folder/tests"
tests="$folder/a clone's folder/tests" ok "all parts find their files in a folder with a space and a quote" all PART=secrets secrets
suppressions() { python3 -c 'import shlex, sys
words = sys.stdin.read().split("\n")
print(*[word.split("=")[1] for word in shlex.split(words[words.index("--wrapper") + 1]) if "--suppressions" in word])' < arguments; }
is "what valgrind shall not tell among them" "$(suppressions)" "$folder/a clone's folder/tests/lib/valgrind.supp"

checked() { "$lib/../all" --check "$@"; }
ok "parts are known before anything runs" checked lint full slice
refused "unknown ones refused" checked plain slcie
refused "a slice needs a commit" env HALLIGAN_COMMIT= "$lib/../all" --check plain slice
ok "or a number" env HALLIGAN_COMMIT= HALLIGAN_SLICE=3/40 "$lib/../all" --check plain slice
refused "that is one of forty" env HALLIGAN_SLICE=3/4 "$lib/../all" --check slice
refused "without a build folder nothing runs" "$lib/../all"
like "and its use is said" "$(tap_output)" '^usage: tests/all BUILD'
run() { "$lib/../../run" "$@"; }
refused "run refuses unknown parts before it builds" env HALLIGAN_BUILD="$folder/never" "$lib/../../run" test plain slcie
is "so that nothing is built" "$(find . -name never)." .
refused "nor are unknown parts of bench and fuzz built" run bench stroe
refused "an option that the bench takes is no other's" run test --json
measured() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$lib/../bench python3 -c "from measure import *; print($1)"; }
is "the bench's growth is the slope of logarithms" \
	"$(measured '"%.2f %.2f" % (exponent([(10, 3), (100, 30), (1000, 300)]), exponent([(10, 5), (1000, 5)]))')" "1.00 0.00"
is "its spread lies between the quartiles" "$(measured 'spread([9, 1, 2, 3, 4, 5, 6, 7, 8])')" 4
refused "neither of them" run fuzz tvl
for verb in install build lint demo train clean coverage; do
	refused "and arguments that $verb does not take" run $verb foo
	like "which are named" "$(tap_output)" foo
done
for verb in demo train test lint build bench fuzz bare coverage install clean; do
	refused "nor an option" run $verb --no-such-option
	like "which is named" "$(tap_output)" 'takes no option --no-such-option'
	ok "$verb says how it is used" run $verb --help
	like "in words of its own" "$(tap_output)" "^(usage: tests/($verb|all|bench|fuzz)|usage: (./run VERB.  $verb |fuzz.sh))"
done
refused "an unknown verb is refused" run tset
is "and named, with those that there are" "$(tap_output)" \
	"run: no verb tset; there are: bare bench build clean coverage demo fuzz install lint test train"
is "its help is no error" "$(run --help 2> /dev/null | head -n 1)" "usage: ./run VERB"
is "nor is that of bare" "$("$lib/../bare" --help | head -n 1 | cut -c -18)" "usage: tests/bare "
is "without clang the coverage of corpora is skipped, and says so" \
	"$(PATH=$folder/bin /usr/bin/python3 "$lib/../fuzz/coverage.py" coverage)" "1..0 # SKIP there is no clang: ./run install"

taken() { local n; for ((n = 1; n <= 100; n++)); do ! sweep_takes $n 7 || echo $n; done; }
is "all slices together are the full run, each case once" \
	"$(for ((k = 1; k <= 40; k++)); do HALLIGAN_SWEEP=$k/40 taken; done | sort -n)" "$(HALLIGAN_SWEEP=all taken)"
is "the full run is every case" "$(HALLIGAN_SWEEP=all taken | wc -l)" 100
is "the plain suite takes some" "$(HALLIGAN_SWEEP='' taken | wc -l)" 14

# The server's layer linked as tests/lint/meson.build does, but without the one of the rotators that it calls.
like "a layer that calls one which it was not given does not link" "$(gcc "$lib/../lint/arrows.c" -o arrows \
	-Wl,--whole-archive "$HALLIGAN_BUILD/ceremony/server/libserver.a" -Wl,--no-whole-archive 2>&1)" \
	"undefined reference to .rotator_find'"

# A program that imports its neighbours would leave what Python made of them beside them.
mkdir tests
tar -C "$lib/.." -c --exclude __pycache__ fuzz/coverage.py golden/dump.py lib lint scenarios | tar -C tests -x
importing() { grep -rl '^sys\.path\.insert' tests --include='*.py'; }
for program in $(importing); do env -u PYTHONDONTWRITEBYTECODE "$program" --help > /dev/null 2>&1; done
is "programs in Python leave nothing beside them" "$(importing | grep -c .): $(find tests -name '__pycache__' | head -n 1)" "7: "
like "and if they did, git would not see it" "$(cat "$lib/../../.gitignore")" '__pycache__/'

if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root runs alone"; else
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
