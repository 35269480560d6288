#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each command's manual page lists the options that `halligan COMMAND --help` lists, and no others.
# usage: man-agrees.sh HALLIGAN
set -uo pipefail
halligan=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")/../.."

# A command's name is the words before its arguments: capitals, brackets, or two spaces.
mapfile -t commands < <("$halligan" --help | sed -n 's/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{0,1\}\) .*/\1/p')
number=0 failed=0
report() { # report STATUS CLAIM [DETAIL]
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		printf '%s\n' "${3:-}" | sed 's/^/# /'
		failed=1
	fi
}

for command in "${commands[@]}"; do
	page=docs/man/halligan-${command// /-}.1.scd
	# shellcheck disable=SC2086
	help=$("$halligan" $command --help | sed -n 's/^  \(--[a-z-]*\( [^ ]*\)\{0,1\}\)  .*/\1/p' | sed 's/ *$//' | sort)
	manual=$(sed -n '/^# OPTIONS/,/^# EXIT/s/^\*\(--[a-z-]*\)\*\( _\(.*\)_\)\{0,1\}$/\1 \3/p' "$page" | sed 's/ $//' | sort)
	difference=$(diff <(printf '%s\n' "$help") <(printf '%s\n' "$manual"))
	report $? "$command: the manual has the options of --help" "$difference"
	grep -q "See \*halligan-${command// /-}\*(1)" docs/man/halligan.1.scd
	report $? "$command: halligan(1) names it"
done
[ "${#commands[@]}" -ge 20 ]
report $? "the commands were found" "${commands[*]:-none}"

pages=$(cd docs/man && for page in *.scd; do printf '%s\n' "${page%.scd}"; done | sort)
built=$(sed -n "/^manual_pages/,/^]/p" docs/meson.build | grep -o "'[^']*'" | tr -d "'" | sort)
difference=$(diff <(printf '%s\n' "$pages") <(printf '%s\n' "$built"))
report $? "every page is built and installed" "$difference"
echo "1..$number"
exit $failed
