#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Some of the truth table's rows (43) by a whole vault: what it seals opens the account, escrow is kept until a key is proven
# dead, no liar pays a debt, and no number of failures is a dead end.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
. "$LIB/sweep.sh"
town_founded

debt() { db "SELECT state FROM debts ORDER BY arrival DESC LIMIT 1"; }
owed() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
escrows() { find "$VAULT/escrow" -type f ! -name '*.lock' | wc -l; }
versions() { db "SELECT count(*) FROM versions"; }
newest() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
login() { ssh -F none -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	-p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" true; }
# night SECRET: a whole ceremony up to the opened key, which stands in `released` then.
night() {
	as alice request "$1" --reason "night" --incident 7 --for 30m > night.log 2>&1 && town_approve ciso secops infra >> night.log 2>&1 &&
		as alice open "$(newest)" --fd 8 --no-wait 8> opened >> night.log 2>&1 || { sed 's/^/# /' night.log; return 1; }
	rm -f released
	(umask 077; sed -n '/-----BEGIN/,/-----END/{s/.*\(-----BEGIN\)/\1/; p}' opened > released)
}
adopt() { # adopt NAME KEY TARGET: what `secret add` says and ends with
	town_add "prod/$1" --policy production --rotator ssh-key --effect "root on $1" --target-json "$3" --field "private-key=$2"
}
# target PORT ACCESS
target() { sshd_target "$2" | python3 -c "import json,sys; t=json.load(sys.stdin); t['port']=int(sys.argv[1]); print(json.dumps(t))" "$1" > far.json; }
key() { ssh-keygen -q -t "${2:-ed25519}" -N '' -C "$1" -f "$1" && cat "$1.pub" >> "$SSHD_AUTHORIZED"; }
paid() { # paid CLAIM SECRET
	town_due
	ok "$1" halligan rotate "$2"
	is "... nothing is owed or escrowed any more" "$(owed)$(escrows)" 00
}

# --- each row: adopted and rotated, and at one step of each something happens ---
# A row has a host, and what stands before it (ssh_front.py), whose port the definition names.
read -r -a PORTS < <(sshd_quiet_ports 40)
NEXT_PORT=0
declare -A KIND ACCESS LINE FRONT LISTENER HOST EVENT ID RELEASED CRASHED
ROWS=() HOSTS=()
listens() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
# process PORT COMMAND...: until somebody listens there
process() {
	local port=$1 us=$BASHPID; shift
	setpriv --pdeathsig TERM -- sh -c "$MORTAL" "$us" "$@" & HOSTS+=($!)
	tokens_until 20 listens "$port"
}
# host NAME OPTION...: a sshd in the folder NAME; its port and process in the files `port` and `process` there.
host() {
	local name=$1 port=${PORTS[NEXT_PORT++]}; shift
	mkdir -p "$name"
	(SSHD_PORT=$port; sshd_start "$name" "$@"; echo "${SSHD_PIDS[-1]}" > "$name/process"; exec sleep 6000) & HOSTS+=($!)
	tokens_until 20 test -s "$name/process"
	echo "$port" > "$name/port"
}
event() { echo "$2" > "$1/event.new"; rm -f "$1/event.met"; mv "$1/event.new" "$1/event"; }
# row NAME KEY_TYPE ACCESS LINE OPTION...: LINE is what stands before the key
row() {
	local name=$1 front=${PORTS[NEXT_PORT++]}
	ROWS+=("$name") KIND[$name]=$2 ACCESS[$name]=$3 LINE[$name]=$4; shift 4
	host "$name" "$@"
	town_lists "path $PWD/$name/sshd"
	event "$name" none
	process "$front" "$LIB/ssh_front.py" "$front" "$(cat "$name/port")" "$name/event"
	FRONT[$name]=$front LISTENER[$name]=$(cat "$name/process") HOST[$name]=$(cut -d' ' -f1,2 "$name/sshd/host_key.pub")
	[ -z "${HOST_KEY:-}" ] || HOST[$name]=$(cut -d' ' -f1,2 "$HOST_KEY.pub")
}
keys_of() { echo "$1/sshd/authorized_keys"; }
lets_in() { SSHD_PORT=$(cat "$1/port") login "$2" > /dev/null; } # lets_in ROW KEY: at the host itself
debts_of() { db "SELECT count(*) FROM debts d JOIN secrets s ON s.id = d.secret WHERE s.name = '$1' AND d.state <> 'retired'"; }
escrow_of() { # the file of the debt of SECRET is there
	[ -s "$VAULT/escrow/$(db "SELECT lower(hex(d.id)) FROM debts d JOIN secrets s ON s.id = d.secret WHERE s.name = '$1' AND d.state <> 'retired'")" ]
}
is_stored() { [ "$(db "SELECT count(*) FROM secrets WHERE name = '$1' AND newest > 0")" = 1 ]; }
pay_all() { # when all hosts are back
	local name tries=0
	for name in "${ROWS[@]}"; do event "$name" none; done
	while [ "$(owed)" != 0 ] && [ $((tries += 1)) -le 6 ]; do town_due; halligan rotate --all > rotate.log 2>&1; town_settled; done
	is "when the hosts are back, all is paid and nothing is escrowed" "$(owed)$(escrows)" 00
}
# reachable ROW KEY WHAT: by KEY, or by what a ceremony opens later (CRASHED: the file as it is now).
reachable() {
	CRASHED[$1]=
	if lets_in "$1" "$2" 2> /dev/null; then ok "$3: the account is reachable by the old key" true
	else cp "$(keys_of "$1")" "$1/crashed"; CRASHED[$1]=$3; fi
}
# opens ROW SECRET: a ceremony opens it, and it is what stood there when something happened.
opens() {
	ok "$1: a night" night "$2"
	mv released "$1/released"
	ok "$1: the key that was sealed opens the account" lets_in "$1" "$1/released"
	[ -z "${CRASHED[$1]}" ] || ok "${CRASHED[$1]}: the account was reachable by it" \
		grep -qF "$(ssh-keygen -y -P '' -f "$1/released" | cut -d' ' -f2)" "$1/crashed"
	CRASHED[$1]= ID[$1]=$(newest)
}
# A liar, from connection N on: nothing that it says counts.  Where all was over before, it is not met.
no_liar_paid() { # ROW SECRET WHAT
	[ -e "$1/event.met" ] || { ok "$3: it was met" false; return; }
	case ${EVENT[$1]} in
	port* | replay*)
		is "$3: the debt stands" "$(debts_of "$2")" 1
		ok "$3: its escrow is kept" escrow_of "$2" ;;
	esac
}
adopt_all() { # adopt_all ROUND
	local name key
	for name in "${ROWS[@]}"; do
		key=$name/old-$1
		ssh-keygen -q -t "${KIND[$name]}" -N '' -C "$name" -f "$key"
		printf '%s%s\n' "${LINE[$name]}" "$(cat "$key.pub")" > "$(keys_of "$name")"
		printf '{"host":"127.0.0.1","port":%d,"user":"%s","host_key":"%s","authorized_keys":"%s","access":"%s"}\n' "${FRONT[$name]}" \
			"$SSHD_USER" "${HOST[$name]}" "$PWD/$(keys_of "$name")" "${ACCESS[$name]}" > "$name/target.json"
		event "$name" "${EVENT[$name]}"
		adopt "$name-$1" "$key" "$name/target.json" > "$name/adopt.log" 2>&1 || :
		town_settled
		reachable "$name" "$key" "$name, adopted, ${EVENT[$name]}"
		if is_stored "prod/$name-$1"; then no_liar_paid "$name" "prod/$name-$1" "$name, adopted, ${EVENT[$name]}"
		else
			ok "$name, not adopted, ${EVENT[$name]}: it was met, and nothing changed there" \
				bash -c "[ -e $name/event.met ] && grep -qF '$(cut -d' ' -f2 "$key.pub")' $(keys_of "$name")"
			event "$name" none
			ok "... and when the host is back, it is" adopt "$name-$1" "$key" "$name/target.json"
		fi
	done
	pay_all
	for name in "${ROWS[@]}"; do
		is "$name: the key that it was adopted with is in no file any more" "$(grep -cF "$(cut -d' ' -f2 "$name/old-$1.pub")" "$(keys_of "$name")")" 0
		opens "$name" "prod/$name-$1"
		is "$name: the key is of the kind that was found" "$(ssh-keygen -y -P '' -f "$name/released" | cut -d' ' -f1)" "$(cut -d' ' -f1 "$name/old-$1.pub")"
	done
}
rotate_all() { # rotate_all ROUND
	local name
	for name in "${ROWS[@]}"; do
		event "$name" "${EVENT[$name]}"
		as alice done "${ID[$name]}" > "$name/done.log" 2>&1 || :
		town_settled
		reachable "$name" "$name/released" "$name, rotated, ${EVENT[$name]}"
		no_liar_paid "$name" "prod/$name-$1" "$name, rotated, ${EVENT[$name]}"
		RELEASED[$name]=$name/released-$1
		mv "$name/released" "${RELEASED[$name]}"
	done
	pay_all
	for name in "${ROWS[@]}"; do
		refused "$name: the released key opens nothing" lets_in "$name" "${RELEASED[$name]}"
		# Each of them where every round is taken; else those of which nothing else tells.
		[ -n "${CRASHED[$name]}" ] || [ "${HALLIGAN_SWEEP:-}" = all ] || continue
		opens "$name" "prod/$name-$1"
		ok "$name: done" as alice done "${ID[$name]}"
	done
}

for name in first_key host_ecdsa; do ssh-keygen -q -t "$([ $name = host_ecdsa ] && echo ecdsa || echo ed25519)" -N '' -f $name; done
printf 'Authenticated to 127.0.0.1\nroot@x: Permission denied (publickey).\n' > lies
"$LIB/ssh_liar.py" disconnect 'bye\nAuthenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\nroot@t: Permission denied (publickey).' > words.port & HOSTS+=($!)
"$HALLIGAN_BUILD/tests/scenarios/ssh-host" first_key first > first.port & HOSTS+=($!)
tokens_until 20 test -s words.port -a -s first.port
row plain ed25519 ssh ''
row banner ed25519 ssh '' "Banner \"$PWD/lies\""
row forced ed25519 local 'command="echo Permission denied",no-pty '
HOST_KEY=host_ecdsa row kinds rsa ssh '' "HostKey \"$PWD/host_ecdsa\"" "HostKeyAlgorithms ecdsa-sha2-nistp256" \
	"PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256"
row files ed25519 ssh '' "AuthorizedKeysFile \"$PWD/files/sshd/authorized_keys\" \"$PWD/nobodys\""
CRASHES=${#ROWS[@]}
# Who takes their port: by words, with another host key, by what the host said before, and a twin that has its key and knows nobody.
for liar in words first replay twin; do row $liar ed25519 ssh ''; done
mkdir -p far/sshd; cp twin/sshd/host_key* far/sshd; host far
ROUNDS=6
for ((round = 0; round < ROUNDS; round++)); do
	# The first one by the plain suite.
	case ${HALLIGAN_SWEEP:-} in
	all) ;;
	*/*) [ $((${HALLIGAN_SWEEP%/*} % ROUNDS)) -eq $round ] || continue ;;
	*) [ $round -eq 0 ] || continue ;;
	esac
	from=(9 6 2 4 8 10)
	for ((i = 0; i < ${#ROWS[@]}; i++)); do
		name=${ROWS[i]}
		[ "${ACCESS[$name]}" = local ] && last=5 || last=10 # connections of a rotation
		at=$((1 + (5 * i + 2 * round + 6) % last))
		if [ $i -lt $CRASHES ]; then
			case $(((i + round) % 4)) in
			0) EVENT[$name]="kill $at serve.*$VAULT" ;;
			1) EVENT[$name]="session $at ${LISTENER[$name]}" ;;
			2) EVENT[$name]="rotator $at serve.*$VAULT" ;;
			3) EVENT[$name]="gone $at" ;;
			esac
		elif [ "$name" = replay ]; then EVENT[$name]="replay ${from[round]}"
		else EVENT[$name]="port ${from[round]} $(cat "$([ "$name" = twin ] && echo far/port || echo "$name.port")")"
		fi
	done
	adopt_all $round
	rotate_all $round
	taken=$((${taken:-0} + 2 * ${#ROWS[@]}))
done
echo "# $taken of $((2 * ROUNDS * ${#ROWS[@]})) cases"
is "each row was adopted and rotated" $((taken % (2 * ${#ROWS[@]}))) 0
ok "... once, or in each round" [ "$taken" -ge $((2 * ${#ROWS[@]})) ]
kill "${HOSTS[@]}"

# --- A4: a host that takes no key of the kind that is asked for, which it does not tell before ---
sshd_stop
sshd_start "$TOKENS_DIR" "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256"
key old_rsa rsa
target "$SSHD_PORT" ssh
python3 -c 'import json; t = json.load(open("far.json")); t["key_type"] = "ed25519"; json.dump(t, open("far.json", "w"))'
adopt rsa old_rsa far.json > rsa.log 2>&1
is "RSA alone: the new key was never let in, and the old one stays" "$(debt)" applying
like "which is said" "$(cat rsa.log)" 'still accepts the old one alone'
is "the escrow is kept" "$(escrows)" 1
ok "it opens the account" login old_rsa
halligan rotate prod/rsa > rsa.log 2>&1
ok "whatever is tried" login old_rsa
sshd_stop
sshd_start "$TOKENS_DIR"
paid "when the host takes it, it is paid" prod/rsa
refused "the old key opens nothing" login old_rsa
sshd_stop

# --- a second AuthorizedKeysFile ---
sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$TOKENS_DIR/second.pub\""
ssh-keygen -q -t ed25519 -N '' -f second
target "$SSHD_PORT" ssh
ok "a secret is defined" town_define prod/second --policy production --rotator ssh-key --effect "root on second" --target-json far.json
remember
told "a key that another file lets in is not adopted" 5 'second AuthorizedKeysFile.*authorized_keys2' adopt second second far.json
unchanged "nothing was stored, and nothing changed there"
sshd_stop

# It has the key, too: the debt is not paid while it lets the old key in.
cat second.pub > also.pub; cat second.pub >> "$SSHD_AUTHORIZED"
sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$TOKENS_DIR/also.pub\""
adopt also second far.json > also.log 2>&1
like "a key that another file lets in, too: its debt stands" "$(debt)" '^(withdrawing|watched)$'
like "which is said" "$(cat also.log)" 'still|could not be taken away'
is "the escrow is kept" "$(escrows)" 1
ok "the old key opens the account" login second
: > also.pub
paid "when it is out of that file, it is paid" prod/also
refused "the old key opens nothing" login second
sshd_stop

# --- A5: a full disk, again and again ---
mkdir small
town_lists "path $PWD/small"
mount -t tmpfs -o size=64k,mode=700 none small || tap_skip "no small disk can be mounted"
sshd_start "$TOKENS_DIR" "AuthorizedKeysFile \"$PWD/small/keys\""
SSHD_AUTHORIZED=$PWD/small/keys
ssh-keygen -q -t ed25519 -N "" -f full
for access in local ssh; do
	target "$SSHD_PORT" $access
	yes "$(cat second.pub)" | head -n 100 > small/keys; cat full.pub >> small/keys
	ok "$access: adopted" adopt "full-$access" full far.json
	ok "$access: a night" night "prod/full-$access"
	head -c 1M /dev/zero > small/fill 2> /dev/null
	told "$access: a full disk: unchanged, not rejected" 5 'No space left' as alice done "$(newest)"
	made=$(versions)
	town_due; halligan rotate "prod/full-$access" > full.log 2>&1
	is "$access: tried again, no further value was made" "$(versions) $(debt)" "$made applying"
	is "$access: the escrow is kept" "$(escrows)" 1
	ok "$access: the account is reachable" login released
	rm small/fill
	paid "$access: with room the same value goes through" "prod/full-$access"
	refused "$access: the released key opens nothing" login released
done

ok "the log verifies" halligan log verify
umount small
tap_end
