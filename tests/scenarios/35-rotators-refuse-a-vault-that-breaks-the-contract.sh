#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotator that is spoken to wrongly, or by hand, says so and does nothing.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
ROTATE=$BUILD/rotators/halligan-rotate-exec

printf '#!/bin/sh\necho "$*" >>%s/ran\nexit 0\n' "$FOLDER" >program; chmod 755 program
exec 8<program # whoever starts it opens the program that it runs
TARGET='{"target":{"command":["'$FOLDER'/program"]}}'
printf '\001\001\010password\000\000\000\003one' >one
printf '\001\001\010password\000\000\000\003two' >two
# say LINE...: lines to the rotator, with both values; what it says, and "exit N".
say() { printf '%s\n' "$@" | "$ROTATE" 3<one 4<two 2>&1; echo "exit ${PIPESTATUS[1]}"; }
bare() { printf '%s\n' "$@" | "$ROTATE" 3<&- 4<&- 5<&- 6<&- 2>&1; echo "exit ${PIPESTATUS[1]}"; }

is "all is well to begin with" "$(say "$TARGET" '{"verb":"apply"}' | tr '\n' ' ')" '{"result":"applied"} exit 0 '
rm ran
like "no target" "$("$ROTATE" 3<one 4<two </dev/null 2>&1; echo "exit $?")" 'no target.*--help.*exit 1'
like "a target that is not JSON" "$(say 'target')" '^halligan-rotate-exec: .*exit 1'
like "a first line of something else" "$(say '{"verb":"apply"}')" 'first line.*exit 1'
like "a first line with more in it" "$(say '{"target":{},"x":1}')" '"?x"?.*exit 1'
like "no deadline at all" "$(say '{"target":{},"seconds":0}')" 'seconds.*exit 1'
like "garbage for a question" "$(say "$TARGET" 'apply')" 'exit 1'
like "a question with more in it" "$(say "$TARGET" '{"verb":"apply","now":true}')" 'now.*exit 1'
like "a question over 64 KiB" "$(say "$TARGET" "{\"verb\":\"$(head -c 70000 /dev/zero | tr '\0' x)\"}" | tail -c 300)" 'exit 1'
like "an unfinished question" "$(printf '%s\n{"verb":"apply"}' "$TARGET" | "$ROTATE" 3<one 4<two 2>&1; echo "exit $?")" '^halligan.*exit 1'
like "an empty line" "$(say "$TARGET" '' '{"verb":"apply"}')" '^halligan.*exit 1'
is "an unknown verb is unsupported, and the next one is answered" \
	"$(say "$TARGET" '{"verb":"renew"}' '{"verb":"describe"}' | cut -d, -f1 | tr '\n' ' ')" '{"result":"unsupported"} {"result":"ok" exit 0 '
like "a probe of neither value" "$(say "$TARGET" '{"verb":"probe","value":"both"}')" 'unreachable.*current or next'
like "a probe without saying of what" "$(say "$TARGET" '{"verb":"probe"}')" 'unreachable.*current or next'
like "apply without values" "$(bare "$TARGET" '{"verb":"apply"}')" 'unknown.*needs the next'
like "expel without values" "$(bare "$TARGET" '{"verb":"expel"}')" 'cannot-tell.*needs the current'
like "probe without values" "$(bare "$TARGET" '{"verb":"probe","value":"current"}')" 'unreachable.*no current'
like "generate where there is a next value" "$(say "$TARGET" '{"verb":"generate"}')" 'refused.*next value already'
for verb in issue mint; do
	like "$verb where there is a next value" "$(say "$TARGET" "{\"verb\":\"$verb\"}")" 'unknown.*next value already'
	like "$verb without a place for the value" "$(bare "$TARGET" "{\"verb\":\"$verb\"}")" 'unknown.*next value already'
done
like "apply without values" "$(bare "$TARGET" '{"verb":"apply"}')" 'unknown.*needs the next'
like "withdraw without values" "$(bare "$TARGET" '{"verb":"withdraw","value":"current"}')" 'unknown.*needs the current'
like "withdraw without saying of what" "$(say "$TARGET" '{"verb":"withdraw"}')" 'unknown.*no such value'
like "withdraw of something else" "$(say "$TARGET" '{"verb":"withdraw","value":"next"}')" 'unknown.*no such value'
like "apply of a value that is named" "$(say "$TARGET" '{"verb":"apply","value":"next"}')" 'unknown.*no such value'
like "apply of orphans" "$(say "$TARGET" '{"verb":"apply","value":"orphans"}')" 'unknown.*no such value'
like "warn without values" "$(bare "$TARGET" '{"verb":"warn"}')" 'cannot-tell.*warn needs the current'
like "a name of no letters" "$(say '{"target":{},"name":""}')" 'name.*exit 1'
like "a name over 63 letters" "$(say "{\"target\":{},\"name\":\"$(printf '%064d' 0)\"}")" 'name.*exit 1'
head -c 10 one >short
like "a value that is cut short" "$(printf '%s\n' "$TARGET" | "$ROTATE" 3<short 4<two 2>&1)" 'current value on descriptor 3.*cut short'
head -c 70000 /dev/zero >long
like "a value that is too long" "$(printf '%s\n' "$TARGET" | "$ROTATE" 3<one 4<long 2>&1)" 'next value on descriptor 4'
is "nothing was run in all this" "$(cat ran 2>&1)" "cat: ran: No such file or directory"
for name in ssh-key exec; do
	like "$name: --help" "$("$BUILD/rotators/halligan-rotate-$name" --help)" "usage: halligan-rotate-$name"
	like "$name: --version" "$("$BUILD/rotators/halligan-rotate-$name" --version)" "^halligan-rotate-$name [0-9]"
	like "$name: an unknown argument" "$("$BUILD/rotators/halligan-rotate-$name" --hlp 2>&1; echo "exit $?")" '"--hlp"; see --help.*exit 2'
done
tap_end
