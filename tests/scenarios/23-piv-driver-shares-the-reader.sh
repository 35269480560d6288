#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Other programs use the same token: they cannot come between the PIN and the operation, they are
# waited for within bounds, and what they reset is noticed.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

lib=$(readlink -f "$(dirname "$0")/../lib")
export TOKENS_PIN=$PIV_PIN TOKENS_FIRMWARE=5.4.3
tokens_folder
tokens_start "$TOKENS_DIR" 2301 2302
piv 2301 generate:sign >/dev/null
piv 2302 generate:sign >/dev/null
U=unlock:$PIV_PIN:2
tool() { yubico-piv-tool -r "$(token_reader 2301)" "$@" 2>&1; }
# hold HOW: another program holds token 2301, until release.
hold() {
	rm -f hold.in hold.out; mkfifo hold.in; : > hold.out
	"$lib/hold.py" "$1" "$(token_reader 2301)" <hold.in >hold.out 2>&1 & HOLDER=$!
	exec 9>hold.in
	tokens_until 30 grep -q holding hold.out || sed 's/^/# hold: /' hold.out
}
release() { exec 9>&-; wait $HOLDER; }

# Open, but not unlocked: nobody notices us, and we cope with whatever they do.
piv_start 2301 info pause "$U" sign
piv_wait 1
ok "while a token is only open, other programs can use it" tool -a verify-pin -P $PIV_PIN
hold shared
release # with a reset
ok "and reset it" tool -a status
piv_go
like "which does not disturb what comes after" "$(piv_end)" 'unlock ok.*sign ok$'
piv_start 2301 "pause" info pause attest:sign:. pause generate:share:over
for n in 1 2 3; do
	piv_wait $n
	hold shared
	release
	piv_go
done
like "nor do resets before each operation" "$(piv_end)" 'info ok.*attest ok.*generate ok$'

# Unlocked: all others wait.
piv_start name=two 2301 pause "$U" sign
piv_wait 1 two
piv_start 2301 "$U" sign pause sign
piv_wait 1
tool -a status >status.out 2>&1 & other=$!
piv_go two
like "a token in use by another ceremony is listed with its trouble" "$(piv list)" \
	"2301 .*another program uses it, probably [^ ]+ \(process [0-9]+\).*piv 2302 5\.4\.3"
ok "other tokens are not held up" piv 2302 "$U" sign
is "the others still wait" "$(grep -c 'unlock' two.out)$(wc -l < status.out)" 00
piv_go
like "nobody comes between the PIN and the operation" "$(piv_end)" 'unlock ok.*sign ok.*sign ok$'
like "those that waited go on" "$(piv_end two)" 'unlock ok.*sign ok$'
ok "other programs, too" wait $other
like "undisturbed" "$(tr '\n' ' ' < status.out)" 'Version:.*5\.4\.3.*PIN tries left'

# Waiting has an end.
hold transaction
like "a token held by another program for ever is given up, with the remedy" "$(piv 2301 info)" \
	'open token: token is listed|open token: the token in reader .* cannot be used: another program uses it'
release
piv_start 2301 pause "$U" pause reopen "$U" sign
piv_wait 1
hold transaction
piv_go
tokens_until 60 piv_pausing 2
like "at unlocking, too" "$(cat one.out)" 'unlock token: token 2301: another program uses it'
release
piv_go
like "and it can be opened again when the other one has gone" "$(piv_end)" 'reopen ok.unlock ok.*sign ok$'
hold exclusive
like "a token that another program has for itself is listed with its trouble" "$(piv list)" \
	"^piv 0 0\.0\.0 \[.* 2301 .*\] another program uses it, .*piv 2302 5\.4\.3"
like "and cannot be opened" "$(piv 2301 info)" 'open token: the token in reader .* cannot be used: another program uses it'
release
ok "until the other one has gone" piv 2301 "$U" sign

# Many at once: each of them gets its turn.
for n in 1 2 3 4 5; do piv_start name=many$n 2301 "$U" sign sign; done
good=0
for n in 1 2 3 4 5; do piv_end many$n >many.out && good=$((good + 1)) || sed 's/^/# /' many.out; done
is "five at once all sign" "$good" 5

tap_end
