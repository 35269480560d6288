#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Invariant 15: after a release no plaintext, share or PIN is in the memory of client or server outside
# locked secret memory, nor in core, argv, environment, log, database or any other file.
# The processes are held at their very end (at_exit.py), when everything they ever freed is there.
. "$(dirname "$0")/../lib/vault.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root to read the memory of other processes"; exit 0; }
if ldd "$HALLIGAN" | grep -q libasan; then
	echo "1..0 # SKIP the address sanitizer keeps memory that was freed"; exit 0
fi
town_founded
town_request > request.log 2>&1
id=$("$LIB/tamper.py" "$VAULT" get "SELECT lower(hex(id)) FROM ceremonies")
"$LIB/needles.py" text PIN "$TOWN_PIN" > needles.pin

REAL=$HALLIGAN
printf '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' "$LIB/at_exit.py" "$TOKENS_DIR/held" "$REAL" > hold
chmod +x hold
# held_run SEAT COMMAND...: run it in the background; its server is held at its end, then its client.
held_run() {
	HALLIGAN=$TOKENS_DIR/hold
	as "$@" > held.log 2>&1 &
	HELD=$!
	HALLIGAN=$REAL
	held_wait
}
held_wait() { tokens_until 30 test -s held || { sed 's/^/# /' held.log; exit 99; }; }
scan() { # scan WHO NEEDLES
	local pid
	pid=$(cat held)
	ok "15: $1 holds none of it in memory" "$LIB/scan.py" "$2" memory "$pid"
	ok "15: nor in argv and environment" "$LIB/scan.py" "$2" process "$pid"
}
# scan_both WHAT NEEDLES: the server, then the client; then they end.
scan_both() {
	scan "$1: the server" "$2"
	: > held.next
	tokens_until 30 test ! -e held.next
	held_wait
	scan "$1: the client" "$2"
	rm held
	wait "$HELD"
}

# The scanner itself: it finds what is there.
python3 -c "import time; x = bytearray(b'$TOWN_PIN'); time.sleep(30)" & witness=$!
tokens_until 5 grep -q . /proc/$witness/smaps
sleep 0.3
refused "the scanner finds a PIN in a process that holds one" "$LIB/scan.py" needles.pin memory $witness
kill $witness

held_run ciso approve "$id"
"$LIB/needles.py" shares "$VAULT" "$id" > needles.ciso
cat needles.pin >> needles.ciso
is "the needles are one officer's share and the PIN" "$(cut -d' ' -f1 needles.ciso | tr '\n' ' ')" "share-ciso-0 PIN "
"$LIB/needles.py" text name town.example > needles.name
refused "the scanner finds what is there: the vault's name in the server" "$LIB/scan.py" needles.name memory "$(cat held)"
scan_both "after an approval" needles.ciso
ok "second approval" as secops approve "$id"
"$LIB/needles.py" shares "$VAULT" "$id" > needles.shares

held_run audit approve "$id"
ok "alice opens" as alice open "$id" --fd 1 --no-wait
tap_output > opened
"$LIB/needles.py" key opened > needles.key
cat needles.key needles.shares needles.pin > needles.all
scan_both "after the release" needles.all

held_run alice open "$id" --agent --no-wait
scan_both "after opening into the agent" needles.all

ok "15: no file of the vault holds key, shares or PIN" "$LIB/scan.py" needles.all files "$VAULT"
ok "15: nor the client's memory of the vault, nor any screen" "$LIB/scan.py" needles.all files state found.log request.log held.log

HALLIGAN=$TOKENS_DIR/hold as alice done "$id" > held.log 2>&1 & HELD=$!
held_wait
# The new key is sealed; the old one went through server and rotator.
scan_both "after the rotation" needles.all

# No core: the kernel may not write one, even when asked to.
ulimit -c unlimited
"$REAL" serve --stdio --vault "$VAULT" < <(sleep 5) > /dev/null 2>&1 & server=$!
tokens_until 5 grep -q 'Max core file size *0 ' /proc/$server/limits
ok "15: the server may write no core" grep -q 'Max core file size *0 ' /proc/$server/limits
kill -SEGV $server; wait $server 2>/dev/null
is "15: and none was written" "$(find . -name 'core*' | wc -l)" 0
tap_end
