#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command and hold it, and every process it starts from the same executable, at its very end:
the moment before the kernel takes its memory away (ptrace's PTRACE_EVENT_EXIT), when everything that
was ever freed is still there to be looked at.

usage: at_exit.py LIST COMMAND...     the process numbers of those held are written to LIST, one a
                                      line; those go on when LIST.next is made (which is removed, and
                                      LIST is empty again), all and for good when LIST is removed
"""
import ctypes, os, signal, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
CONT, SEIZE, LISTEN = 7, 0x4206, 0x4208
FORK, VFORK, CLONE, EXEC, EXIT, KILL = 0x2, 0x4, 0x8, 0x10, 0x40, 0x100000
EVENT_EXIT, EVENT_STOP = 6, 128

def ptrace(request, pid, data=0):
    return libc.ptrace(request, pid, None, ctypes.c_void_p(data))

def executable(pid):
    try: return os.readlink(f"/proc/{pid}/exe")
    except OSError: return ""

def main():
    held_list, command = sys.argv[1], sys.argv[2:]
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execv(command[0], command)
    os.waitpid(child, os.WUNTRACED)
    if ptrace(SEIZE, child, FORK | VFORK | CLONE | EXEC | EXIT | KILL) != 0: sys.exit("at_exit.py: cannot trace")
    os.kill(child, signal.SIGCONT)
    ours, held, status_of_child = os.path.realpath(command[0]), set(), 0
    open(held_list, "w").close()
    while True:
        released = not os.path.exists(held_list)
        if released or os.path.exists(held_list + ".next"):
            for pid in held: ptrace(CONT, pid)
            held.clear()
            if not released:
                open(held_list, "w").close()
                os.unlink(held_list + ".next")
        try: pid, status = os.waitpid(-1, 0x40000000 | os.WNOHANG)
        except ChildProcessError: break
        if pid == 0:
            time.sleep(0.005)
            continue
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if pid == child: status_of_child = status
            continue
        event, stop = status >> 16, os.WSTOPSIG(status)
        # The last thread of a process of ours: only then the whole process ends.
        if event == EVENT_EXIT and not released and executable(pid) == ours and os.path.exists(f"/proc/{pid}/task") \
                and len(os.listdir(f"/proc/{pid}/task")) == 1:
            held.add(pid)
            with open(held_list, "a") as file: file.write(f"{pid}\n")
            continue
        ptrace(CONT, pid, 0 if event else (0 if stop == signal.SIGTRAP else stop))
    return os.waitstatus_to_exitcode(status_of_child) & 255

sys.exit(main())
