#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Any number of private pcscds run at once, each with up to sixteen tokens, unseen by each other;
# they end with their script, even when it is killed, and leave nothing behind.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
lib=$(readlink -f "$(dirname "$0")/../lib")

number=0
before=$(cat /proc/self/mountinfo | wc -l)
tokens_folder
folder=$TOKENS_DIR
tokens_start "$folder" {1301..1316}
is "pcscd serves sixteen tokens" "$(yubico-piv-tool -a list-readers | grep -c 'Simulated Yubico YubiKey')" 16
ok "the first works" yubico-piv-tool -r "$(token_reader 1301)" -a verify-pin -P 123456
ok "the last works" yubico-piv-tool -r "$(token_reader 1316)" -a verify-pin -P 123456

# Another harness, in a folder of its own with a space in its name, with a token of the same serial and another PIN; it
# waits to be killed.
mkfifo ready never
mkdir "a space"
env -u HALLIGAN_ALONE TMPDIR="$folder/a space" bash -c '. "$1/tap.sh"; . "$1/tokens.sh"; . "$1/sshd.sh"
	tokens_folder; TOKENS_PIN=654321 tokens_start "$TOKENS_DIR" 1301; tokens_agent; sshd_start "$TOKENS_DIR"
	agent=$(pgrep -f "^ssh-agent -D -a $SSH_AUTH_SOCK")
	printf "%s\n" "$TOKENS_DIR" "$PCSCLITE_CSOCK_NAME" "${TOKENS_PIDS[*]} ${SSHD_PIDS[*]} $agent" > "$2"; read -r _ < "$3"' \
	other "$lib" "$folder/ready" "$folder/never" &
other=$!
{ read -r other_folder; read -r other_socket; read -r pids; } < ready
ok "a second harness runs beside it" env PCSCLITE_CSOCK_NAME="$other_socket" \
	yubico-piv-tool -r "$(token_reader 1301)" -a verify-pin -P 654321
is "and sees only its own token" "$(PCSCLITE_CSOCK_NAME=$other_socket yubico-piv-tool -a list-readers | wc -l)" 1
ok "the first is undisturbed" yubico-piv-tool -r "$(token_reader 1301)" -a verify-pin -P 123456
kill -KILL $other
{ wait $other; } 2>/dev/null
for pid in $pids; do
	ok "when its script is killed, process $((++number)) ends" tokens_until 10 tokens_gone "$pid"
done
is "these were a token, pcscd, an agent, who holds it, and sshd" $number 5
rm -rf -- "$other_folder"

pids="${TOKENS_PIDS[*]}"
tokens_stop
alive=0
for pid in $pids; do tokens_gone "$pid" || alive=$((alive + 1)); done
is "after tokens_stop nothing runs" $alive 0
is "no socket is left" "$(find "$folder" -name '13*' -type s | wc -l)" 0
is "no mount is left" "$(cat /proc/self/mountinfo | wc -l)" "$before"

tap_end
