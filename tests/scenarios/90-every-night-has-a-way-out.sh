#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target that takes none of the vault's values any more: the screens show what may work there, a person puts one of these back,
# and the debt is paid.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
cp "$SSHD_AUTHORIZED" before
login() { ssh -F none -i "$1" -l "$SSHD_USER" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -p "$SSHD_PORT" 127.0.0.1 true; }
# The lines for authorized_keys that the screen has, the oldest value first.
lines() { tap_output | grep -oE 'ssh-ed25519 [A-Za-z0-9+/=]+' | awk '!seen[$0]++'; }

ok "a request" town_request
ok "its approvals" town_approve ciso secops audit
ok "the key is released" as alice open --fd 8 --no-wait 8> released
chmod 600 released
ok "and works" login released
grep -v "$(cut -d' ' -f2 < before)" before > "$SSHD_AUTHORIZED"
told "somebody emptied the account: nothing is changed there" 5 'neither the current nor the new key stands in' as alice done
town_due
told "the next try finds that it takes nothing" 5 'none of the values' halligan rotate prod/db
told "status says where the values are shown" 5 'degraded.*prod/db.*halligan secret show prod/db.*next: halligan rotate prod/db' halligan status
ok "which is done without a token" halligan secret show prod/db
like "with what is known of each" "$(tap_output)" 'version 2, the one to be replaced: the target took it until then'
like "and how it goes on" "$(tap_output)" 'way out .*the first if you can choose, then: halligan rotate prod/db'
lines > shown
is "its first line is the public half of what was released" "$(head -1 shown)" "$(ssh-keygen -y -f released | cut -d' ' -f1,2)"
is "no private half is shown" "$(tap_output | grep -c PRIVATE)" 0
is "JSON has the same" "$(halligan secret show prod/db --json 2> /dev/null | grep -oE 'ssh-ed25519 [A-Za-z0-9+/=]+' | grep -cFxf shown)" "$(wc -l < shown)"
head -1 shown >> "$SSHD_AUTHORIZED"
ok "a person puts it back, and it works again" login released
town_due
ok "rotate pays what is owed" halligan rotate prod/db
refused "the released key is dead" login released
is "nothing is owed" "$(halligan status 2>&1 | grep -c 'debt\|degraded')" 0
is "the target has one key" "$(grep -c ssh-ed25519 "$SSHD_AUTHORIZED")" "$(grep -c ssh-ed25519 before)"
told "and no value is shown any more" 0 'last time' halligan secret show prod/db
is "none" "$(lines | grep -cFxf shown)" 0
tap_end
