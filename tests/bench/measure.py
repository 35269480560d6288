# SPDX-License-Identifier: Apache-2.0
"""What rows of the bench are made of: a command's cost, samples beside those of a bound, growth, table and JSON."""
import json, math, os, platform, pty, re, select, statistics, subprocess, time

ANSWERS = ((re.compile(r"PIN[^\n]*: $"), "73920158\n"), (re.compile(r"[Tt]ype yes: $"), "yes\n"))
PATIENCE = 300 # seconds, for one command

class Failed(Exception):
    pass

class Cost:
    """Milliseconds of CPU of a command and of what it left behind, and until it ended; KiB of its largest process."""
    def __init__(self, line):
        own, after, wall, memory = (float(x) for x in line.split())
        self.own, self.after, self.wall, self.memory = own / 1000, after / 1000, wall / 1000, memory
        self.cpu = self.own + self.after

def answer(terminal, deadline, ended):
    """Be the person at TERMINAL until the command ends: closes it, or ENDED; returns the screen."""
    screen, fresh = "", ""
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.01)[0]:
            if ended(): return screen
            continue
        try: got = os.read(terminal, 65536)
        except OSError: got = b"" # its other side is closed
        if not got: return screen
        screen += got.decode(errors="replace")
        fresh += got.decode(errors="replace")
        for prompt, reply in ANSWERS:
            if prompt.search(fresh):
                os.write(terminal, reply.encode())
                fresh = ""
    raise Failed("still running after %d s: %s" % (PATIENCE, screen[-300:]))

def at_terminal(command, environment, wanted):
    """Run COMMAND on a terminal of its own, descriptor 8 open for what it opens."""
    status = []
    def ended():
        if not status:
            done, code = os.waitpid(pid, os.WNOHANG)
            if done: status.append(os.waitstatus_to_exitcode(code))
        return bool(status)
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(os.open("/dev/null", os.O_WRONLY), 8)
        os.execve(command[0], command, {**os.environ, "TERM": "dumb", **environment})
    try: screen = answer(terminal, time.monotonic() + PATIENCE, ended)
    finally: os.close(terminal)
    if not status: status.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    if status[0] not in wanted: raise Failed("%s: exit status %d: %s" % (" ".join(command[:4]), status[0], screen[-400:]))

def cost(build, command, environment={}, wanted=(0,)):
    """The Cost of COMMAND and of all that it starts."""
    report = os.environ["TOKENS_DIR"] + "/cost"
    at_terminal([build + "/tests/bench/bench-cost", report, *command], environment, wanted)
    with open(report) as file: return Cost(file.read())

def seconds(command, environment={}):
    """How long COMMAND took, whatever stays behind."""
    began = time.monotonic()
    at_terminal(command, environment, (0,))
    return time.monotonic() - began

def lines(program, *arguments):
    """What PROGRAM of the bench prints, in words."""
    done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0: raise Failed("%s ended with %d" % (os.path.basename(program), done.returncode))
    return [line.split() for line in done.stdout.splitlines()]

# ---- samples ----

class Series:
    """Pairs of one size: ours and the bound's, each pair taken one after the other."""
    def __init__(self, size):
        self.size, self.ours, self.bound, self.more = size, [], [], {}
    def add(self, ours, bound, **more):
        self.ours.append(ours)
        self.bound.append(bound)
        for name, value in more.items(): self.more.setdefault(name, []).append(value)
    def ratios(self):
        return [a / b for a, b in zip(self.ours, self.bound)]

def spread(values):
    """Between the quartiles."""
    values = sorted(values)
    return values[(3 * (len(values) - 1) + 2) // 4] - values[(len(values) - 1) // 4]

def exponent(points):
    """The slope of log y over log x, by least squares."""
    points = [(math.log(x), math.log(y)) for x, y in points]
    x, y = (statistics.fmean(p[i] for p in points) for i in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)

class Result:
    """Of one row.  UNIT is of ours and the bound's."""
    def __init__(self, unit="ms"):
        self.unit, self.series, self.notes, self.grows = unit, {}, [], False
    def of(self, size="-"):
        return self.series.setdefault(size, Series(size))
    def exponents(self):
        """Over all sizes, and of the last step alone, where what is the same at each size weighs least."""
        points = [(s.size, statistics.median(s.ours)) for s in self.series.values() if isinstance(s.size, int)]
        if not self.grows or len(points) < 2: return {}
        return {"exponent": exponent(points), "exponent_of_last_step": exponent(points[-2:])}
    def document(self):
        return {"unit": self.unit, **self.exponents(), "notes": self.notes, "sizes": [{
            "size": s.size, "samples": len(s.ours),
            "ours": {"min": min(s.ours), "median": statistics.median(s.ours)},
            "bound": {"min": min(s.bound), "median": statistics.median(s.bound)},
            "ratio": {"min": min(s.ratios()), "median": statistics.median(s.ratios()), "spread": spread(s.ratios())},
            **({"more": {k: statistics.median(v) for k, v in s.more.items()}} if s.more else {}),
        } for s in self.series.values()]}

# ---- what is printed ----

def figure(value):
    return "%.0f" % value if abs(value) >= 1000 else "%.3g" % value

HEAD = "%-16s %-18s %9s %9s  %7s %7s %7s  %s"

def table_of(name, document):
    for at, size in enumerate(document["sizes"]):
        ratio, more = size["ratio"], ["%s %s" % (k, figure(v)) for k, v in size.get("more", {}).items()]
        print((HEAD % (name if at == 0 else "", size["size"], figure(size["ours"]["median"]),
            figure(size["bound"]["median"]), figure(ratio["min"]), figure(ratio["median"]), figure(ratio["spread"]),
            ", ".join(more))).rstrip(), flush=True)
    if "exponent" in document:
        print("%-16s exponent %.2f, of the last step %.2f" % ("", document["exponent"], document["exponent_of_last_step"]), flush=True)
    for note in document["notes"]: print("%-16s %s" % ("" if document["sizes"] else name, note), flush=True)

def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"): model = line.split(":", 1)[1].strip()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}

def print_head():
    print("%(cpu)s, %(cores)d cores, Linux %(kernel)s, load %(load).1f" % machine())
    print(HEAD % ("row", "size", "ours", "bound", "min", "ratio", "spread", ""))

def print_json(rows):
    print(json.dumps({"machine": machine(), "rows": rows}, indent=1))
