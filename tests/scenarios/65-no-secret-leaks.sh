#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Invariant 15: after a release no plaintext, share or PIN is in the memory of client or server outside
# locked secret memory, nor in core, argv, environment, log, database or any other file.
# The processes are held at their very end (exit_group), when everything they ever freed is there.
. "$(dirname "$0")/../lib/vault.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root to read the memory of other processes"; exit 0; }
town_start
town_found
town_request > request.log 2>&1
id=$("$LIB/tamper.py" "$VAULT" get "SELECT lower(hex(id)) FROM ceremonies")
"$LIB/needles.py" text PIN "$TOWN_PIN" > needles.pin

REAL=$HALLIGAN
cat > held <<END
#!/bin/sh
exec strace -f -q -o /dev/null -e trace=exit_group -e inject=exit_group:delay_enter=25000000 "$REAL" "\$@"
END
chmod +x held
# ending: the processes of ours that stand at exit_group (231).
ending() {
	local pid
	for pid in $(pgrep -f "^$REAL "); do
		grep -q '^231 ' "/proc/$pid/syscall" 2>/dev/null && echo "$pid"
	done
}
# held_run COUNT SEAT COMMAND...: run it in the background until COUNT processes stand at their end.
held_run() {
	local count=$1; shift
	HALLIGAN=$TOKENS_DIR/held
	as "$@" > held.log 2>&1 &
	HELD=$!
	HALLIGAN=$REAL
	tokens_until 30 enough "$count" || { sed 's/^/# /' held.log; exit 99; }
}
enough() { [ "$(ending | wc -l)" -ge "$1" ]; }
held_end() {
	pkill -KILL -f "^strace -f -q -o /dev/null -e trace=exit_group" 2>/dev/null
	pkill -KILL -f "^$REAL " 2>/dev/null
	wait "$HELD" 2>/dev/null
	tokens_until 10 test -z "$(ending)"
}
scan() { # scan CLAIM NEEDLES
	local pids
	pids=$(ending)
	[ -n "$pids" ] || tap_report 1 "$1: no process is left to look at"
	# shellcheck disable=SC2086
	ok "15: $1" "$LIB/scan.py" "$2" memory $pids
	# shellcheck disable=SC2086
	ok "15: $1: argv and environment" "$LIB/scan.py" "$2" process $pids
}

# The scanner itself: it finds what is there.
python3 -c "import time; x = bytearray(b'$TOWN_PIN'); time.sleep(30)" & witness=$!
tokens_until 5 grep -q . /proc/$witness/smaps
sleep 0.3
refused "the scanner finds a PIN in a process that holds one" "$LIB/scan.py" needles.pin memory $witness
kill $witness

held_run 2 ciso approve "$id"
"$LIB/needles.py" shares "$VAULT" "$id" > needles.ciso
cat needles.pin >> needles.ciso
scan "an officer's client and the server hold neither PIN nor shares" needles.ciso
held_end
ok "second approval" as secops approve "$id"
"$LIB/needles.py" shares "$VAULT" "$id" > needles.shares

held_run 2 audit approve "$id"
ok "alice opens" as alice open "$id" --fd 1 --no-wait
tap_output > opened
"$LIB/needles.py" key opened > needles.key
cat needles.key needles.shares needles.pin > needles.all
scan "after the release client and server hold neither key, shares nor PIN" needles.all
held_end

held_run 2 alice open "$id" --fd 9 --no-wait 9> /dev/null
scan "after opening alice's client and server hold neither key nor PIN" needles.all
held_end

ok "15: no file of the vault holds key, shares or PIN" "$LIB/scan.py" needles.all files "$VAULT"
ok "15: nor the client's memory, logs and screens" "$LIB/scan.py" needles.all files state found.log request.log held.log

held_run 1 infra rotate prod/db
"$LIB/needles.py" key opened > needles.old
scan "after a rotation the server holds neither the old key" needles.old
held_end
ok "done" halligan done "$id"

# No core: the kernel may not write one, even when asked to.
ulimit -c unlimited
"$REAL" serve --stdio --vault "$VAULT" < <(sleep 5) > /dev/null & server=$!
tokens_until 5 grep -q 'Max core file size *0 ' /proc/$server/limits
ok "15: the server may write no core" grep -q 'Max core file size *0 ' /proc/$server/limits
kill -SEGV $server; wait $server 2>/dev/null
is "15: and none was written" "$(find . -name 'core*' | wc -l)" 0
tap_end
