#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What this computer has seen of a vault counts wherever it meets it: by another path, over ssh, under another name of
# the host.  An old folder that was put back under another name gets nobody who saw a newer one to approve again.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded

# silent CLAIM COMMAND...: it succeeds, and neither meets the vault anew nor finds it moved.
silent() {
	local claim=$1; shift
	ok "$claim" "$@"
	is "... without a word of it" "$(tap_output | grep -c -E 'First contact|was at')" 0
}
# moved CLAIM FROM TO COMMAND...: it is told once where the vault was and is.
moved() {
	local claim=$1 from=$2 to=$3; shift 3
	ok "$claim" "$@"
	like "... is told" "$(tap_output)" "This vault, town.example, was at $from and is now at $to.*still counts"
	is "... and is no first contact" "$(tap_output | grep -c 'First contact')" 0
	silent "... once" "$@"
}

# --- names of one place ---
ln -s vault link
silent "the vault is known" halligan status
silent "with a slash at its end" halligan status --vault "$VAULT/"
silent "as a relative path" halligan status --vault vault
silent "as one with dots and slashes" halligan status --vault ".//./vault/."
silent "by a symbolic link" halligan status --vault "$PWD/link/"

# --- an old folder, put back elsewhere ---
ok "a request" town_request
cp -a "$VAULT" requested
ok "three officers approve" town_approve ciso secops audit
opened() { as alice open --fd 1 --no-wait; }
ok "alice opens" opened
cp -a requested elsewhere # its request is open, nothing is released
there() { "$LIB/tamper.py" elsewhere get "SELECT (SELECT count(*) FROM log_leaf) || ' leaves, ' || (SELECT count(*) FROM voices) ||
	' voices, ' || (SELECT count(*) FROM answers) || ' answers'"; }
before=$(there)
old="what stands at $PWD/elsewhere claims to be the vault that was at $PWD/vault: .*old copy of the vault was put in place"
for seat in ciso secops audit; do
	told "$seat approves nothing in an old folder under another name" 6 "$old" as "$seat" approve --vault elsewhere
done
told "nor does an officer who had not approved" 6 "$old" as infra approve --vault elsewhere
told "nobody requests there" 6 "$old" as alice request prod/db --reason again --incident INC-1 --for 30m --vault elsewhere
told "nobody receives" 6 "$old" as alice open --fd 1 --no-wait --vault elsewhere
told "status says so too" 6 "$old" halligan status --vault "$PWD/elsewhere/"
is "nothing has changed there" "$(there)" "$before"
silent "the right one is as it was" halligan status
told "and one that saw nothing meets it as new, which docs/THREATS.md says" 0 'First contact with the vault town.example.*Compare them' \
	env XDG_STATE_HOME="$PWD/state-of-a-newcomer" "$HALLIGAN" status --vault elsewhere

# --- a folder that is moved ---
mv vault moved
told "where it was it is missed" 6 'was alive, and now there is none' halligan status
moved "where it is now" "$VAULT" "$PWD/moved" halligan status --vault moved
told "and where it was that place is named" 6 "It was met last at $PWD/moved" halligan status
told "also to who would found another there" 6 "was alive, and now there is none" town_init
mv moved vault
silent "back again it is known" halligan status

# --- over ssh, by several names ---
town_remote
at=127.0.0.1:$SSHD_PORT$VAULT
printf 'Host town\n\tHostName 127.0.0.1\n\tPort %s\n' "$SSHD_PORT" >> ssh_config
moved "over ssh" "$VAULT" "ssh://$at" halligan status
silent "with slashes" halligan status --vault "ssh://127.0.0.1:$SSHD_PORT/$VAULT/"
moved "with a user" "ssh://$at" "ssh://$SSHD_USER@$at" halligan status --vault "ssh://$SSHD_USER@$at"
moved "by an alias" "ssh://$SSHD_USER@$at" "ssh://town$VAULT" halligan status --vault "ssh://town$VAULT"
silent "and by its folder, as before" halligan status --vault "$VAULT"
told "the old folder over ssh" 6 "what stands at ssh://town$PWD/elsewhere claims to be .*old copy of the vault was put in place" \
	as infra approve --vault "ssh://town$PWD/elsewhere"
is "nothing has changed there" "$(there)" "$before"
ok "the ceremony ends over another name than it began" as alice done --vault "ssh://town$VAULT"

# --- a link that goes dead after the greeting ---
cat > stuck.py <<'EOF'
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
size = child.stdout.read(8)
sys.stdout.buffer.write(size + child.stdout.read(int.from_bytes(size[:4], "big"))); sys.stdout.buffer.flush()
child.stdout.read(8)
open("%s/stuck" % sys.path[0], "w")
time.sleep(600)
EOF
rm bin/halligan; printf '#!/bin/sh\nexec python3 %s/stuck.py %s "$@"\n' "${PWD@Q}" "${HALLIGAN@Q}" > bin/halligan; chmod 755 bin/halligan
"$HALLIGAN" status --vault "ssh://town$VAULT" < /dev/null > stuck.log 2>&1 & stuck=$!
ok "a command waits there" tokens_until 10 test -e stuck
silent "it keeps nobody from the same vault at another place" halligan status --vault "$VAULT"
ok "... and waits still" kill "$stuck"
rm bin/halligan; ln -s "$HALLIGAN" bin/halligan

# --- many at once, by several names ---
many() {
	local pids=() at
	for at in vault "$PWD/link" "ssh://127.0.0.1:$SSHD_PORT$VAULT" "ssh://town$VAULT" vault "ssh://town$VAULT"; do
		XDG_STATE_HOME=$PWD/$1 halligan log list --vault "$at" > /dev/null & pids+=($!)
	done
	XDG_STATE_HOME=$PWD/$1 town_request && XDG_STATE_HOME=$PWD/$1 as alice cancel --reason "not needed" || return
	for at in "${pids[@]}"; do wait "$at" || return; done
}
ok "six who meet it at once, while its log grows" many state-of-six
is "remember one vault, in three places" "$(cd state-of-six/halligan && ls -d vaults/* places/* | cut -d/ -f1 | tr '\n' ' ')" \
	"places places places vaults "
ok "six who know it" many state

# --- whose memory it is ---
export -n XDG_STATE_HOME
mkdir -m 755 home
chown 65534 home
told "root, with somebody else's HOME, is refused" 1 "$PWD/home belongs to .*sudo -H" env HOME="$PWD/home" "$HALLIGAN" status
is "and leaves nothing there" "$(find home | wc -l)" 1
chown 0 home
ok "with one's own it is remembered there" env HOME="$PWD/home" "$HALLIGAN" status
chown -R 65534 home/.local/state/halligan/*
told "what became somebody else's is told, with the cure" 1 "belongs to .*chown -R" env HOME="$PWD/home" "$HALLIGAN" status
ok "the cure is right" bash -c "$(tap_output | sed -n 's/.*`\(chown -R [^`]*\)`.*/\1/p')"
silent "and it is known as before" env HOME="$PWD/home" "$HALLIGAN" status
tap_end
