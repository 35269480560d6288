#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The package is upgraded: its rotators, and what starts them, are other files from then on.  Whatever is under way goes on, and each rotation
# says which program ran.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
umask 077

# A package of our own, which can be upgraded.
mkdir -p package/{cli,rotators,daemon/starter}; chmod -R go+rX package
cp -p "$HALLIGAN" package/cli/
cp -p "$HALLIGAN_BUILD"/rotators/halligan-{rotate-*[a-z],unlock-key} package/rotators/ 2> /dev/null
cp -p "$HALLIGAN_BUILD"/daemon/starter/halligan-starter package/daemon/starter/
HALLIGAN=$PWD/package/cli/halligan
rotator=package/rotators/halligan-rotate-ssh-key
upgrade() {
	local file
	for file in $rotator package/daemon/starter/halligan-starter; do
		cp -p $file $file.new && printf '%s' "$1" >> $file.new && mv $file.new $file || return
	done
}
hash() { sha256sum < $rotator | cut -d' ' -f1; }
ran() { halligan secret show --json prod/db 2> /dev/null | grep -o '"rotator": *"[0-9a-f]\{64\}"' | grep -o '[0-9a-f]\{64\}'; }
owed() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
night() { town_request && town_approve ciso audit legal && as alice open --fd 1 --no-wait > opened; }

like "a definition names the rotator and no file of it" "$(halligan secret show prod/db 2>&1)" 'rotator +ssh-key, which comes with Halligan'
ok "a night before" night
ok "done" as alice done
town_settled
is "the statement says which program ran" "$(ran)" "$(hash)"
before=$(hash)

ok "a night" night
upgrade one
refused "the rotator is another file" test "$(hash)" = "$before"
ok "done: the debt of before the upgrade is paid after it" as alice done
town_settled
is "nothing is owed" "$(owed)" 0
is "and the statement says so" "$(ran)" "$(hash)"

ok "another night" night
mv "$SSHD_AUTHORIZED" away; mkdir "$SSHD_AUTHORIZED"
as alice done > done.log 2>&1
is "the target is in no state to take a key: it is owed" "$(owed)" 1
town_settled
upgrade two
rmdir "$SSHD_AUTHORIZED"; mv away "$SSHD_AUTHORIZED"
town_due
ok "a debt that was open goes on" halligan rotate prod/db
town_settled
is "nothing is owed" "$(owed)" 0
is "by the program of today" "$(ran)" "$(hash)"
ok "and the secret opens as before" night
ok "done" as alice done
town_settled

# --- somebody else had a hand in it ---
ok "a last night" night
chmod g+w package/rotators
told "a folder that others can write runs nothing" 5 '/package/rotators can be written by others: chmod go-w' as alice done
is "it is owed" "$(owed)" 1
chmod g-w package/rotators
town_due
town_ends
ok "until it is theirs no more" halligan rotate prod/db
is "nothing is owed" "$(owed)" 0
ok "the log holds" halligan log verify
tap_end
