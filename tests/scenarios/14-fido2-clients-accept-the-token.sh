#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Yubico's python3-fido2 and ykman, which are not ours, use the simulated token's FIDO2
# application over PC/SC and agree with it about everything; and its lies reach them.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

client=$(readlink -f "$(dirname "$0")/../lib/fido2_client.py")
export TOKENS_READER="Simulated FIDO2 CCID" # a name that ykman takes for an NFC reader
tokens_folder
"$SIMTOKEN" new --state 1402.json --serial 1402 --uv
"$SIMTOKEN" new --state 1403.json --serial 1403 --always-uv --fido-pin 24681
refused "a FIDO2 PIN that is too short is refused" "$SIMTOKEN" new --state no.json --serial 1 --fido-pin 123
"$SIMTOKEN" new --state 1404.json --serial 1404 --firmware 4.3.5
tokens_start "$TOKENS_DIR" 1401 1402 1403 1404
"$SIMTOKEN" root > root.pem

token=1401
mkfifo claims
setpriv --pdeathsig TERM -- /usr/bin/python3 "$client" serve <> claims > client.log 2>&1 &
TOKENS_PIDS+=($!)
exec 7> claims
trap '' PIPE # should it die, the claim that misses it says so, with its last words
fido2() { # fido2 CLAIM ARGUMENT...
	# Never twice the same: the answer to an earlier claim would pass for this one's.  What is said comes out at a
	# descriptor of its own: while bash asks, its standard output is the pipe to the client.
	local code=claim.$BASHPID.$EPOCHREALTIME words status said
	exec {said}>&1
	printf -v words '\x1f%s' "/proc/$BASHPID/fd/$said" "$code" "$(token_reader "$token")" "$@"
	echo "${words:1}" >&7 && tokens_until 300 test -s "$code" || { cat client.log; return 99; }
	exec {said}>&-
	read -r status < "$code"
	return "$status"
}
ykman_fido() { token_ykman 1401 fido "$@" 2>&1; }
all='{"credProtect": 1, "hmac-secret": true}'
pin=246813

ok "getInfo says what it is" fido2 info
ok "a credential is made, attested under the simulated root" fido2 attestation root.pem
ok "with hmac-secret" fido2 make prf "$all"
ok "without extensions" fido2 make plain
ok "assertions verify, their counter grows" fido2 get plain
ok "one without a touch says so" fido2 preflight plain
ok "an excluded credential is not made again" fido2 excluded plain
ok "another RP does not see it" fido2 other_rp plain
ok "chains, extended APDUs and the flavour without keep-alive" fido2 plain_flavour
like "ykman lists FIDO2" "$(token_ykman 1401 info 2>&1)" "FIDO2[[:space:]]+Enabled"
like "and sees that there is no PIN" "$(ykman_fido info)" "PIN is not set"

# PIN.
ok "a PIN is set once" fido2 set_pin "$pin"
ok "a wrong PIN counts down, and blocks until the token was pulled" fido2 wrong_pins "$pin"
like "ykman says that too" "$(ykman_fido info)" "5 attempt.*temporarily blocked"
token_unplug 1401
token_plug 1401
ok "plugged in again, the tries are those that were left" fido2 pin_tries 5
ok "the PIN is changed" fido2 change_pin "$pin" 135792 1
ok "under either protocol" fido2 change_pin 135792 "$pin"
ok "ykman changes it" ykman_fido access change-pin -P "$pin" -n 864213
refused "with the right PIN only" ykman_fido access change-pin -P "$pin" -n 111111
ok "and back" ykman_fido access change-pin -P 864213 -n "$pin"
ok "a token of the PIN serves one touch, one RP, one purpose" fido2 token_is_spent plain "$pin"
ok "one of CTAP 2.0's kind is bound by its first use" fido2 old_token plain "$pin"
ok "verified assertions verify" fido2 get plain "$pin"

# hmac-secret.
ok "the PRF: both salts, both protocols, another one with the PIN" fido2 prf prf "$pin"
ok "which needs a touch" fido2 prf_wants_touch prf
ok "and is remembered" fido2 prf_is prf first.prf

# Discoverable credentials and their protection.
ok "one that lists itself needs the PIN" fido2 rk_wants_pin
for level in 1 2 3; do
	ok "one with credProtect $level" fido2 make "level$level" "{\"credProtect\": $level}" '{"rk": true}' "$pin"
done
ok "with the PIN all are found, the newest first" fido2 residents "$pin" level3 level2 level1
ok "without it only the first level" fido2 visible level1
ok "the second one by its id" fido2 get level2
ok "which says whose it is" fido2 names_its_user level2
ok "the third one not even so" fido2 unknown level3
ok "but with the PIN" fido2 get level3 "$pin"
ok "all are listed for management" fido2 manage "$pin" level1 level2 level3
ok "a token for one RP manages that one alone" fido2 rename "$pin" level1
ok "one is deleted" fido2 delete "$pin" level2
ok "and is gone" fido2 manage "$pin" level1 level3
is "the state has two" "$(token_field 1401 fido_credentials)" 2

# Touch.
token_control 1401 touch manual
fido2 keepalive plain >touch.log 2>&1 & waiting=$!
ok "a token that waits for a touch says so" tokens_until 20 grep -q "waiting 2" touch.log
ok "and can be touched" token_touch 1401
ok "then it goes on" wait $waiting
is "having said it once" "$(grep -c waiting touch.log)" 1
ok "waiting is cancelled" fido2 cancel
is "then it does not blink" "$(token_field 1401 touch_waiting)" false
fido2 selection >touch.log 2>&1 & waiting=$!
ok "it is chosen by a touch" token_touch 1401
ok "as asked" wait $waiting
token_control 1401 extra-touch 1 02
fido2 get plain >touch.log 2>&1 & waiting=$!
before=$(token_field 1401 touches)
for _ in 1 2 3 4; do token_touch 1401 || break; done
ok "a token that wants more touches than announced gets its assertions" wait $waiting
is "after four touches for two" "$(($(token_field 1401 touches) - before))" 4
token_control 1401 clear
token_control 1401 touch never
token_control 1401 touch-timeout 200
ok "no touch in time is an error" fido2 fails USER_ACTION_TIMEOUT plain
token_control 1401 touch auto

# Lies.
lie() { # lie CONTROL... -- CLAIM...
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	token_control 1401 "${words[@]}" || tap_report 1 "${words[*]}"
	"$@"
	token_control 1401 clear
}
lie ctap-status 02 2e -- ok "a credential can be denied" fido2 unknown plain
lie ctap-status any 7f -- refused "every command can fail" fido2 info
lie wrong-flags 02 05 -- ok "flags can be wrong" fido2 lies_about_uv plain
lie wrong-prf -- refused "the PRF can be wrong" fido2 prf_is prf first.prf
ok "and right again" fido2 prf_is prf first.prf
lie short-reply ctap:02 20 -- ok "an answer can be short" fido2 breaks plain
lie long-reply ctap:02 3 -- ok "or long" fido2 breaks plain
lie flip-reply ctap:02 1 -- ok "or spoiled" fido2 breaks plain
lie raw-reply ctap:02 00a0ff9000 -- ok "or garbage" fido2 breaks plain
lie status-word ctap:02 6f00 -- ok "or no answer" fido2 breaks plain
lie delay 300 ctap:02 -- ok "or late" fido2 get plain
for when in unplug-at unplug-after; do
	counter=$(grep -o '"counter":[0-9]*' 1401.json)
	lie $when 1 ctap:02 -- ok "$when: an assertion ends with the token pulled" fido2 breaks plain
	is "it is" "$(token_field 1401 present)" false
	token_plug 1401
	ok "plugged in again it works" fido2 get plain
	eval "${when//-/_}"='$counter,$(grep -o "\"counter\":[0-9]*" 1401.json)'
done
is "pulled before, it has not signed" "$(tr -dc '0-9,' <<<"$unplug_at" | awk -F, '{print $2 - $1}')" 2
is "pulled after, it has" "$(tr -dc '0-9,' <<<"$unplug_after" | awk -F, '{print $2 - $1}')" 3

# Other kinds of token.
token=1402
ok "built-in verification verifies" fido2 uv finger
token_control 1402 finger wrong
ok "a wrong finger does not, three times" fido2 wrong_finger finger
token=1403
ok "where verification is always on, nothing goes without" fido2 always_uv 24681
ok "settings change it, and the shortest PIN" fido2 configure 24681 24681357
token=1404
refused "firmware 4 has no FIDO2" fido2 info

# A state is a file, and an end.
token=1401
token_kill 1401
token_run 1401
token_ready 1401
ok "a token remembers" fido2 prf_is prf first.prf
ok "all of it" fido2 manage "$pin" level1 level3
token_control 1401 fido-reset any-time
ok "ykman resets it" ykman_fido reset -f
like "so there is no PIN" "$(ykman_fido info)" "PIN is not set"
ok "and no credential" fido2 unknown plain
ok "python3-fido2 resets it" fido2 reset
tap_end
