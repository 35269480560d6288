/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes with names that say what they are for. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>

/* The caller may not ignore the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Arguments are checked like printf's: FORMAT_AT is the format's position, FIRST the first
 * argument's. */
#define FORMAT_LIKE(format_at, first) __attribute__((format(printf, format_at, first)))

/* Run FUNCTION on the address of the variable when it leaves its scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Defines NAME for CLEANUP of a pointer to TYPE, which DESTROY frees. */
#define DESTRUCTOR(name, type, destroy)                                                            \
	static inline void name(type **object)                                                     \
	{                                                                                          \
		if (*object != NULL)                                                               \
			destroy(TAKE(*object));                                                    \
	}

/* Hand over what a variable owns, by pointer or as a struct: its value moves out, and the variable is empty
 * afterwards (NULL, all zero). */
#define TAKE(owner)                                                                                \
	__extension__({                                                                            \
		__typeof__(owner) taken_ = (owner);                                                \
		(owner) = (__typeof__(owner)){0};                                                  \
		taken_;                                                                            \
	})

/* Leave the function with the error of CALL, if it has one. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		enum err_code try_code_ = (call);                                                  \
		if (try_code_ != ERR_OK)                                                           \
			return try_code_;                                                          \
	} while (0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
