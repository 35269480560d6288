#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The vaults that are measured, made once and kept in the build folder: all of one founding, with its six tokens.
# usage: kept.sh FOLDER-OF-VAULTS NAME...: what is missing of them is made
#
#	base		founded, with one secret prod/mail behind the exec rotator; and the tokens' states
#	old		the same after 200 ceremonies and 40 charters, by the real commands
#	N		base with N more secrets, made through the library (grow.c)
#	nights		base with 10 more secrets and 1,000,000 leaves
#
# Each is a folder with vault/, state/ (what a client remembers of it) and the target's files; `kept.sh key` prints what FOLDER is
# called: another founding or format makes others; another generator, other large ones.
set -uo pipefail
SELF=$(readlink -f "$0")
TOP=$(readlink -f "${SELF%/*}/../..")
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
CEREMONIES=200 CHARTERS=40

if [ "$1" = key ]; then
	# Documents age.
	{ date +%Y-%m; cd "$TOP" && cat "$SELF" tests/lib/vault.sh vault/store/schema.c vault/store/format.c docs/FORMAT.md; } |
		sha256sum | cut -c1-16
	exit
fi

. "$TOP/tests/lib/alone.sh"
alone "$SELF" "$@"
. "$TOP/tests/lib/vault.sh"
KEPT=$(readlink -f "$1"); shift

fail() { printf 'bench: cannot make the vault %s\n' "$1" >&2; tail -n 20 "$TOKENS_DIR"/*.out >&2; exit 1; }
generator() { cd "$TOP" && cat tests/bench/grow.c tests/unit/server/grown_bench.c | sha256sum; }
quietly() { "$@" > "$TOKENS_DIR/last.out" 2>&1; }
keep() { # keep NAME: whole or not at all
	rm -rf "$KEPT/$1.new" "$KEPT/$1" && mkdir "$KEPT/$1.new" && cp -a vault state exec-target exec-prod-mail "$KEPT/$1.new/" && sync -f "$KEPT" &&
		mv "$KEPT/$1.new" "$KEPT/$1"
}

make_base() {
	quietly town_init && quietly town_enroll "${OFFICERS[@]}" alice && quietly town_charter &&
		quietly town_roster && quietly town_exec prod/mail || return
	tokens_stop # so that their states are written
	cp -a 3000000?.json "$KEPT/" && keep base
}

ceremony() {
	quietly as alice request prod/mail --reason "mail is down" --incident INC-1 --for 30m &&
		quietly town_approve ciso secops infra &&
		quietly as alice open --fd 8 --no-wait 8> /dev/null && quietly as alice done
}
charter() { # charter MINUTES: one that differs from the last
	quietly as ciso charter propose --policy "production=$QUORUM" --max-duration "$1m" &&
		quietly as secops charter sign && quietly as infra charter sign
}
make_old() {
	local i
	for ((i = 0; i < CEREMONIES; i++)); do
		((i % (CEREMONIES / CHARTERS) > 0)) || charter $((60 + i)) || return
		ceremony || return
	done
	keep old
}

grown() { quietly "$BUILD/tests/bench/bench-grow" "$VAULT" "$KEPT/${SERIAL[infra]}.json" "$KEPT/${SERIAL[ciso]}.json" "$@"; }
make_one() {
	case $1 in
	base) make_base ;;
	old) make_old ;;
	nights) grown 10 0 1000000 ;;
	*) grown "$1" 0 0 ;;
	esac && case $1 in
	base | old) ;;
	*) keep "$1" && (generator) > "$KEPT/$1/generator" ;;
	esac
}

lacks() {
	case $1 in
	base | old) [ ! -d "$KEPT/$1" ] ;;
	*) [ "$(generator)" != "$(cat "$KEPT/$1/generator" 2> /dev/null)" ] ;;
	esac
}

lacking=()
for name in base "$@"; do ! lacks "$name" || lacking+=("$name"); done
[ ${#lacking[@]} -gt 0 ] || exit 0
tokens_folder
cp -a "$KEPT"/3000000?.json . 2> /dev/null || :
town_start > /dev/null
[ ! -e "$KEPT/base" ] || { cp -a "$KEPT/base/exec-target" . && town_program exec-target; } || exit
for name in "${lacking[@]}"; do
	printf 'bench: making the vault %s, once\n' "$name" >&2
	began=$EPOCHSECONDS
	rm -rf vault state
	[ "$name" = base ] || cp -a "$KEPT"/base/* .
	make_one "$name" || fail "$name"
	printf 'bench: it took %d s\n' $((EPOCHSECONDS - began)) >&2
	# The tokens were ended, to have their states written.
	[ "$name" != base ] || { cd / && rm -rf "$TOKENS_REMOVE" && exec "$SELF" "$KEPT" "$@"; }
done
