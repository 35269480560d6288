#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What decides about a key is what a host with the pinned key does, never what somebody writes: not a liar on
# the port, a banner, a start-up file. What a host demands is named, and key files are taken as people have them.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

sshd_start "$FOLDER"
KEYS=$SSHD_AUTHORIZED
for name in old new other; do ssh-keygen -q -t ed25519 -N '' -f $name; done
cat old.pub >"$KEYS"
change() { sshd_target "${2-ssh}" | python3 -c "import json,sys; t=json.load(sys.stdin); $1; print(json.dumps(t))"; }
TARGET=$(sshd_target ssh)
ask() { "$LIB/rotator.py" --seconds "${SECONDS_EACH:-20}" --current private-key=old --next private-key=new "$ROTATE" "$TARGET" "$@"; }
words() { cut -d' ' -f1 | tr '\n' ' '; }
check() { "$LIB/rotator.py" --current "private-key=$1" "$ROTATE" "$TARGET" check </dev/null; }

# Who has no host key: whatever it writes, and however slowly.
VERBS="probe-next probe-current add withdraw-current expel"
lies() {
	local liar port
	coproc LIAR { exec "$LIB/ssh_liar.py" "$@"; }
	liar=$LIAR_PID
	read -r port <&"${LIAR[0]}"
	TARGET=$(change "t['port']=$port")
	# shellcheck disable=SC2086
	SECONDS_EACH=2 ask $VERBS | words
	kill "$liar"; wait "$liar" 2>/dev/null
	TARGET=$(sshd_target ssh)
}
ALL_UNKNOWN="unreachable unreachable unknown unknown cannot-tell "
is "a liar without a host key who writes that we are authenticated is unreachable" \
	"$(lies disconnect 'bye\nAuthenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\n')" "$ALL_UNKNOWN"
is "so is one who writes that permission is denied" \
	"$(lies disconnect 'x\nroot@t: Permission denied (publickey).')" "$ALL_UNKNOWN"
is "or that there were too many failures" "$(lies disconnect 'Too many authentication failures')" "$ALL_UNKNOWN"
is "or who writes it before his version" \
	"$(lies talk 'Authenticated to 127.0.0.1\r\nroot@t: Permission denied (publickey).')" "$ALL_UNKNOWN"
is "or says in SSH that we are logged in" "$(lies success)" "$ALL_UNKNOWN"
is "or that we are not" "$(lies failure)" "$ALL_UNKNOWN"
python3 - "$SSHD_PORT" >kexinit <<'END'
import socket, struct, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1]))); peer.sendall(b"SSH-2.0-x\r\n")
file = peer.makefile("rb"); file.readline()
size = file.read(4); sys.stdout.buffer.write(size + file.read(struct.unpack(">I", size)[0]))
END
VERBS=probe-current
before=$(date +%s)
is "or falls silent after his version" "$(lies version)" "unreachable "
is "or drips" "$(lies drip)" "unreachable "
is "or talks without end" "$(lies flood)" "unreachable "
is "or begins as the real host once did" "$(lies kexinit "$FOLDER/kexinit")" "unreachable "
ok "and none of them takes longer than it may" [ $(($(date +%s) - before)) -le 20 ]
# Who hangs up at once may be heard too late: then there are no words.
heard() {
	local port answer
	for _ in {1..10}; do
		coproc LIAR { exec "$LIB/ssh_liar.py" disconnect 'old value \033[2J refused'; }
		read -r port <&"${LIAR[0]}"
		answer=$(TARGET=$(change "t['port']=$port") ask probe-current)
		kill "$LIAR_PID"; wait "$LIAR_PID" 2>/dev/null
		[[ $answer == *"Socket error"* ]] || break
	done
	echo "$answer"
}
like "his words are shown as what the library says" "$(heard)" '^unreachable .*libssh says "[^"]*old value \?\[2J refused[^"]*"'

# Who carries the connections: each can go to another server that has the same host key. The twin lets nobody in.
cat old.pub new.pub >"$KEYS"
real=$SSHD_PORT twin=$(sshd_free_port)
mkdir -p twin/sshd; cp "$SSHD_FOLDER"/host_key* twin/sshd
(SSHD_PORT=$twin; sshd_start "$FOLDER/twin" "AllowUsers nobody-here"; exec sleep 600) & twin_pid=$!
until (exec 9<>"/dev/tcp/127.0.0.1/$twin") 2>/dev/null; do sleep 0.05; done
# routed VERBS N...: asked of the real host, but for the Nth connections.
routed() {
	local router port verbs=$1; shift
	coproc ROUTER { exec "$LIB/ssh_router.py" "$real" "$twin" "$@"; }
	router=$ROUTER_PID
	read -r port <&"${ROUTER[0]}"
	# shellcheck disable=SC2086
	TARGET=$(change "t['port']=$port") ask $verbs
	kill "$router"; wait "$router" 2>/dev/null
}
for strays in "1" "2" "3" "4" "1 2" "2 3" "2 4" "3 4"; do
	# shellcheck disable=SC2086
	like "a key that the host takes is never refused when its twin gets connection $strays" \
		"$(routed "probe-next probe-current probe-current probe-next" $strays | words)" '^(accepted |denied )+$'
done
cat new.pub >"$KEYS"
is "a key that it does not take is, when it alone is asked" "$(routed "probe-next probe-current" 3 | words)" "accepted refused "
is "and is not when the twin is" "$(routed "probe-next probe-current" 2 | words)" "accepted denied "
kill "$twin_pid"; wait "$twin_pid" 2>/dev/null
cat old.pub >"$KEYS"

# A banner is the real host's, before a login.
sshd_stop
printf 'Authenticated to 127.0.0.1\nroot@x: Permission denied (policy 7).\nPermission denied (publickey).\n' >banner
sshd_start "$FOLDER" "Banner \"$FOLDER/banner\""
is "a banner that lies changes no verdict" "$(ask probe-current probe-next | words)" "accepted refused "
sshd_stop
sshd_start "$FOLDER" "Banner \"$FOLDER/banner\"" "MaxAuthTries 1"
is "nor when the host hangs up on the key" "$(ask probe-current probe-next | words)" "accepted unreachable "
sshd_stop

# Doors beside the file, and hosts that let nobody in.
cat old.pub >second
sshd_start "$FOLDER" "AuthorizedKeysFile \"$KEYS\" \"$FOLDER/second\""
is "a key that a second file lets in is accepted, whatever was withdrawn" \
	"$(SSH_AUTH_SOCK=/nowhere ask add probe-next withdraw-current probe-next probe-current | words)" "added accepted withdrawn accepted accepted "
sshd_stop
cat new.pub >"$KEYS"
sshd_start "$FOLDER" "DenyUsers $SSHD_USER"
is "a host that lets the account in with nothing proves no key dead" "$(ask probe-next probe-current | words)" "denied denied "
sshd_stop
cat old.pub >"$KEYS"

# A no that may be for the kind of the key, which no words tell from a key that is gone.
ssh-keygen -q -t rsa -N '' -f old_rsa
rsa_to_new() { "$LIB/rotator.py" --current private-key=old_rsa --next private-key=new "$ROTATE" "$(sshd_target "$1")" "${@:2}"; }
for access in ssh local; do
	cat old_rsa.pub new.pub >"$KEYS"
	sshd_start "$FOLDER" "PubkeyAcceptedAlgorithms ssh-ed25519"
	like "$access: an RSA key that stands in the file of a host that takes no RSA is denied, not refused" \
		"$(rsa_to_new $access probe-next probe-current | tail -n 1)" '^denied .*no proof.*ssh-rsa.*stands in '
	cat new.pub >"$KEYS"
	is "$access: one that does not stand there is refused, whoever asks first after a crash" \
		"$(rsa_to_new $access probe-current | words)" "refused "
	mv "$KEYS" kept
	(umask 077; cat new.pub >"$FOLDER/second")
	sshd_stop
	sshd_start "$FOLDER" "AuthorizedKeysFile \"$FOLDER/second\""
	rm -f "$KEYS"
	like "$access: where the file cannot be read it is denied" "$(rsa_to_new $access probe-current)" '^denied .*no proof.*ssh-rsa.*cannot be read'
	sshd_stop
	cat old_rsa.pub >"$KEYS"; chmod 600 "$KEYS"
	sshd_start "$FOLDER"
	is "$access: a new key of another type is refused before it is put there" "$(rsa_to_new $access check probe-current probe-next | words)" \
		"ok accepted refused "
	sshd_stop
done
ssh-keygen -q -t rsa -b 2048 -N '' -f short_rsa
cat short_rsa.pub old_rsa.pub >"$KEYS"
sshd_start "$FOLDER" "RequiredRSASize 3072"
like "so is a shorter RSA key than the host takes" "$("$LIB/rotator.py" --current private-key=short_rsa --next private-key=old_rsa \
	"$ROTATE" "$(sshd_target ssh)" probe-current)" '^denied .*no proof.*stands in '
sshd_stop
cat old.pub >"$KEYS"

# What a host demands.
sshd_start "$FOLDER" "PasswordAuthentication yes" "AuthenticationMethods publickey,password"
like "a second factor is named, by check" "$(check old)" '^refused .*second factor.*password'
like "and by the probe, which is not refused" "$(ask probe-current)" '^unreachable .*second factor'
sshd_stop
sshd_start "$FOLDER" "KbdInteractiveAuthentication yes" "UsePAM yes" "AuthenticationMethods publickey,keyboard-interactive"
like "so is one that is asked for at a keyboard" "$(check old)" '^refused .*second factor.*keyboard-interactive'
sshd_stop
sshd_start "$FOLDER" "AuthenticationMethods publickey,publickey"
like "and a second key" "$(check old)" '^refused .*second factor.*another key'
sshd_stop
sshd_start "$FOLDER" "KbdInteractiveAuthentication yes" "UsePAM yes" "AuthenticationMethods keyboard-interactive"
like "a host that only asks at a keyboard takes no keys" "$(check old)" '^refused .*no public keys'
sshd_stop
sshd_start "$FOLDER" "PasswordAuthentication yes" "PubkeyAuthentication no"
like "a host that takes no keys at all is named, by check" "$(check old)" '^refused .*no public keys'
is "and proves none dead" "$(ask probe-next probe-current | words)" "unreachable unreachable "
sshd_stop

# A password that has expired: sshd lets nobody run anything else before it is changed.
if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root can let a password expire"; else
	kept=$SSHD_NAMESPACE
	SSHD_NAMESPACE="umask 077; echo 'root:*:0:0:99999:7:::' >\"\$1/expired\" && mount --bind \"\$1/expired\" /etc/shadow || exit 1; $kept"
	sshd_start "$FOLDER" "UsePAM yes"
	like "an expired password is named, in the host's words" "$(check old)" '^refused .*expired password.*it said .*password has expired'
	sshd_stop
	SSHD_NAMESPACE="umask 077; echo 'root:*:19000:0:99999:7::1:' >\"\$1/expired\" && mount --bind \"\$1/expired\" /etc/shadow || exit 1; $kept"
	sshd_start "$FOLDER" "UsePAM yes"
	like "so is an account that has expired" "$(check old)" '^refused .*knows the key.*locked or expired'
	is "which proves no key dead" "$(ask probe-next probe-current | words)" "denied unreachable "
	sshd_stop
	SSHD_NAMESPACE=$kept
fi

# What runs instead of a command of ours.
sshd_start "$FOLDER"
printf 'command="echo $SSH_ORIGINAL_COMMAND" %s\n' "$(cat old.pub)" >"$KEYS"
like "a forced command that repeats what was asked is not taken for ours" "$(ask probe-current)" '^accepted .*forced'
like "with access ssh check refuses it" "$(check old)" '^refused .*forced'
TARGET=$(sshd_target local)
like "with access local it may be" "$(check old)" '^ok'
TARGET=$(sshd_target ssh)
# It lets commands through, but no script on stdin, or not all of what that says.
for way in 'eval \"$SSH_ORIGINAL_COMMAND\" </dev/null' 'eval \"$SSH_ORIGINAL_COMMAND\" | head -c 60' \
	'case $SSH_ORIGINAL_COMMAND in exec*) exit 3 ;; *) eval \"$SSH_ORIGINAL_COMMAND\" ;; esac' \
	'case $SSH_ORIGINAL_COMMAND in exec*) cat /dev/zero ;; *) eval \"$SSH_ORIGINAL_COMMAND\" ;; esac'; do
	printf 'command="%s" %s\n' "$way" "$(cat old.pub)" >"$KEYS"
	like "a forced command that lets no script through ($way) is refused by check" "$(check old)" '^refused .*a script .*stdin.*forced'
	like "for add could not know" "$(ask add)" '^unknown '
	is "access local needs none ($way)" "$(TARGET=$(sshd_target local); check old | words)" "ok "
done
printf 'command="case $SSH_ORIGINAL_COMMAND in exec*) kill -KILL $PPID ;; *) eval \\"$SSH_ORIGINAL_COMMAND\\" ;; esac" %s\n' "$(cat old.pub)" >"$KEYS"
like "a connection that breaks there is not held against the account" "$(check old)" '^ok'
cat old.pub >"$KEYS"
sshd_stop
sshd_start "$FOLDER" "ForceCommand /usr/sbin/nologin"
like "an account without a shell is accepted, and said to be" "$(ask probe-current)" '^accepted .*no login shell.*it ended with status 1'
sshd_stop
sshd_start "$FOLDER" "ForceCommand internal-sftp"
like "so is one for files alone" "$(ask probe-current)" '^accepted .*forced'
like "which check refuses with access ssh, in plain words" "$(check old)" '^refused .*SFTP alone cannot replace a file in one step'
is "and which may be with access local" "$(TARGET=$(sshd_target local) ask check probe-current add probe-next withdraw-current probe-current | words)" \
	"ok accepted added accepted withdrawn refused "
cat old.pub >"$KEYS"
sshd_stop

# Start-up files that talk, without a newline, or end it.
sshd_start "$FOLDER"
printf 'printf "welcome back: "\n' >"$SSHD_FOLDER/home/.bashrc"
case $(getent passwd "$(id -u)" | cut -d: -f7) in
*/bash)
	is "a start-up file that talks without a newline spoils no answer" "$(ask probe-current add probe-next withdraw-current probe-current expel | words)" \
		"accepted added accepted withdrawn refused none "
	cat old.pub >"$KEYS"
	printf 'trap "exit 3" EXIT\n' >"$SSHD_FOLDER/home/.bashrc"
	like "a command of ours that did not end well does not count as ours" "$(ask probe-current)" '^accepted .*no command of ours.*status 3'
	printf 'exit 0\n' >"$SSHD_FOLDER/home/.bashrc"
	like "one that ends the shell ran nothing of ours" "$(ask probe-current)" '^accepted .*no command of ours.*status 0' ;;
*) echo "# skipped: the account's shell is not bash" ;;
esac
rm "$SSHD_FOLDER/home/.bashrc"

# Key files.
python3 - <<'END'
import base64, random, struct
def string(text): return struct.pack(">I", len(text)) + text
def number(n): return string(n.to_bytes(n.bit_length() // 8 + 1, "big"))
def write(name, blob, private):
    inner = struct.pack(">II", 7, 7) + private + string(b"me")
    inner += bytes(range(1, 1 + -len(inner) % 8))
    data = b"openssh-key-v1\0" + string(b"none") * 2 + string(b"") + struct.pack(">I", 1) + string(blob) + string(inner)
    with open(name, "w") as file: file.write("-----BEGIN OPENSSH PRIVATE KEY-----\n" +
        base64.encodebytes(data).decode() + "-----END OPENSSH PRIVATE KEY-----\n")
def prime():
    while True:
        p = random.getrandbits(256) | 3 << 254 | 1
        if (p - 1) % 65537 and all(pow(a, p - 1, p) == 1 for a in (2, 3, 5, 7, 11)): return p

token = string(b"sk-ssh-ed25519@openssh.com") + string(bytes(range(32))) + string(b"ssh:")
write("sk", token, token + b"\x01" + string(b"handle") + string(b""))
p, q, e = prime(), prime(), 65537
n, d = p * q, pow(e, -1, (p - 1) * (q - 1))
write("short", string(b"ssh-rsa") + number(e) + number(n), string(b"ssh-rsa") +
    b"".join(map(number, (n, e, d, pow(q, -1, p), p, q))))
END
variant() { python3 -c 'import sys; sys.stdout.buffer.write(eval(sys.argv[1])(open(sys.argv[2], "rb").read()))' "$1" old >"$2"; }
variant 'lambda text: text.rstrip(b"\n")' bare
variant 'lambda text: text.replace(b"\n", b"\r\n")' crlf
is "a key file without its last newline is taken" \
	"$("$LIB/rotator.py" --current private-key=bare "$ROTATE" "$TARGET" check probe-current | words)" "ok accepted "
is "so is one with CRLF" "$("$LIB/rotator.py" --current private-key=crlf "$ROTATE" "$TARGET" check probe-current | words)" "ok accepted "
for type in rsa ecdsa; do
	ssh-keygen -q -t $type -N '' -f "$type"
	cat $type.pub >"$KEYS"
	is "$type keys log in, and are replaced" "$("$LIB/rotator.py" --current private-key=$type --next private-key=new "$ROTATE" "$TARGET" \
		check probe-current add probe-next withdraw-current probe-current | words)" "ok accepted added accepted withdrawn refused "
done
cat old.pub >"$KEYS"
like "a key that is not even offered is not refused" "$("$LIB/rotator.py" --current private-key=old --next private-key=short "$ROTATE" "$TARGET" \
	probe-current probe-next | tail -n 1)" '^unreachable .*not offered'
like "and check says so" "$(check short)" '^refused .*not offered'
for cipher in aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes256-ctr; do
	cp old locked; ssh-keygen -q -p -P '' -N secret -Z $cipher -f locked >/dev/null
	like "a key locked by $cipher is refused, with the remedy" "$(check locked)" '^refused .*passphrase.*ssh-keygen -p'
done
ssh-keygen -q -t rsa -m PEM -N secret -f pem
like "so is an encrypted PEM, which nobody is asked about" "$(check pem)" '^refused .*OpenSSH.*ssh-keygen -p'
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out pkcs8 2>/dev/null
like "and a PKCS#8 key, with the remedy" "$(check pkcs8)" '^refused .*OpenSSH.*ssh-keygen -p'
chmod 600 pkcs8; ssh-keygen -q -p -P '' -N '' -f pkcs8 >/dev/null
like "which helps" "$(check pkcs8)" '^ok'
like "a token's key is refused by check" "$(check sk)" '^refused .*FIDO2 token'
ssh-keygen -q -s other -I me -n "$SSHD_USER" old.pub
like "and a certificate" "$(check old-cert.pub)" '^refused .*OpenSSH'

# Other types of the host's own key.
sshd_stop
ssh-keygen -q -t rsa -b 1024 -N '' -f short_host
like "a host key that can be forged is refused" \
	"$("$LIB/rotator.py" "$ROTATE" "$(change "t['host_key']='$(cut -d' ' -f1,2 short_host.pub)'")" describe)" '^refused .*host_key.*2048 bits'
for type in ecdsa rsa; do
	ssh-keygen -q -t $type -N '' -f "$FOLDER/host_$type"
	sshd_start "$FOLDER" "HostKey \"$FOLDER/host_$type\""
	TARGET=$(change "t['host_key']='$(cut -d' ' -f1,2 "host_$type.pub")'")
	is "a host is known by its $type key" "$(ask probe-current probe-next | words)" "accepted refused "
	sshd_stop
done
tap_end
