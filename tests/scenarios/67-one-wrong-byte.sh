#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Someone can write the vault's folder: one wrong byte in anything that a ceremony rests on is refused by the
# next command that uses it, by name; nothing is released; with the right byte back everything goes on.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
ok "a request" town_request
id=$(db "SELECT lower(hex(id)) FROM ceremonies")
cp -a "$VAULT" vault.requested
ok "two approvals" town_approve ciso secops

# keep NAME, restore NAME: the vault, the client's memory of it, and the target.
keep() { mkdir "kept.$1"; cp -a "$VAULT" state "$SSHD_AUTHORIZED" "kept.$1"; }
restore() {
	town_settled
	rm -rf "$VAULT" state
	cp -a "kept.$1/vault" "kept.$1/state" .
	cat "kept.$1/authorized_keys" > "$SSHD_AUTHORIZED"
}
tamper() { "$LIB/tamper.py" "$VAULT" "$@"; }
# flip FILE [OFFSET]: one bit of one byte, in the middle.
flip() {
	python3 - "$1" "${2:-}" <<-'END'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	data[int(sys.argv[2]) if sys.argv[2] else len(data) // 2] ^= 1
	open(sys.argv[1], "wb").write(data)
	END
}
# flip_hex FILE: the first digit of the first id in it becomes another digit.
flip_hex() {
	python3 - "$1" <<-'END'
	import re, sys
	text = open(sys.argv[1]).read()
	at = re.search(r"\b[0-9a-f]{64}\b", text).start()
	open(sys.argv[1], "w").write(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
	END
}
envelopes() { local position; for position in 0 1 2 3 4; do tamper flip envelopes "$1" "version = 2 AND position = $position"; done; }
untold() { # what a release would leave
	[ -s "$VAULT/vault.db" ] || { echo "0 answers, 0 releases"; return; }
	db "SELECT (SELECT count(*) FROM answers) || ' answers, ' || (SELECT count(DISTINCT ceremony) FROM answers) || ' releases'"
}
approve() { as audit approve "$id"; }

# wrong CLAIM STATE CODE PATTERN "CHANGE" COMMAND...
wrong() {
	local claim=$1 state=$2 code=$3 pattern=$4 change=$5 before; shift 5
	restore "$state"
	before=$(untold)
	eval "$change" || tap_report 1 "$claim: the change could not be made"
	told "$claim" "$code" "$pattern" "$@"
	is "... and nothing was released" "$(untold)" "$before"
}

STATEMENT='a row of statements .* not as the vault left it'
keep approved
wrong "request: a word" approved 6 "$STATEMENT" "tamper payload request boot baat" approve
wrong "request: a bit of the stored text" approved 6 "$STATEMENT" "tamper flip statements text \"type = 'request'\"" approve
wrong "request: no signature" approved 6 "$STATEMENT" "tamper drop-signatures request" approve
wrong "ceremony: the quorum" approved 6 "$STATEMENT" "tamper payload ceremony '3 of' '2 of'" approve
wrong "ceremony: a bit of the stored text" approved 6 "$STATEMENT" "tamper flip statements text \"type = 'ceremony'\"" approve
wrong "ceremony: no signature" approved 6 "$STATEMENT" "tamper drop-signatures ceremony" approve
wrong "approval: the seat" approved 6 "$STATEMENT" "tamper payload approval '\"seat\":\"secops\"' '\"seat\":\"secopt\"'" approve
wrong "approval: a bit of the stored text" approved 6 "$STATEMENT" "tamper flip statements text \"type = 'approval'\"" approve
wrong "approval: no signature" approved 6 "$STATEMENT" "tamper drop-signatures approval" approve
wrong "definition: the user" approved 6 "$STATEMENT" "tamper payload secret '\"user\":\"$SSHD_USER\"' '\"user\":\"other\"'" approve
wrong "definition: no signature" approved 6 "$STATEMENT" "tamper drop-signatures secret" approve
wrong "charter: the quorum" approved 6 "document 1.*$STATEMENT" "tamper payload charter '3 of (ciso' '2 of (ciso'" approve
wrong "charter: no signature" approved 6 "document 1.*$STATEMENT" "tamper drop-signatures charter" approve
wrong "roster: a name" approved 6 "document 2.*$STATEMENT" "tamper payload roster Alice Alica" approve
wrong "roster: no signature" approved 6 "document 2.*$STATEMENT" "tamper drop-signatures roster" approve
wrong "header" approved 6 'a row of versions .* not as the vault left it' "tamper flip versions header 'number = 2'" approve
wrong "envelope: its ciphertext" approved 6 'a row of envelopes .* not as the vault left it' "envelopes ciphertext" approve
wrong "envelope: its encapsulation" approved 6 'a row of envelopes .* not as the vault left it' "envelopes enc" approve
wrong "ciphertext of the version" approved 6 'a row of versions .* not as the vault left it' "tamper flip versions ciphertext 'number = 2'" approve
wrong "an officer's re-sealed share" approved 6 'a row of shares .* not as the vault left it' "tamper flip shares ciphertext \"seat = 'ciso'\"" approve
wrong "ceremony's key" approved 6 "ceremony/$id.key is not the key that the ceremony names" "flip \"$VAULT/ceremony/$id.key\" 20" approve
wrong "ceremony's key: its head" approved 6 "ceremony/$id.key" "flip \"$VAULT/ceremony/$id.key\" 1" approve
wrong "host.key" approved 6 'host.key' "flip \"$VAULT/host.key\"" approve
wrong "host.key: one byte short" approved 6 'host.key.*101' "truncate -s 101 \"$VAULT/host.key\"" approve
wrong "vault.id" approved 6 'anchor belongs to the vault .*, and vault.id beside it says' "flip_hex \"$VAULT/vault.id\"" approve
wrong "vault.id, removed, and an old database put in place" approved 6 'old database was restored' \
	"rm \"$VAULT/vault.id\"; cp vault.requested/vault.db \"$VAULT/vault.db\"" approve
wrong "vault.id and anchor, removed" approved 6 'anchor is missing' "rm \"$VAULT/vault.id\" \"$VAULT/anchor\"" approve
wrong "both slots of the anchor" approved 6 'none of the two slots' "flip \"$VAULT/anchor\" 100; flip \"$VAULT/anchor\" 4196" approve
wrong "anchor, removed" approved 6 'anchor is missing' "rm \"$VAULT/anchor\"" approve
wrong "anchor, of an older state" approved 6 'the anchor is an old one' "cp vault.requested/anchor \"$VAULT/anchor\"" approve
wrong "a log leaf" approved 6 'leaf 5|log' "tamper flip log_leaf data 'position = 5'" halligan log verify
wrong "a log hash" approved 6 'log|leaf|hash' "tamper flip log_hash hash 'position = 3'" halligan log verify
wrong "the newest leaf, removed" approved 6 'old database was restored' "tamper sql 'DELETE FROM log_leaf WHERE position = (SELECT max(position) FROM log_leaf)'" approve
wrong "one page of the database" approved 6 'database' "flip \"$VAULT/vault.db\" 8192" halligan log verify
wrong "host.key, removed" approved 6 'vault.id and a database, but no host.key' "rm \"$VAULT/host.key\"" approve
wrong "the database, removed" approved 6 'vault.id, but no database' "rm \"$VAULT/vault.db\"" approve
wrong "an old database under a newer anchor" approved 6 'old database was restored, or another: its log has 22 leaves, and the vault.s has 26 by its anchor' "cp vault.requested/vault.db \"$VAULT/vault.db\"" approve
wrong "the same, for status" approved 6 'old database was restored' "cp vault.requested/vault.db \"$VAULT/vault.db\"" halligan status
wrong "a whole old copy of the vault" approved 6 'log has 22 entries, but this computer has seen 24: an old copy of the vault was put in place.*remove what this computer remembers: .*/memory' "rm -rf \"$VAULT\"; cp -a vault.requested \"$VAULT\"" approve
wrong "the officer's memory of the vault" approved 6 'where this computer remembers the vault, is damaged' "flip state/halligan/vaults/*/memory 2" approve
wrong "the officer's memory of the place" approved 6 'where this computer remembers the vault, is damaged' "flip state/halligan/places/* 2" approve
wrong "the id that it has there" approved 6 "what was seen of the vault that was met at $VAULT is gone.*remove .*state/halligan/places/" "flip_hex state/halligan/places/*" approve
wrong "what the officer saw, removed" approved 6 "what was seen of the vault that was met at $VAULT is gone.*remove .*state/halligan/places/" "rm -r state/halligan/vaults" approve

restore approved
ok "with every byte as it was the third approval releases" approve
keep released
opened() { as alice open "$id" --fd 1 --no-wait; }
wrong "answer: its ciphertext" released 6 'a row of answers .* not as the vault left it' "tamper flip answers ciphertext" opened
wrong "answer: its encapsulation" released 6 'a row of answers .* not as the vault left it' "tamper flip answers enc" opened
wrong "release statement" released 6 "$STATEMENT" "tamper payload release '\"version\":2' '\"version\":3'" opened
wrong "release statement: no signature" released 6 "$STATEMENT" "tamper drop-signatures release" opened
wrong "an approval, after the release" released 6 "$STATEMENT" "tamper payload approval audit augit" opened
wrong "escrow" released 6 'escrow/' "flip \$(ls -d \"$VAULT\"/escrow/*)" as alice done "$id"
wrong "escrow: its head" released 6 'escrow/.*damaged' "flip \$(ls -d \"$VAULT\"/escrow/*) 0" as alice done "$id"
wrong "escrow, removed" released 6 'escrow/.*put the escrow file back' "rm \"$VAULT\"/escrow/*" as alice done "$id"
told "... and rotate says the same" 6 'put the escrow file back' halligan rotate prod/db
told "... and status" 6 'alarm.*put the escrow file back' halligan status
cp kept.released/vault/escrow/* "$VAULT/escrow/"
town_due
ok "... with the file back the debt is paid after the next command" town_ends
told "... and nothing waits" 0 'nothing waits' halligan status
ok "... and the log verifies" halligan log verify
wrong "escrow: its last byte" released 6 'escrow/.*put the escrow file back' "flip \$(ls -d \"$VAULT\"/escrow/*) -1" as alice done "$id"
is "the target kept its key" "$(cksum < "$SSHD_AUTHORIZED")" "$(cksum < kept.released/authorized_keys)"
wrong "a debt that is said to be paid" released 6 'a row of debts .* not as the vault left it' "tamper sql \"UPDATE debts SET state = 'retired'\"" halligan log verify
wrong "a release that is forgotten" released 6 'a row of opened .* is gone' "tamper sql 'DELETE FROM opened'" halligan log verify
restore released
ok "with every byte as it was it opens" opened
ok "and is replaced" as alice done "$id"
ok "and the log verifies" halligan log verify

# --- suspensions and tests of tokens ---
restore approved
ok "a token is suspended" as ciso suspend legal-1 --reason "left on the train"
ok "a token is tested" as ciso token test
keep suspended
standing() { halligan charter status; }
wrong "suspension: the reason" suspended 6 "document 3.*$STATEMENT" "tamper payload suspend train trein" standing
wrong "suspension: whose token" suspended 6 "document 3.*$STATEMENT" "tamper payload suspend '\"seat\":\"legal\"' '\"seat\":\"audit\"'" standing
wrong "suspension: a bit of the stored text" suspended 6 "document 3.*$STATEMENT" "tamper flip statements text \"type = 'suspend'\"" standing
wrong "suspension: no signature" suspended 6 "document 3.*$STATEMENT" "tamper drop-signatures suspend" standing
wrong "suspension: no row" suspended 6 'a row of documents .* is gone' "tamper sql 'DELETE FROM documents WHERE position = 3'" approve
wrong "test: the seat" suspended 6 "$STATEMENT" "tamper payload test '\"seat\":\"ciso\"' '\"seat\":\"cisp\"'" standing
wrong "test: a bit of the stored text" suspended 6 "$STATEMENT" "tamper flip statements text \"type = 'test'\"" standing
wrong "test: no signature" suspended 6 "$STATEMENT" "tamper drop-signatures test" standing
wrong "test: no row" suspended 6 'a row of tests .* is gone' "tamper sql 'DELETE FROM tests'" halligan log verify
restore suspended
ok "with every byte as it was the log verifies" halligan log verify
tap_end
