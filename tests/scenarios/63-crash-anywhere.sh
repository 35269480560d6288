#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Invariants 5 and 16: client or server is killed at the N-th fsync, rename or unlink, for each such call by itself and
# N over a whole operation; the same command, run again, goes on, and nothing was lost or done twice.
# (All calls counted together, many a first rename were no place to be killed at: an fsync comes before it.)
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/sweep.sh"
town_founded
town_request > /dev/null 2>&1
ok "two approvals" town_approve ciso secops
REAL=$HALLIGAN
cat > doomed <<END
#!/bin/sh
# What a leak checker says under another tracer goes to crash.txt, which nobody judges.
exec strace \$FOLLOW -q -o "$TOKENS_DIR/strace.txt" -e trace=\$CALL -e inject=\$CALL:signal=KILL:when=\$WHEN "$REAL" "\$@"
END
chmod +x doomed
export FOLLOW CALL WHEN
db() { "$LIB/tamper.py" "$VAULT" get "$1"; }
keep() { rm -rf "kept.$1"; mkdir "kept.$1"; cp -a "$VAULT" state "$SSHD_AUTHORIZED" "kept.$1"; }
restore() {
	town_settled
	rm -rf "$VAULT" state
	cp -a "kept.$1/vault" "kept.$1/state" .
	cat "kept.$1/authorized_keys" > "$SSHD_AUTHORIZED"
}
killed() { grep -q ') *= ?$' strace.txt; } # the call that was not let through
doomed() { HALLIGAN=$TOKENS_DIR/doomed; "$@" > crash.txt 2>&1; HALLIGAN=$REAL; }

# places STATE COMMAND...: one FOLLOW CALL TIMES a line, TIMES being those of the process that calls it most.  -f
# follows into the server, which mostly comes first; without it the client alone is killed.
places() {
	WHEN=65535 # never
	for FOLLOW in -f -qq; do
		CALL=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat
		restore "$1"
		doomed "${@:2}"
		sed -nE 's/^([0-9]+ +)?([a-z0-9]+)\(.*/\2 \1/p' strace.txt | sort | uniq -c | sort -rn |
			awk -v follow=$FOLLOW '!seen[$2]++ { print follow, $2, $1 }'
	done
}

# What must hold at any instant: no answer without its debt and its row in `opened`; nothing is opened twice.
sane() {
	local bad
	bad=$(db "SELECT count(*) FROM answers a
		JOIN items i ON i.ceremony = a.ceremony AND i.position = a.position
		LEFT JOIN opened o ON o.ceremony = i.ceremony AND o.secret = i.secret AND o.version = i.version
		LEFT JOIN debts d ON d.id = i.debt WHERE o.ceremony IS NULL OR d.id IS NULL")
	[ "$bad" = 0 ] && [ "$(db 'SELECT count(*) - count(DISTINCT version) FROM opened')" = 0 ]
}

# crash CLAIM STATE STEP CHECK COMMAND...: kill at the first of each call, and at every STEP-th place (sweep.sh).
crash() {
	local claim=$1 state=$2 step=$3 check=$4 number=0 tried=0 count=0 wrong='' place times; shift 4
	places "$state" "$@" > places
	exec 9< places
	while read -r -u 9 FOLLOW CALL times; do
		for ((WHEN = 1; WHEN <= times; WHEN++)); do
			number=$((number + 1))
			sweep_takes $number "$step" || [ "${HALLIGAN_SWEEP:-}$WHEN" = 1 ] || continue
			tried=$((tried + 1))
			restore "$state"
			doomed "$@"
			killed || continue # it took another way this time
			count=$((count + 1))
			place="$FOLLOW $CALL $WHEN"
			sane || wrong="$wrong $place:insane"
			# A rotator that was killed is a try in vain: the next one is when it is due.
			{ "$@"; town_due; halligan status; town_settled; } > again.log 2>&1
			$check || wrong="$wrong $place:$(tail -n 2 again.log | tr '\n' ' ')"
			halligan log verify > verify.log 2>&1 || wrong="$wrong $place:log:$(tail -n 1 verify.log)"
		done
	done
	exec 9<&-
	is "$claim: killed at $count of $number places, each time it goes on" "${wrong:-well}" well
	[ "$count" -ge $((tried / 2)) ] && [ "$number" -gt 20 ] || tap_report 1 "$claim: was killed only $count of $tried times"
}

released() {
	[ "$(db 'SELECT state FROM ceremonies')" = released ] && [ "$(db 'SELECT count(*) FROM answers')" = 1 ]
}
retired() {
	[ "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" = 0 ] &&
		[ "$(find "$VAULT/escrow" "$VAULT/ceremony" -type f | wc -l)" = 0 ]
}
keep approved
crash "5, 16: the approval that releases" approved 9 released as audit approve
restore approved
ok "the third approval" as audit approve
keep released
crash "16: done" released 9 retired as alice done
tap_end
