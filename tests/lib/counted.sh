# SPDX-License-Identifier: Apache-2.0
# The shipped halligan with its calls counted (count_seam.c): source this file, after vault.sh, in a script that is
# alone.
#
#	counted_start		makes $COUNTED, to be run instead of $HALLIGAN
#	counted_zero
#	counted_numbers		one for each of COUNTED_NAMES, since then
#
# Only what $COUNTED starts has an /etc whose ld.so.preload names the library, but for rotators, which are shown none; what root lists
# for those is in it, too.  It ends when all that it started has.

COUNTED_NAMES=(mappings locked syncs processes threads checks frames apdus trips)

counted_start() {
	local seam
	seam=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios/libcount-seam.so
	COUNTED=$TOKENS_DIR/counted
	cp -a /etc etc
	echo "$seam" > etc/ld.so.preload
	cat > "$COUNTED" <<-END
	#!/bin/sh
	# shellcheck disable=SC2016
	exec "$(readlink -f "$HALLIGAN_BUILD")/tests/bench/bench-cost" "$PWD/counted.cost" unshare --mount --propagation private sh -c 'mount -n --bind /etc/halligan $PWD/etc/halligan && mount -n --rbind $PWD/etc /etc && exec "\$0" "\$@"' "$HALLIGAN" "\$@"
	END
	chmod 755 "$COUNTED"
	counted_zero
}
counted_zero() { head -c $((4 * ${#COUNTED_NAMES[@]})) /dev/zero > "$TOKENS_DIR/counts"; }
counted_numbers() { od -An -v -tu4 -w$((4 * ${#COUNTED_NAMES[@]})) "$TOKENS_DIR/counts" | sed 's/^ *//; s/  */ /g'; }
