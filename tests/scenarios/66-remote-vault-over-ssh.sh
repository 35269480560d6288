#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vault on another machine, used through ssh://HOST:PORT/DIR with the user's own ssh configuration: a whole
# ceremony; and then servers at the other end that greet, chatter, lie, close early or announce 4 GiB.
# The client's ssh_config is ours in a mount namespace of our own; /etc and ~/.ssh stay as they are.
# Its vault is its own: it is founded over ssh, so that the client has never seen it otherwise.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_start

# The remote side: halligan in a PATH that sshd sets; a login key beside the break-glass one.
town_remote
serving() { pgrep -f "halligan serve --stdio --vault $VAULT" | wc -l; }

ok "init makes a vault on the other machine" town_init
ok "it stands there" test -s "$VAULT/host.key"
ok "six tokens are enrolled from here" town_enroll "${OFFICERS[@]}" alice
ok "the charter is drawn up and signed from here" town_charter
ok "the roster too" town_roster
ok "a secret is added: probed and rotated by the other machine" town_secret
ok "alice requests" town_request
like "the place is named" "$(tap_output)" 'Requested. Ceremony'
id=$(db "SELECT lower(hex(id)) FROM ceremonies")
ok "three officers approve" town_approve ciso secops audit
ok "alice opens" as alice open --fd 1 --no-wait
grep -q 'PRIVATE KEY' "$TAP_OUTPUT" || tap_report 1 "what was opened is a key"
ok "done rotates it there" as alice done
ok "the log verifies from here" halligan log verify
ok "a change of the charter is proposed from here" as audit charter propose --change '2 of (ciso, secops, infra, audit, legal)'
ok "... legal" as legal charter sign
ok "... ciso, and it is in force" as ciso charter sign
like "charter 2" "$(tap_output)" 'Charter 2 of town.example is in force'
ok "a token is suspended from here" as ciso suspend legal-1 --reason "lost"
ok "and another one tested" as audit token test
ok "the history is told from here" halligan charter history
like "status names the vault" "$(halligan status 2>&1)" 'town.example.*1 secret'
ok "who is logged in there may use it as a folder" halligan status --vault "$VAULT"
tokens_until 5 test "$(serving)" = 0
is "no server is left behind" "$(serving)" 0
mkdir "$TOKENS_DIR/a vault's folder"
refused "a folder that is there must be closed to others" halligan init --name other.example --training --no-copy \
	--vault "ssh://127.0.0.1:$SSHD_PORT$TOKENS_DIR/a vault's folder"
ok "the command that is told closes it" bash -c "$(tap_output | sed -n 's/.*(\(chmod 700 .*\)).*/\1/p')"
ok "a folder with a space and a quote in its name" halligan init --name other.example --training --no-copy \
	--vault "ssh://127.0.0.1:$SSHD_PORT$TOKENS_DIR/a vault's folder"
ok "is made there" test -s "$TOKENS_DIR/a vault's folder/host.key"
told "a folder that nobody can make" 1 '/proc/1/vault' halligan init --name other.example --training --no-copy --vault "ssh://127.0.0.1:$SSHD_PORT/proc/1/vault"

# --- the way there ---
told "nobody listens" 1 'server ended before it answered.*check that .ssh HOST halligan --version. works' \
	halligan status --vault "ssh://127.0.0.1:$(sshd_free_port)$TOKENS_DIR/vault"
like "and ssh's own words are there too" "$(tap_output)" 'Connection refused'
cp known_hosts known_hosts.right
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$(cut -d' ' -f1,2 admin.pub)" > known_hosts
told "another host's key: ssh refuses, and nothing is said to it" 1 'HOST IDENTIFICATION HAS CHANGED.*server ended before it answered' halligan status
cp known_hosts.right known_hosts

# --- what may stand at the other end ---
remember
# other SCRIPT: this, instead of halligan.
other() { rm -f bin/halligan; printf '#!/bin/sh\n%s\n' "$1" > bin/halligan; chmod 755 bin/halligan; }
# frame JSON [BLOB-SIZE]: printf's arguments for one frame.
frame() { python3 -c 'import sys; t = sys.argv[1].encode(); b = int(sys.argv[2]); sys.stdout.write("".join("\\%03o" % c for c in len(t).to_bytes(4, "big") + b.to_bytes(4, "big") + t))' "$1" "${2:-0}"; }
says() { other "printf '$1'; cat > /dev/null"; }
garbage() { told "$1" "$2" "$3" timeout 20 "$HALLIGAN" status; }
says 'Welcome to db1, last login yesterday\n'
garbage "a greeting before the protocol" 1 'does not speak Halligan.s protocol.*ssh HOST halligan --version'
says '\377\377\377\377\000\000\000\000'
garbage "a frame of 4 GiB" 1 'announced a frame of 4294967295'
says '\000\000\000\002\377\377\377\377{}'
garbage "a blob of 4 GiB" 1 'announced a frame of 2 and 4294967295'
says '\000\000\000\000\000\000\000\000'
garbage "an empty frame" 1 'announced a frame of 0'
other 'exit 0'
garbage "an end at once" 1 'server ended before it answered; nothing is lost'
other 'head -c 9 > /dev/null; printf "\000\000\001\000\000\000\000\000{\"ok\":true"'
garbage "an end in the middle of a frame" 1 'closed the connection|ended'
cat > cut.py <<'END'
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
left = 500
while left > 0:
    data = child.stdout.read1(left); left -= len(data)
    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
child.kill(); child.wait()
END
other "exec python3 $TOKENS_DIR/cut.py ${HALLIGAN@Q} \"\$@\""
garbage "an end in the middle of the session" 1 'closed the connection|ended'
rm bin/halligan
garbage "no halligan there" 1 'not found.*server ended before it answered.*ssh HOST halligan --version'
says "$(frame '[]')"
garbage "JSON that is no object" 1 'protocol|reply'
says "$(frame '{"ok":true,"ok":true}')"
garbage "a member twice" 1 'duplicate'
says "$(frame '{"ok":true}')"
garbage "a reply without its members" 1 'missing'
says "$(frame '{"ok":false,"code":"ok","text":"x"}')"
garbage "an error that is none" 1 'vault: the vault host says: "x"'
says "$(frame '{"ok":true,"protocol":2,"version":"9","state":"live","secrets":"mlock"}')"
garbage "another protocol" 1 'speaks protocol 2, this Halligan 1.*same version'
says "$(frame '{"progress":"\u001b[2Jall is well"}')"
garbage "control characters for the officer's screen" 1 'control|protocol'
is "do not reach it" "$(tap_output | grep -c $'\e\[2J')" 0
says "$(frame "$(python3 -c 'print("[" * 5000 + "]" * 5000)')")"
garbage "JSON of 5,000 levels" 1 'protocol'

# liar OLD NEW: the real server, but for these words (of one length).
liar() { other "exec python3 $TOKENS_DIR/liar.py '$1' '$2' ${HALLIGAN@Q} \"\$@\""; }
cat > liar.py <<'END'
import subprocess, sys
old, new = sys.argv[1].encode(), sys.argv[2].encode()
child = subprocess.Popen(sys.argv[3:], stdout=subprocess.PIPE)
while data := child.stdout.read1(1 << 20):
    sys.stdout.buffer.write(data.replace(old, new)); sys.stdout.buffer.flush()
END
vault_id=$(cat "$VAULT/vault.id")
other_id=$(printf %s "$vault_id" | tr 0123456789abcdef 123456789abcdef0)
liar town.example tawn.example
garbage "another name than the charter's" 6 'another name or kind of vault than its charter says'
liar '"training":true' '"training":null'
garbage "no word on whether it is for training" 1 'training'
liar "$vault_id" "$other_id"
garbage "another vault's id" 6 'another vault stands here than before'
liar '"checkpoint":"' '"checkpoint":"A'
garbage "a frame that is longer than announced" 1 'protocol|base64|checkpoint'
rm bin/halligan; ln -s "$HALLIGAN" bin/halligan
ok "with the real server everything is as before" halligan log verify
unchanged "and the vault did not change"
tap_end
