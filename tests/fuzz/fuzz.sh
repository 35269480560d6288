#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes: builds the targets of the table `targets` with clang into build-fuzz/ (libFuzzer, address and
# undefined behaviour sanitizers) and runs them over copies of their corpora.
# usage: fuzz.sh [keep] [NAME] [SECONDS]	all targets, 60 seconds each; keep: new inputs too
#        fuzz.sh coverage			what the corpora reach
#        fuzz.sh --check [ARGUMENT...]		could it? runs nothing
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."
case ${1:-} in
-h | --help) sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
esac
check=no
[ "${1:-}" != --check ] || { check=yes; shift; }
if [ "${1:-}" = coverage ]; then
	[ $# -eq 1 ] || { printf 'coverage takes no arguments: %s\n' "${*:2}" >&2; exit 2; }
	[ $check = no ] || exit 0
	exec python3 "$here/coverage.py" build-coverage
fi
keep=no
[ "${1:-}" != keep ] || { keep=yes; shift; }
mapfile -t names < <(sed 's/#.*//' "$here/targets" | awk 'NF { print $1 }')
if [[ ${1:-} =~ [^0-9] ]]; then
	[ -f "$here/fuzz_$1.c" ] || { printf 'no target %s; there are: %s\n' "$1" "${names[*]}" >&2; exit 2; }
	names=("$1"); shift
fi
[[ $# -eq 0 || $# -eq 1 && $1 =~ ^[0-9]+$ ]] || { printf 'no number of seconds: %s\n' "$*" >&2; exit 2; }
[ $check = no ] || exit 0
seconds=${1:-60}
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=libfuzzer \
	-Db_sanitize=address,undefined -Db_lundef=false >&2
ninja -C build-fuzz "${names[@]/#/tests/fuzz/fuzz-}" >&2

export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ASAN_OPTIONS=detect_stack_use_after_return=0
failed=()
for name in "${names[@]}"; do
	corpus=$here/corpus/$name work=build-fuzz/work/$name found=build-fuzz/found/$name
	rm -rf "$work" && mkdir -p "$work" "$found"
	cp "$corpus"/* "$work/"
	printf '== %s, %s s\n' "$name" "$seconds"
	build-fuzz/tests/fuzz/fuzz-"$name" -max_total_time="$seconds" -timeout=20 -max_len=8192 \
		-artifact_prefix="$found/" -verbosity=0 "$work" || failed+=("$name")
	[ $keep = no ] || build-fuzz/tests/fuzz/fuzz-"$name" -merge=1 -use_counters=0 -max_len=8192 \
		-verbosity=0 "$corpus" "$work"
done
[ ${#failed[@]} -eq 0 ] || { printf 'found something: %s (build-fuzz/found)\n' "${failed[*]}" >&2; exit 1; }
