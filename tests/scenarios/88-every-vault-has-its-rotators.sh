#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same vault, run by an account of its own with a starter of root's, and by an ordinary user: people reach it over ssh as
# whoever runs it, `status` says what its rotators are isolated by, and what was released is replaced; or what is missing is said.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP only root has other accounts"; exit 0; }
town_founded
printf '%s\n' "keeper:x:64801:64801::/:/bin/sh" "ordinary:x:64803:64803::/:/bin/sh" >> /etc/passwd
printf '%s\n' "keeper:x:64801:" "ordinary:x:64803:" >> /etc/group
printf '%s\n' "keeper:*:19000:0:99999:7:::" "ordinary:*:19000:0:99999:7:::" >> /etc/shadow
mount -n -t tmpfs -o mode=755 none /run || exit 99 # of its own
mkdir -m 755 /run/sshd; touch /run/.own # whoever is started sees this one
said() { "$@" > "$TAP_OUTPUT" 2>&1; tap_output; }

# A package that others may enter, and a place for their vaults.
PLACE=$(mktemp -d); chmod 755 "$PLACE"
mkdir -p -m 755 "$PLACE"/package/{cli,rotators,daemon/starter}
trap 'rm -rf "$PLACE"' EXIT
cp -p "$HALLIGAN" "$PLACE/package/cli/"
cp -p "$HALLIGAN_BUILD"/rotators/halligan-{rotate-*[a-z],unlock-key} "$PLACE/package/rotators/"
cp -p "$HALLIGAN_BUILD/daemon/starter/halligan-starter" "$PLACE/package/daemon/starter/"
chmod -R go+rX,go-w "$PLACE/package"
STARTER=$PLACE/package/daemon/starter/halligan-starter
# A key that logs in as each of them: sshd has the package's halligan in its PATH.
ssh-keygen -q -t ed25519 -N '' -C admin -f admin
cp admin.pub "$PLACE/"; chmod 644 "$PLACE/admin.pub"
sshd_stop
SSHD_ENVIRONMENT="PATH=$PLACE/package/cli:/usr/bin:/bin" sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$PLACE/admin.pub\""
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$SSHD_HOST_KEY" > known_hosts
printf '%s\n' "Host *" "IdentityFile $TOKENS_DIR/admin" "IdentitiesOnly yes" "IdentityAgent none" \
	"UserKnownHostsFile $TOKENS_DIR/known_hosts" "BatchMode yes" > ssh_config
mount --bind ssh_config /etc/ssh/ssh_config

# --- root's: what one operator could once do alone, with dash -c, two can no more by any program ---
mkdir -m 755 loot; chown $ROTATORS loot
cat > thief <<'END'
#!/bin/sh
# thief VAULT LOOT VERB: whatever it is asked, it copies the vault
for one in host.key vault.db anchor ceremony escrow; do cp -r "$1/$one" "$2/" 2>> "$2/said"; done
cat /proc/*/environ > "$2/environ" 2>> "$2/said"
exit 195
END
town_program thief
town_lists "path $PWD/loot"
thief() {
	printf '{"command":["%s","%s","%s"],"changes":["%s"],"hash":"%s"}' "${1:-$PROGRAMS/thief}" "$VAULT" "$PWD/loot" "$PWD/loot" "$(sha256sum < thief | cut -d' ' -f1)" > thief.json
	town_add prod/thief --policy production --rotator exec --effect "loot" --target-json thief.json --from-fd password=8 8< breakglass.pub
}
told "a program from anywhere gets no value" 1 'does not stand in /etc/halligan/programs' thief /usr/bin/dash
leaves() { db "SELECT count(*) FROM log_leaf"; }
before=$(leaves)
refused "a program that copies the vault is no rotator" thief
like "its definition was in the log before it ran" "$(halligan log list 2> /dev/null | tail -n 2)" 'prod/thief|secret'
refused "or there is no leaf of it" test "$(leaves)" = "$before"
like "it did run" "$(cat loot/said)" 'host.key'
is "and has nothing of the vault" "$(cd loot && find . -type f ! -name said -size +0 && echo none)" none

# belongs ACCOUNT: the vault is that account's from now on.
belongs() {
	town_settled
	[ -d "$PLACE/vault" ] || cp -a "$VAULT" "$PLACE/vault"
	chown -R "$1:$1" "$PLACE/vault"; chmod 700 "$PLACE/vault"
	VAULT=$PLACE/vault
	export HALLIGAN_VAULT=ssh://$1@127.0.0.1:$SSHD_PORT$PLACE/vault
}
owed() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
night() { town_request && town_approve ciso audit legal && as alice open --fd 1 --no-wait > opened; }

# --- an account of its own ---
belongs keeper
town_lists "vault keeper"
like "without a starter no rotator runs, and status says why" "$(said halligan status)" 'isolation +"rotators run": "not at all: reaching the starter of rotators on /run/halligan-starter/socket'
mkdir -m 755 /run/halligan-starter
"$STARTER" --socket /run/halligan-starter/socket 2> starter.log & starter=$!
tokens_until 20 test -S /run/halligan-starter/socket
like "with one it says as whom they run" "$(said halligan status)" 'rotators run "as halligan-rotate, in namespaces of their own, with Landlock'
ok "a night" night
ok "done" as alice done
town_settled
is "what was released is replaced, by root's own right where root listed that" "$(owed)" 0
is "the starter had nothing to refuse" "$(cat starter.log)$(echo .)" .
sed -i '/^account root/d' /etc/halligan/starter.conf
ok "another night" night
said as alice done > done.log
like "what root takes off the list is refused" "$(cat done.log)" 'no rotator may run as .*root.*: /etc/halligan/starter.conf does not list it'
like "and logged" "$(cat starter.log)" 'refused to user 64801: rotator ssh-key: no rotator may run as "root"'
town_lists "account root"
town_due
ok "put on it again, the debt is paid" halligan rotate prod/db
town_settled
is "nothing is owed" "$(owed)" 0
kill $starter; wait $starter 2> /dev/null

# --- an ordinary user ---
belongs ordinary
like "an ordinary user's are their own account's, in namespaces" "$(said halligan status)" "rotators run .as ordinary, the vault's own account, in namespaces of their own"
far() {
	town_add prod/far --policy production --rotator ssh-key --effect "ordinary on far" \
		--target host=127.0.0.1 --target "port=$SSHD_PORT" --target user=ordinary --target access=local \
		--target "authorized_keys=$PLACE/ordinary.ssh/authorized_keys" --target "host_key=$SSHD_HOST_KEY" --field private-key=breakglass
}
mkdir -m 700 "$PLACE/ordinary.ssh"; cp breakglass.pub "$PLACE/ordinary.ssh/authorized_keys"; chown -R ordinary:ordinary "$PLACE/ordinary.ssh"
sshd_stop
SSHD_ENVIRONMENT="PATH=$PLACE/package/cli:/usr/bin:/bin" sshd_start "$TOKENS_DIR" \
	"AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$PLACE/admin.pub\" \"$PLACE/ordinary.ssh/authorized_keys\""
ok "a key of that user's is handed in, and replaced in their own file" far
refused "the old one is not there any more" grep -q "$(cut -d' ' -f2 breakglass.pub)" "$PLACE/ordinary.ssh/authorized_keys"
ok "what root's account would change is released as before" night
said as alice done > done.log
like "and owed, since no such right is there" "$(cat done.log)" 'the definition wants the account .*root.*, and this is the vault of an ordinary user'
is "it is owed" "$(owed)" 1
ok "the log holds" halligan log verify
tap_end
