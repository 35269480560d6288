#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command on a terminal of its own and answer its prompts, as a person would.

usage: terminal.py [--quiet] [--timeout S] [--indent TEXT] [--answer REGEX REPLY]...
                   [--always REGEX REPLY]... -- COMMAND...

Prompts of --answer are answered in the order given, each once; those of --always whenever they
come.  An --answer whose prompt never came is an error (exit 97), as is a command that still waits
after the timeout (98).  Otherwise the exit status is
the command's.  What the command wrote goes to standard output as it comes.
"""
import os, pty, re, select, signal, sys, time

def parse(arguments):
    quiet, timeout, indent, answers, always = False, 60.0, "", [], []
    while arguments and arguments[0] != "--":
        word = arguments.pop(0)
        if word == "--quiet": quiet = True
        elif word == "--timeout": timeout = float(arguments.pop(0))
        elif word == "--indent": indent = arguments.pop(0)
        elif word in ("--answer", "--always"):
            prompt = arguments.pop(0)
            (answers if word == "--answer" else always).append((re.compile(prompt, re.S), arguments.pop(0), prompt))
        else: sys.exit(f"terminal.py: unknown option {word}")
    return quiet, timeout, indent, answers, always, arguments[1:]

def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL) # who is interrupted ends by that, and so tells the shell
    quiet, timeout, indent, answers, always, command = parse(sys.argv[1:])
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.setdefault("TERM", "dumb")
        signal.signal(signal.SIGHUP, signal.SIG_DFL) # its terminal goes with us, though we may run under nohup
        os.execvp(command[0], command)
    deadline, seen, fresh = time.monotonic() + timeout, "", True
    def show(text):
        nonlocal fresh
        if quiet: return
        for piece in re.split(r"(?<=\n)", text.replace("\r\n", "\n")):
            if not piece: continue
            sys.stdout.write((indent if fresh else "") + piece)
            fresh = piece.endswith("\n")
        sys.stdout.flush()
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            waiting = f"; next prompt expected: {answers[0][2]}" if answers else ""
            print(f"\nterminal.py: still waiting after {timeout:.0f} s{waiting}\n{seen[-500:]}", file=sys.stderr)
            return 98
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        if not data: break
        text = data.decode("utf-8", "replace")
        seen += text
        show(text)
        while True:
            if answers and answers[0][0].search(seen):
                prompt, reply, _ = answers.pop(0)
            else:
                prompt, reply, _ = next((a for a in always if a[0].search(seen)), (None, None, None))
            if prompt is None: break
            seen = seen[prompt.search(seen).end():]
            os.write(terminal, (reply + "\n").encode())
    _, status = os.waitpid(pid, 0)
    if answers and os.waitstatus_to_exitcode(status) == 0:
        print(f"terminal.py: the prompt never came: {answers[0][2]}", file=sys.stderr)
        return 97
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

sys.exit(main())
