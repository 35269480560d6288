# SPDX-License-Identifier: Apache-2.0
# Claims about bad input, for scenarios: source this file (bash) after vault.sh.
#
#	remember			what the vault, the folder and the target hold now
#	told "claim" CODE PATTERN COMMAND...
#					it ends with exit code CODE and says PATTERN (extended)
#	unchanged "claim"		everything is as it was remembered

# told: what was said stands as a comment in the report, so that people can judge it.
told() {
	local claim=$1 code=$2 pattern=$3 status=0; shift 3
	"$@" >"$TAP_OUTPUT" 2>&1 || status=$?
	if [ "$status" = "$code" ] && [[ $(tap_output) =~ $pattern ]]; then
		tap_report 0 "$claim"
		grep -a -E '^halligan: |^hint: ' "$TAP_OUTPUT" | sed 's/^/# /'
	else
		tap_report 1 "$claim"
		printf '#   wanted exit code %s and: %s\n' "$code" "$pattern"
		tap_explain "$status" "$@"
	fi
}

db() { "$LIB/tamper.py" "$VAULT" get "$1"; }

# vault_state: rows that any change would add to or alter, files, and what the target accepts.
vault_state() {
	town_settled
	db "SELECT (SELECT count(*) FROM log_leaf) || ' leaves ' || (SELECT count(*) FROM statements) ||
		' statements ' || (SELECT count(*) FROM versions) || ' versions ' ||
		(SELECT count(*) FROM ceremonies) || ' ceremonies ' || (SELECT count(*) FROM voices) ||
		' voices ' || (SELECT count(*) FROM answers) || ' answers ' ||
		(SELECT ifnull(group_concat(state || rejected || tries || due), '') FROM debts)"
	(cd "$VAULT" && find . -type f ! -name '*-journal' ! -name '*lock' -exec ls -l --time-style=+ {} + | sed 's/^-[^ ]* 1 //')
	find . -maxdepth 1 -name '*.enrolment' | sort
	cksum < "$SSHD_AUTHORIZED"
}
remember() { REMEMBERED=$(vault_state); }
unchanged() { is "$1" "$(vault_state)" "$REMEMBERED"; }
