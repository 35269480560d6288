#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Some of the truth table's rows (43) by a whole vault: what it seals opens the account, escrow is kept until a key is proven
# dead, no liar pays a debt, and no number of failures is a dead end.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
. "$LIB/sweep.sh"
town_founded

debt() { db "SELECT state FROM debts ORDER BY arrival DESC LIMIT 1"; }
owed() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
escrows() { find "$VAULT/escrow" -type f ! -name '*.lock' | wc -l; }
versions() { db "SELECT count(*) FROM versions"; }
newest() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
login() { ssh -F none -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	-p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" true; }
# night SECRET: a whole ceremony up to the opened key, which stands in `released` then.
night() {
	as alice request "$1" --reason "night" --incident 7 --for 30m > night.log 2>&1 && town_approve ciso secops infra >> night.log 2>&1 &&
		as alice open "$(newest)" --fd 8 --no-wait 8> opened >> night.log 2>&1 || { sed 's/^/# /' night.log; return 1; }
	rm -f released
	(umask 077; sed -n '/-----BEGIN/,/-----END/{s/.*\(-----BEGIN\)/\1/; p}' opened > released)
}
adopt() { # adopt NAME KEY TARGET: what `secret add` says and ends with
	as infra secret add "prod/$1" --policy production --rotator ssh-key --effect "root on $1" --target-json "$3" --field "private-key=$2"
}
# target PORT ACCESS
target() { sshd_target "$2" | python3 -c "import json,sys; t=json.load(sys.stdin); t['port']=int(sys.argv[1]); print(json.dumps(t))" "$1" > far.json; }
key() { ssh-keygen -q -t "${2:-ed25519}" -N '' -C "$1" -f "$1" && cat "$1.pub" >> "$SSHD_AUTHORIZED"; }
paid() { # paid CLAIM SECRET
	town_due
	ok "$1" halligan rotate "$2"
	is "... nothing is owed or escrowed any more" "$(owed)$(escrows)" 00
}

# --- over ssh: both keys for a while, one in the end ---
key far
target "$SSHD_PORT" ssh
ok "adopted over ssh" adopt far far far.json
is "its first key is in no file any more" "$(grep -c "$(cut -d' ' -f2 far.pub)" "$SSHD_AUTHORIZED")" 0
ok "a night" night prod/far
ok "the key that was sealed opens the account" login released
ok "done" as alice done "$(newest)"
is "it is paid" "$(owed)$(escrows)" 00
refused "the released key opens nothing" login released

# --- A1, A2: who takes the port pays nothing ---
# The port that the definition names, and who is behind it today: the host, and from the Nth connection on another.
FRONT=$(sshd_free_port)
front() { # front [N PORT]
	python3 - "$FRONT" "$SSHD_PORT" "$@" <<-'END' &
		import socket, sys, threading
		def pump(source, sink, kept=None):
		    try:
		        while data := source.recv(65536):
		            if kept: kept.write(data)
		            sink.sendall(data)
		    except OSError: pass
		    try: sink.shutdown(socket.SHUT_WR)
		    except OSError: pass
		port, to, first, other = map(int, (sys.argv[1:] + [1 << 30, 0])[:4])
		spoken = open("spoken", "wb", 0) if first > 1000 else None # by the host, on the first connection that it has
		listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		listener.bind(("127.0.0.1", port)); listener.listen(50)
		count = -1 # who waits for us connects first
		while True:
		    peer = listener.accept()[0]
		    count += 1
		    host = socket.create_connection(("127.0.0.1", other if count >= first else to))
		    for ends in ((peer, host), (host, peer, spoken if count == 1 else None)): threading.Thread(target=pump, args=ends, daemon=True).start()
	END
	FRONT_PID=$!
	until (exec 9<>"/dev/tcp/127.0.0.1/$FRONT") 2>/dev/null; do sleep 0.05; done
}
unfront() { kill "$FRONT_PID"; wait "$FRONT_PID" 2>/dev/null; }
front
key front
target "$FRONT" ssh
ok "adopted by way of a port that somebody will take" adopt front front far.json
coproc LIAR { exec "$LIB/ssh_liar.py" disconnect 'bye\nAuthenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\nroot@t: Permission denied (publickey).'; }
read -r liar <&"${LIAR[0]}"
mkdir stranger
stranger=$(sshd_free_port)
(SSHD_PORT=$stranger; sshd_start stranger; exec sleep 600) & STRANGER_PID=$!
until (exec 9<>"/dev/tcp/127.0.0.1/$stranger") 2>/dev/null; do sleep 0.05; done
# What the host said when it was adopted, said again; the version is the liar's own.
python3 -c 'open("replayed", "wb").write(open("spoken", "rb").read().split(b"\n", 1)[1])'
ok "a session was recorded" [ "$(stat -c %s replayed)" -gt 1000 ]
"$LIB/ssh_liar.py" kexinit "$PWD/replayed" > replay.port & REPLAY_PID=$!
tokens_until 20 test -s replay.port
replayed=$(cat replay.port)
number=0
for kind in words "another host key" "a replayed session"; do
	case $kind in words) other=$liar ;; "another host key") other=$stranger ;; *) other=$replayed ;; esac
	for from in 1 3 6 9; do
		number=$((number + 1))
		sweep_takes $number 4 || continue
		ok "a night" night prod/front
		unfront
		front "$from" "$other"
		told "$kind, from connection $from on: the debt stands" 5 'not replaced yet' as alice done "$(newest)"
		is "the escrow is kept" "$(escrows)" 1
		unfront
		front
		paid "when the host is back, it is paid" prod/front
		refused "the released key opens nothing" login released
	done
done
unfront
kill "$LIAR_PID" "$STRANGER_PID" "$REPLAY_PID"

# --- A4: a host that takes no key of the kind that is made ---
sshd_stop
sshd_start "$TOKENS_DIR" "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256"
key old_rsa rsa
target "$SSHD_PORT" ssh
adopt rsa old_rsa far.json > rsa.log 2>&1
if [ "$(owed)" = 0 ]; then
	ok "RSA alone: a key is made that the host takes" night prod/rsa
	ok "which opens the account" login released
	ok "done" as alice done "$(newest)"
else
	is "RSA alone: the new key was never let in, and the old one stays" "$(debt)" applying
	like "which is said" "$(cat rsa.log)" 'still accepts the old one alone'
	ok "it opens the account" login old_rsa
	halligan rotate prod/rsa > rsa.log 2>&1
	ok "whatever is tried" login old_rsa
	sshd_stop
	sshd_start "$TOKENS_DIR"
	paid "when the host takes it, it is paid" prod/rsa
fi
sshd_stop

# --- a second AuthorizedKeysFile ---
sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$TOKENS_DIR/second.pub\""
ssh-keygen -q -t ed25519 -N '' -f second
target "$SSHD_PORT" ssh
remember
told "a key that another file lets in is not adopted" 5 'second AuthorizedKeysFile.*authorized_keys2' adopt second second far.json
unchanged "nothing was stored, and nothing changed there"
sshd_stop

# --- A5: a full disk, again and again ---
mkdir small
mount -t tmpfs -o size=64k,mode=700 none small || tap_skip "no small disk can be mounted"
sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$PWD/small/keys\""
SSHD_AUTHORIZED=$PWD/small/keys
ssh-keygen -q -t ed25519 -N "" -f full
for access in local ssh; do
	target "$SSHD_PORT" $access
	yes "$(cat second.pub)" | head -n 100 > small/keys; cat full.pub >> small/keys
	ok "$access: adopted" adopt "full-$access" full far.json
	ok "$access: a night" night "prod/full-$access"
	head -c 1M /dev/zero > small/fill 2> /dev/null
	told "$access: a full disk: unchanged, not rejected" 5 'No space left' as alice done "$(newest)"
	made=$(versions)
	town_due; halligan rotate "prod/full-$access" > full.log 2>&1
	is "$access: tried again, no further value was made" "$(versions) $(debt)" "$made applying"
	is "$access: the escrow is kept" "$(escrows)" 1
	ok "$access: the account is reachable" login released
	rm small/fill
	paid "$access: with room the same value goes through" "prod/full-$access"
	refused "$access: the released key opens nothing" login released
done

# --- the vault's process is killed while the target is told ---
printf '[ ! -e %s/slow ] || { touch %s/asleep; sleep 3; }\n' "$TOKENS_DIR" "$TOKENS_DIR" > sshd/home/.bashrc
case $(getent passwd "$(id -u)" | cut -d: -f7) in
*/bash)
	for after in 1 2 3; do
		ok "a night" night prod/full-ssh
		rm -f asleep; touch slow
		as alice done "$(newest)" > killed.log 2>&1 & doing=$!
		for ((i = 1; i <= after; i++)); do rm -f asleep; tokens_until 20 test -e asleep; done
		pkill -KILL -f "serve.*$VAULT"
		rm slow; wait $doing
		ok "killed in login $after: one of the two keys opens the account" bash -c "$(declare -f login); SSHD_PORT=$SSHD_PORT SSHD_USER=$SSHD_USER; login released"
		paid "... and the debt is paid by the next run" prod/full-ssh
		refused "... after which the released key opens nothing" login released
	done ;;
*) echo "# skipped: the account's shell is not bash" ;;
esac
ok "the log verifies" halligan log verify
umount small
tap_end
