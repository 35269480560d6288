/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/finding.h"

#include <stdarg.h>
#include <stdio.h>

const struct finding_row finding_rows[FINDINGS] = {
    [FIND_PROGRAM] = {"a vault would run the program", "no vault would run the program",
        "the vault refuses it, and every rotation with it",
        "correct its owner and mode (chown root, chmod 755); it is the file itself, no symbolic link"},
    [FIND_DESCRIPTION] = {"its description is sound", "its description is not sound",
        "no secret can be given to this rotator",
        "mend the file PROGRAM.json beside the program; rotators.md tells its members"},
    [FIND_TARGET] = {"the description knows such a target", "the target is wrong",
        "no secret can be given to this rotator with such a target",
        "correct that member of the target; the rotator itself was not tried"},
    [FIND_DESCRIBE] = {"describe answers what the description says",
        "describe does not answer what the description says",
        "a vault does not work with a rotator whose word is another than what was signed",
        "let the file and the answer say the same of this target"},
    [FIND_CHECK] = {"check finds all that it needs", "check refuses this target",
        "nothing else would be tried there", "do what it says, or correct the target"},
    [FIND_UNKNOWN_MEMBER] = {"a target with a member that it does not know is refused",
        "a target with a member that it does not know is not refused as the contract has it",
        "a misspelt member would be passed over, and something else changed than was meant",
        "answer refused to describe or check where the target has a member that you do not read; of more than "
        "nine reasons say nine"},
    [FIND_UNKNOWN_PROBE] = {"a target that it refuses makes no value dead",
        "for a target that it refuses it calls a value refused",
        "a misspelt target would pay a debt",
        "answer unreachable to probe where you cannot work with the target"},
    [FIND_PROBE_CURRENT] = {"the present value is accepted", "the present value is not accepted",
        "the value is wrong, the target is away, or probe is broken; nothing was changed",
        "try the value by hand, then look into probe"},
    [FIND_GENERATE] = {"generate gives a whole value", "generate gives no whole value",
        "no rotation gets beyond this",
        "write a credential with all fields that describe names on descriptor 5, then answer ok"},
    [FIND_GENERATE_FRESH] = {"generate gives another value each time",
        "generate gives a value that was there before",
        "who has seen the old value has seen the new one",
        "draw the secret from getrandom() or /dev/urandom each time"},
    [FIND_GENERATE_KEEPS] = {"generate keeps user name, address and note",
        "generate does not keep user name, address and note",
        "people would be shown a value without what belongs to it",
        "copy the fields of the current value that are not replaced"},
    [FIND_STRANGER] = {"a value that nobody brought there is not accepted",
        "a value that nobody brought there is not refused",
        "probe does not try the value: each rotation would look done, or none",
        "log in with that very value, at the target itself"},
    [FIND_UNPROVEN] = {"where neither value is accepted, none is called refused",
        "where neither value is accepted, probe does not answer denied",
        "any no (a locked account, a closed door) would pay a debt, and the old value would live on",
        "answer refused only when the other value, current or next, is accepted just then; else denied"},
    [FIND_VERB] = {"a verb that it does not know has no result",
        "a verb that it does not know has a result",
        "a later Halligan would take for done what was never done",
        "answer {\"result\":\"unsupported\"} to each verb that you do not know, or end"},
    [FIND_APPLY] = {"apply brings the next value there",
        "apply does not bring the next value there", "the debt stays open, and alarms",
        "do what it says; correct the target or apply"},
    [FIND_APPLY_NEXT] = {"after apply the next value is accepted",
        "after \"applied\" the next value is not accepted",
        "people would be handed a value that opens nothing",
        "answer applied only when the target has the next value, and unknown where you cannot know"},
    [FIND_APPLY_CURRENT] = {"after apply the old value is refused",
        "after \"applied\" the old value is not refused",
        "who has seen the old value can still use it, and the debt is never paid",
        "replace the old value; let probe prove its no with the next value, which is accepted now"},
    [FIND_APPLY_AGAIN] = {"an apply that comes again is applied",
        "an apply that comes again is not applied",
        "after a crash the vault asks again, and would never learn that it is done",
        "begin apply by looking whether the target has the next value already"},
    [FIND_APPLY_ALONE] = {"apply needs no current value, as identity ambient says",
        "without the current value, which identity ambient does not need, it is not replaced",
        "a value that nobody has seen could not be replaced without its officers",
        "let generate, apply and probe next go without the current value, or announce identity self"},
    [FIND_ADD] = {"add brings the next value beside the present one",
        "add does not bring the next value there", "the debt stays open, and alarms",
        "do what it says; correct the target or add"},
    [FIND_ADD_BOTH] = {"after add both values are accepted",
        "after \"added\" not both values are accepted",
        "add is there so that one value works whatever happens",
        "leave the current value alone, and answer added only when the target has the next one"},
    [FIND_ADD_AGAIN] = {"an add that comes again is added", "an add that comes again is not added",
        "after a crash the vault asks again, and would never learn that it is done",
        "begin add by looking whether the target has the next value already"},
    [FIND_WITHDRAW] = {"withdraw takes a value away", "withdraw does not take the value away",
        "the old value stays open, and the debt with it",
        "do what it says; correct the target or withdraw"},
    [FIND_WITHDRAW_NEXT] = {"after withdraw the other value is accepted",
        "after \"withdrawn\" the other value is not accepted",
        "withdraw took the value that people need away",
        "take away the current value alone, by what identifies it"},
    [FIND_WITHDRAW_CURRENT] = {"after withdraw the value is refused",
        "after \"withdrawn\" the value is not refused",
        "who has seen the old value can still use it, and the debt is never paid",
        "withdraw the value itself; let probe prove its no with the other value"},
    [FIND_WITHDRAW_AGAIN] = {"a withdraw that comes again is no failure",
        "a withdraw that comes again fails",
        "after a crash the vault asks again, and would never learn that it is done",
        "answer withdrawn where the target does not have the value any more"},
    [FIND_ISSUE] = {"issue gives a whole value", "issue gives no whole value",
        "the debt stays open, and alarms",
        "write what the target made on descriptor 5, with all fields that describe names, then answer issued"},
    [FIND_ISSUE_FRESH] = {"issue gives another value each time",
        "issue gives a value that was there before",
        "who has seen the old value has seen the new one",
        "let the target make a value of its own each time"},
    [FIND_ISSUE_BOTH] = {"after issue both values are accepted",
        "after \"issued\" not both values are accepted",
        "issue is there so that one value works whatever happens",
        "leave the current value alone, and answer issued only when the target takes the new one"},
    [FIND_ISSUE_AGAIN] = {"an issue that comes again leaves one value of that name",
        "an issue that comes again leaves the first value there",
        "after a crash a value that nobody has would stay open for ever",
        "begin issue by withdrawing all that has that name"},
    [FIND_ORPHANS] = {"withdraw orphans leaves the next value and the present one",
        "withdraw orphans does not leave the next value and the present one",
        "a clean-up after a crash would take the value away that people need",
        "withdraw what has that name and is not the next value"},
    [FIND_ORPHANS_ALL] = {"withdraw orphans takes away what nobody has",
        "withdraw orphans leaves what nobody has",
        "after a crash a value that nobody has would stay open for ever",
        "without a next value withdraw all that has that name"},
    [FIND_BACK] = {"the way back is the same", "the way back, with the values exchanged, fails",
        "some value that was good once is refused or kept",
        "compare what is there before and after; look for a list of former values"},
    [FIND_KILLED] = {"killed in the middle and asked again, it gets there",
        "killed in the middle and asked again, it does not get there",
        "a crash of the host would leave the old value, or none",
        "change in one step (write beside, sync, rename), and begin each verb by looking how far the last came"},
    [FIND_EXPEL] = {"expel ends the old sessions, or says that there are none",
        "expel is announced, and does not answer",
        "sessions of the old value go on, and the minutes say so",
        "answer ended or none, or announce it no longer"},
    [FIND_WARN] = {"warn tells the old sessions, or says that there are none",
        "warn is announced, and does not answer", "people lose their sessions without a word",
        "answer told or none, or announce it no longer"},
    [FIND_MINT] = {"mint gives a value that is accepted", "mint gives no value that is accepted",
        "nobody gets an account from it",
        "write the value on descriptor 5 before the answer minted, and when it works"},
    [FIND_UNMINT] = {"unmint takes away what was minted",
        "unmint does not take away what was minted", "a temporary account stays for ever",
        "take away all that has that name, then answer unminted"},
    [FIND_UNMINT_AGAIN] = {"an unmint that comes again is no failure",
        "an unmint that comes again fails",
        "after a crash the vault asks again, and would never learn that it is done",
        "answer unminted where nothing has that name any more"},
    [FIND_ENDS] = {"it ends within 2 s of its standard input",
        "it does not end within 2 s of its standard input",
        "the vault kills it, perhaps in the middle of its work",
        "end when a read gives the end of file"},
    [FIND_LEFT] = {"it leaves no process behind", "it leaves a process behind",
        "something goes on at the target after the vault has written down how it ended",
        "wait for what you start, and end it before you end"},
    [FIND_UNASKED] = {"it says only what was asked", "it says what nobody asked",
        "an answer too many is taken for the answer to the next question",
        "write one line for each question"},
    [FIND_ECHO_ANSWER] = {"no answer holds a value", "an answer holds a part of a value",
        "the vault drops the answer unseen, and the outcome is unknown",
        "never put a value into detail"},
    [FIND_FLOOD] = {"its standard error can be read to the end", "it floods its standard error",
        "nobody can find the cause of anything in it", "say there in a few lines what is wrong"},
    [FIND_ECHO_ERRORS] = {"no value stands on standard error", "a value stands on standard error",
        "it ends in somebody's log", "say there what is wrong, and never with what value"},
    [FIND_TOLD] = {"in the end the target can be asked which value it takes",
        "NOBODY CAN TELL WHICH VALUE THE TARGET TAKES NOW",
        "it may be the one that you gave, or one of this test",
        "keep the files that are named below; when it can be reached, try yours first, then those"},
    [FIND_RESTORED] = {"the value that you gave is accepted in the end",
        "THE VALUE THAT YOU GAVE IS NOT ACCEPTED ANY MORE",
        "the target has another one now, or lets nobody in",
        "keep the files that are named below: they hold all that the target may take"},
};

void
report_ok(struct report *report, enum finding finding)
{
	if (report->states[finding] == UNTRIED)
		report->states[finding] = HOLDS;
}

void
report_flush(struct report *report)
{
	for (int i = 0; i < FINDINGS; i++) {
		char line[512];

		if (report->states[i] != HOLDS)
			continue;
		(void)snprintf(line, sizeof(line), "ok: %s", finding_rows[i].holds);
		report->print(report->context, line);
		report->states[i] = SAID;
	}
}

/* What does not hold: CLAIM, what was seen, what it means, what to do. */
static void
tell(struct report *report, enum finding finding, const char *claim, const char *seen,
    const char *means, const char *cure)
{
	char line[2048];

	report->states[finding] = FAULT;
	report_flush(report); /* what came before it */
	report->wrong++;
	(void)snprintf(line, sizeof(line), "%s%s%s", claim, seen[0] == '\0' ? "" : ": ", seen);
	report->print(report->context, line);
	(void)snprintf(line, sizeof(line), "  it means: %s", means);
	report->print(report->context, line);
	(void)snprintf(line, sizeof(line), "  to do: %s", cure);
	report->print(report->context, line);
}

void
report_away(struct report *report, enum finding finding, const char *said)
{
	char claim[512];

	if (report->states[finding] == FAULT)
		return;
	(void)snprintf(claim, sizeof(claim), "NOT TRIED: %s", finding_rows[finding].holds);
	report->away++;
	tell(report, finding, claim, said,
	    "the target could not be tried: it is away, or takes no change, as the rotator says",
	    "see to the target and try again; where nothing is the matter with it, the rotator is wrong");
}

void
report_wrong(struct report *report, enum finding finding, const char *format, ...)
{
	const struct finding_row *row = &finding_rows[finding];
	char seen[1536], claim[512];
	va_list arguments;

	if (report->states[finding] == FAULT)
		return;
	va_start(arguments, format);
	(void)vsnprintf(seen, sizeof(seen), format, arguments);
	va_end(arguments);
	(void)snprintf(claim, sizeof(claim), "WRONG: %s", row->fault);
	tell(report, finding, claim, seen, row->means, row->cure);
}

bool
report_is(struct report *report, enum finding finding, bool holds, const char *said)
{
	if (holds)
		report_ok(report, finding);
	else
		report_wrong(report, finding, "%s", said);
	return holds;
}

void
report_note(const struct report *report, const char *format, ...)
{
	char text[1536], line[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(line, sizeof(line), "note: %s", text);
	report->print(report->context, line);
}
