/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth table's cells: in each state of a debt, for each verb that is asked there, each fault that the verb may have;
 * and each state as a place to be killed.
 */
#ifndef TESTS_UNIT_DEBTS_CELLS_H
#define TESTS_UNIT_DEBTS_CELLS_H

#include "tests/unit/debts/world.h"

/* Is FAULT at CALL, of the current scene, a cell that was not met so far? */
bool cell_is_new(const struct called *call, enum fault fault);

/* Each cell that can be met of STYLE and GRACE was, nothing was asked where nothing can be, and in each state somebody was killed;
 * WHOLE: in those, too, that no case without a fault comes to.  Prints what was not, and fails. */
void cells_expect(enum style style, uint32_t grace, bool whole);

#endif
