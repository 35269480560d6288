#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Neither a PIN nor what a token agreed upon stays anywhere in memory but in locked pages: not
# while it is used, not after it was used, and not from libraries on the way.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

scan=$(readlink -f "$(dirname "$0")/../lib/scan.py")
if nm "$PIV_CLI" 2>/dev/null | grep -q __asan_init; then
	echo "1..0 # SKIP a sanitizer keeps memory that was freed"
	exit 0
fi
pin=k7Q!zW4x
export TOKENS_PIN=$pin TOKENS_FIRMWARE=5.4.3
tokens_folder
tokens_start "$TOKENS_DIR" 2401
unset TOKENS_PIN
piv 2401 generate:sign generate:share >/dev/null
# A key of the policy PIN always, so that the PIN is sent again.
yubico-piv-tool -r "$(token_reader 2401)" -a generate -s 84 -A ECCP256 --pin-policy always \
	-o public.pem >/dev/null 2>&1

printf %s "$pin" | "$PIV_CLI" 2401 unlock:-:4 sign agree:share:z agree:release stop >out 2>&1 &
tokens_until 20 grep -q '^stop$' out
process=$(pgrep -P $$ piv-cli)
tokens_until 10 grep -q '^State:.T' "/proc/$process/status"
like "PIN and keys were used" "$(cat out)" 'unlock ok.*sign ok.*agree ok.*agree ok.stop$'
{ printf 'PIN '; printf %s "$pin" | od -An -tx1 | tr -d ' \n'; echo
  printf 'secret '; od -An -tx1 z | tr -d ' \n'; echo; } > needles
is "there is something to look for" "$(wc -w < needles)" 4
ok "they are nowhere in memory but in locked pages" "$scan" needles memory "$process"
ok "nor in arguments and environment" "$scan" needles process "$process"

disown -a
kill -KILL "$process"

# The scan finds what is there: a program that was told the PIN as an argument.
"$PIV_CLI" 2401 unlock:$pin:0 stop >out2 2>&1 &
tokens_until 30 grep -q '^stop$' out2
other=$(pgrep -n -P $$ piv-cli)
refused "which the scan would have found" "$scan" needles memory "$other"
disown -a
kill -KILL "$other"

tap_end
