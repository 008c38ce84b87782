/*
 * The ledger is closed after each case of each suite.
 */
#pragma once

/** closed_after_each_case() - from now on a case fails that leaves a byte in no row, or in two. */
void closed_after_each_case(void);
