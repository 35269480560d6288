#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotator gone bad (tests/adversary/rotator) tries all it can, in every way in which rotators are isolated: by a vault of root's,
# of a system account's (a starter by hand), of an ordinary user's; with sub-uids, without; where no namespaces can be made; at
# Landlock's ABI 2, at what there is, and without it; two of them at once.  What stopped each attempt stands in a table.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/sweep.sh"
tokens_folder
cd "$TOKENS_DIR" || exit 99

ROTATORS_UID=64712 # of no other scenario: processes without end are an account's, wherever they run
USERS=64800 KEEPERS=64801 ROTATES=$ROTATORS_UID
PLACE=$(mktemp -d) # which other accounts can enter
chmod 755 "$PLACE"
trap 'rm -rf "$PLACE"' EXIT
cp "$HALLIGAN_BUILD"/tests/adversary/rotator/{halligan-rotate-gone-bad,halligan-rotate-gone-bad.json,halligan-starter-capped,let-loose} "$PLACE"
chmod -R go+rX,go-w "$PLACE"

AS_ROOT=yes
[ "$(id -u)" -eq 0 ] || { AS_ROOT=; echo "# skipped: only root has vaults of other accounts"; }
if [ -n "$AS_ROOT" ]; then
	town_host
	printf '%s\n' "ordinary:x:$USERS:$USERS::/nonexistent:/bin/sh" "keeper:x:$KEEPERS:$KEEPERS::/nonexistent:/bin/sh" >> /etc/passwd
	printf '%s\n' "ordinary:x:$USERS:" "keeper:x:$KEEPERS:" >> /etc/group
	echo "ordinary:200000:65536" | tee /etc/subuid > /etc/subgid
	town_lists "vault keeper" "path /tmp"
	ROTATES=$(id -u $ROTATORS)
else
	USERS=$UID
fi

# starter NAME KERNEL: a starter with what KERNEL takes away.
starter() {
	printf '#!/bin/sh\nHALLIGAN_KERNEL="%s" exec %s/halligan-starter-capped "$@"\n' "$2" "$PLACE" > "$PLACE/$1"
	chmod 755 "$PLACE/$1"
}
# as_user UID COMMAND...
as_user() {
	local uid=$1; shift
	if [ "$uid" = "$UID" ]; then "$@"; else setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"; fi
}
# loose NAME WHO HOW LANDLOCK UID KERNEL [LISTENER]: WHO runs the vault, LISTENER the starter that it asks.
loose() {
	local name=$1 who=$2 how=$3 abi=$4 uid=$5 listener=${7-} asked=$PLACE/$1.starter
	starter "$name.starter" "$6"
	if [ -n "$listener" ]; then
		mkdir -m 755 "$PLACE/$name.run"; chown "$listener" "$PLACE/$name.run"
		as_user "$listener" "$asked" --socket "$PLACE/$name.run/socket" > "$name.log" 2>&1 & listener=$!
		tokens_until 20 test -S "$PLACE/$name.run/socket"
		asked=socket:$PLACE/$name.run/socket
	fi
	as_user "$who" "$PLACE/let-loose" "$how" "$abi" "$uid" "$PLACE/halligan-rotate-gone-bad" "$asked" > "$name.out" 2> "$name.err"
	echo $? > "$name.status"
	[ -z "$listener" ] || kill "$listener"
}

# Two a line: they run at once, those of root's vault under one account.
NAMES=()
way() { NAMES+=("$1"); loose "$@" & }
ways_of_root() { cat <<-END
	root          0 account -1 $ROTATES ok
	root-2        0 account 2 $ROTATES landlock=2
	root-none     0 account 0 $ROTATES landlock=0
	as-root       0 account -1 0 ok
	as-root-2     0 account 2 0 landlock=2
	system        $KEEPERS account -1 $ROTATES ok 0
	system-2      $KEEPERS account 2 $ROTATES landlock=2 0
	bare          0 account-only -1 $ROTATES namespaces=no
	bare-2        0 account-only 2 $ROTATES namespaces=no,landlock=2
	sub-uid       $USERS sub-uid -1 $USERS ok $USERS
	sub-uid-2     $USERS sub-uid 2 $USERS landlock=2 $USERS
	sub-uid-none  $USERS sub-uid 0 $USERS landlock=0 $USERS
	END
}
ways_of_user() { cat <<-END
	user          $USERS user-namespace -1 $USERS sub-uids=no
	user-2        $USERS user-namespace 2 $USERS sub-uids=no,landlock=2
	user-none     $USERS user-namespace 0 $USERS sub-uids=no,landlock=0
	filter        $USERS filter -1 $USERS namespaces=no
	filter-2      $USERS filter 2 $USERS namespaces=no,landlock=2
	END
}
all_ways() { [ -z "$AS_ROOT" ] || ways_of_root; ways_of_user; }

number=0
while read -r name rest; do
	number=$((number + 1))
	case $name in root | as-root | user) ;; *) sweep_takes $number 7 || continue ;; esac
	# shellcheck disable=SC2086
	way "$name" $rest
	[ $((${#NAMES[@]} % 2)) -eq 1 ] || wait
done < <(all_ways)
wait

for name in "${NAMES[@]}"; do
	is "$name: $(grep -c . "$name.out") attempts, and none does what docs/THREATS.md does not concede" "$(cat "$name.status")" 0
	[ "$(cat "$name.status")" = 0 ] || { sed 's/^/# /' "$name.err"; grep -P '\tsucceeded' "$name.out" | sed 's/^/# /'; }
	[ ! -s "$name.log" ] || sed 's/^/# /' "$name.log"
done
is "each tried all of it" "$(for name in "${NAMES[@]}"; do grep -c . "$name.out"; done | sort -u | wc -l)" 1
like "which is much" "$(grep -c . "${NAMES[0]}.out")" '^[2-9][0-9][0-9]$'

echo "# what stopped each attempt:"
{
	(IFS=$'\t'; echo $'attempt\t'"${NAMES[*]}")
	cut -f1 "${NAMES[0]}.out" > names
	for name in "${NAMES[@]}"; do cut -f2 "$name.out" | sed 's/^conceded.*/conceded/' > "$name.column"; done
	paste names "${NAMES[@]/%/.column}"
} | column -t -s $'\t' | sed 's/^/#   /'

# --- where nothing can keep it, nothing runs ---
starter nothing "namespaces=no landlock=0"
cannot() { as_user "$1" "$PLACE/let-loose" filter 0 "$USERS" "$PLACE/halligan-rotate-gone-bad" "$PLACE/nothing" 2>&1; }
like "an ordinary user's vault without namespaces and Landlock starts none" "$(cannot "$USERS")" 'neither can namespaces be made'
[ -z "$AS_ROOT" ] || like "nor does root's" "$(cannot 0)" 'neither can namespaces be made'
starter nothing "filter=no"
like "nor does anybody's without seccomp" "$(cannot "$USERS")" 'filters no system calls'
tap_end
