#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C asks before it ends what several officers approved; and no server that stands still keeps a lease open, or its holder waiting.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
CTRL_C=$'\x03'
db() { "$LIB/tamper.py" "$VAULT" get "$1"; }
screen_has() { grep -q "$1" screen; }
server() { pgrep -f "serve --stdio --vault $VAULT\$" | tail -n 1; }

ok "a request" town_request
ok "its approvals" town_approve ciso secops audit
TERM=xterm "$LIB/terminal.py" --timeout 120 --always 'PIN[^\n]*: $' "$TOWN_PIN" --answer 'asks whether to end it' "$CTRL_C" \
	--answer 'does not answer any more' "$CTRL_C" --answer 'Ctrl-C once more ends it now' "$CTRL_C" -- \
	"$HALLIGAN" open --fd 8 --serial "${SERIAL[alice]}" 8> released > screen 2>&1 &
opened=$!
tokens_until 60 screen_has 'end it now?'
is "the first Ctrl-C asks, and ends nothing" "$(db "SELECT state FROM ceremonies")" released
like "and says what it would do" "$(tr -s ' \r\n' ' ' < screen)" 'sessions that were opened with it are closed'
kill -STOP "$(server)"
tokens_until 60 screen_has 'does not answer'
is "a server that stands still ends no lease" "$(db "SELECT state FROM ceremonies")" released
ok "the second Ctrl-C ends it, over a new connection" wait $opened
like "and it is said what became of it" "$(tr -s ' \r\n' ' ' < screen)" 'ending the lease.*the lease is over. The new value is accepted'
is "the debt is paid" "$(db "SELECT group_concat(DISTINCT state) FROM debts")" retired
ok "the log is whole" halligan log verify
tap_end
