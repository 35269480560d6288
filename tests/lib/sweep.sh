# SPDX-License-Identifier: Apache-2.0
# Sweeps over more cases than every run can afford, for scenarios: source this file (bash).  Tests that
# use it (or tests/unit/sweep.h) stand in meson's suite "sweep".
#
#	sweep_takes NUMBER STEP		does this run take the case of that number (from 1)?
#
# HALLIGAN_SWEEP says which: all of them (the full run); K/N, every N-th from the K-th on (CI, another K for
# each commit); when it is not set, every STEP-th, and what the scenario cannot do without (the plain suite).

sweep_takes() {
	case ${HALLIGAN_SWEEP:-} in
	all) return 0 ;;
	*/*) [ $((($1 - ${HALLIGAN_SWEEP%/*}) % ${HALLIGAN_SWEEP#*/})) -eq 0 ] ;;
	*) [ $(($1 % $2)) -eq 0 ] ;;
	esac
}
