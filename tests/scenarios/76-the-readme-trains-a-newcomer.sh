#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the README shows for trying Halligan by hand, typed as it stands there: a training vault, one ceremony, and
# nothing of it left.
. "$(dirname "$0")/../lib/tap.sh"
tests=$(dirname "$(dirname "$(readlink -f "$0")")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99
HALLIGAN_BUILD=$(readlink -f "$HALLIGAN_BUILD")

mapfile -t typed < <(sed -n '/^    \.\/run train$/,/^    exit$/s/^    //p' "$tests/../README.md" | sed 's/   *(.*//')
is "the README shows what to type, from the first line to the last" "${typed[0]}|${typed[-1]}|${#typed[@]}" "./run train|exit|9"
answers=()
for line in "${typed[@]:1}"; do answers+=(--answer 'training\$ $' "$line"); done
pin=$(sed -n 's/^TOWN_PIN=\([0-9]*\).*/\1/p' "$tests/lib/vault.sh")
ok "all of it can be typed" "$tests/lib/terminal.py" --timeout 100 --always 'PIN[^\n]*: $' "$pin" --always '[Tt]ype yes: $' yes \
	"${answers[@]}" -- "$tests/demo-shell" "$HALLIGAN_BUILD"
said=$(tap_output)
like "the PIN was said" "$said" "the PIN $pin"
like "three officers release it" "$said" '1 of 1 secret released'
like "the released key logs in" "$said" "uid=$(id -u)"
like "and is replaced" "$said" 'The new value is accepted; the target refused the old value'
like "an error of the last command is none of the shell's" "$(echo false | "$tests/demo-shell" "$HALLIGAN_BUILD" 2>&1; echo $?)" '0$'
is "nothing of it is left" "$(find /tmp -maxdepth 1 -name town | wc -l)" 0
tap_end
