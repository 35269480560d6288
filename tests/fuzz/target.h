/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target: libFuzzer's entry, also called by replay.c.  Each target feeds one decoder and
 * aborts when what it accepts does not survive being written and read again.  To fuzz:
 *
 *	clang -fsanitize=fuzzer,address -D_GNU_SOURCE -I. tests/fuzz/fuzz_json.c base/[a-z]*.c \
 *	    -lcrypto -ljansson -o fuzz_json && ./fuzz_json tests/fuzz/corpus/json
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
