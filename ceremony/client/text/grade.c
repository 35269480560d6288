/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/grade.h"

const char *
grade_text(enum grade grade)
{
	static const char *const texts[] = {
	    [GRADE_REFUSED] = "the target refused the old value",
	    [GRADE_REFUSED_AFTER_GRACE] = "the target refused the old value, after its grace time",
	    [GRADE_COPIES_OPEN] =
	        "the target refused the old value; copies elsewhere still open with it",
	    [GRADE_NOT_TRIED] = "replaced, not tried: nobody had seen the old value",
	    [GRADE_ATTESTED] = "attested by people",
	    [GRADE_CANNOT_DIE] = "the old value goes on to work: its target cannot revoke it",
	};

	return texts[grade];
}

const char *
grade_sessions_text(enum rotation_sessions which)
{
	static const char *const texts[] = {
	    [ROTATION_SESSIONS_ENDED] = "sessions opened with it were ended",
	    [ROTATION_SESSIONS_NONE] = "no session was open with it",
	    [ROTATION_SESSIONS_CANNOT_TELL] =
	        "whether sessions opened with it go on is not known: look at them on the target",
	    [ROTATION_SESSIONS_STAY] =
	        "sessions opened with it may go on: such a target cannot end them",
	};

	return texts[which];
}
