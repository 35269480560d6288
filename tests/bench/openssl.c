/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bound of rows that measure whole processes:
 *
 *	usage: bench-openssl [agree=N] [verify=N] [sign=N] [check=N] [messages=N] [bytes=N]
 *
 * Prints the microseconds of CPU that OpenSSL takes for these (bound.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bound.h"

static uint64_t *
member(struct bound *bound, const char *name, size_t size)
{
	const struct {
		const char *name;
		uint64_t *value;
	} members[] = {{"agree", &bound->agree}, {"verify", &bound->verify}, {"sign", &bound->sign},
	    {"check", &bound->check}, {"messages", &bound->messages}, {"bytes", &bound->bytes}};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strlen(members[i].name) == size && strncmp(members[i].name, name, size) == 0)
			return members[i].value;
	return NULL;
}

int
main(int argc, char **argv)
{
	struct bound bound = {0};

	for (int i = 1; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');
		uint64_t *value =
		    equals != NULL ? member(&bound, argv[i], (size_t)(equals - argv[i])) : NULL;

		if (value == NULL) {
			fprintf(stderr, "bench-openssl: what is %s?\n", argv[i]);
			return 2;
		}
		*value = strtoull(equals + 1, NULL, 10);
	}
	double took = bound_measure(&bound);
	printf("%.1f\n", took);
	return took < 0;
}
