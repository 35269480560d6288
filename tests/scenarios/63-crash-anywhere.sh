#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Invariants 5 and 16: client or server is killed at the N-th of one kind of fsync, rename or unlink, for N over a whole
# operation; the same command, run again, goes on, and nothing was lost or done twice.
. "$(dirname "$0")/../lib/vault.sh"
town_founded
town_request > /dev/null 2>&1
ok "two approvals" town_approve ciso secops
REAL=$HALLIGAN
cat > doomed <<END
#!/bin/sh
# What a leak checker says under another tracer goes to crash.txt, which nobody judges.
exec strace -f -q -o "$TOKENS_DIR/strace.txt" -e trace=\$CALLS \
	-e inject=\$CALLS:signal=KILL:when=\$WHEN "$REAL" "\$@"
END
chmod +x doomed
export WHEN CALLS=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat
db() { "$LIB/tamper.py" "$VAULT" get "$1"; }
keep() { rm -rf "kept.$1"; mkdir "kept.$1"; cp -a "$VAULT" state "$SSHD_AUTHORIZED" "kept.$1"; }
restore() {
	rm -rf "$VAULT" state
	cp -a "kept.$1/vault" "kept.$1/state" .
	cat "kept.$1/authorized_keys" > "$SSHD_AUTHORIZED"
}
killed() { grep -q ') *= ?$' strace.txt; } # the call that was not let through

# What must hold at any instant: no answer without its debt and its release row; never two releases.
sane() {
	local bad
	bad=$(db "SELECT count(*) FROM answers a LEFT JOIN releases r ON r.ceremony = a.ceremony
		LEFT JOIN debts d ON d.id = r.debt WHERE r.ceremony IS NULL OR d.id IS NULL")
	[ "$bad" = 0 ] && [ "$(db 'SELECT count(*) - count(DISTINCT version) FROM releases')" = 0 ]
}

# crash CLAIM STATE STEP CHECK COMMAND...: kill at 1, 1 + STEP, ... until it is not killed.
crash() {
	local claim=$1 state=$2 step=$3 check=$4 count=0 wrong=''; shift 4
	WHEN=1
	while :; do
		restore "$state"
		HALLIGAN=$TOKENS_DIR/doomed
		"$@" > crash.txt 2>&1
		HALLIGAN=$REAL
		killed || break
		count=$((count + 1))
		sane || wrong="$wrong $WHEN:insane"
		{ "$@"; halligan status; } > again.log 2>&1
		$check || wrong="$wrong $WHEN:$(tail -n 2 again.log | tr '\n' ' ')"
		halligan log verify > verify.log 2>&1 || wrong="$wrong $WHEN:log:$(tail -n 1 verify.log)"
		WHEN=$((WHEN + step))
	done
	is "$claim: killed at $count places, each time it goes on" "${wrong:-well}" well
	[ "$count" -gt 3 ] || tap_report 1 "$claim: was killed only $count times"
}

released() {
	[ "$(db 'SELECT state FROM ceremonies')" = released ] && [ "$(db 'SELECT count(*) FROM answers')" = 1 ]
}
retired() {
	[ "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" = 0 ] &&
		[ "$(find "$VAULT/escrow" "$VAULT/ceremony" -type f | wc -l)" = 0 ]
}
keep approved
crash "5, 16: the approval that releases" approved 1 released as audit approve
restore approved
ok "the third approval" as audit approve
keep released
crash "16: done" released 3 retired halligan done
tap_end
