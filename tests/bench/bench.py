#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rows of the bench (docs/BENCH.md explains each bound).
usage: bench.py names | check NAME... | needs NAME... | run BUILD KEPT [--json] NAME...

names: the rows and their groups.  needs: the kept vaults that these rows measure.  run: where tokens run already
(tests/bench/all)."""
import json, os, re, shutil, socket, subprocess, sys, time

sys.dont_write_bytecode = True
from measure import Failed, Result, cost, lines, print_head, print_json, seconds, table_of

SIZES = [10, 100, 1000, 10000, 100000]
TOWN = os.environ.get("TOKENS_DIR", "") # where `run` works
TARGET = TOWN + "/exec-prod-mail" # as the definition names it
SERIAL = {"ciso": 30000001, "secops": 30000002, "infra": 30000003, "alice": 30000006}
ROUNDS = 5
LONGEST = 30_000 # milliseconds of a command whose next size is left out, when it would take more
# A ceremony of 3 of 5, at the least: the request is checked by the server, three officers and the responder, each of
# three approvals by the server and the responder; the ceremony, the release and five checkpoints are signed by the
# host and checked by whoever comes; three shares are agreed upon with the token's peer, sealed again and opened, and
# the credential is sealed to the responder.
LEAST = ["agree=7", "verify=11", "sign=7", "check=10"]

class Vault:
    """A copy of a kept vault, on the same disk, with its target where the definition says."""
    def __init__(self, bench, name):
        self.bench, self.folder = bench, "%s/run/%s" % (bench.kept, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(os.path.dirname(self.folder), exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", "%s/%s" % (bench.kept, name), self.folder], check=True)
        subprocess.run(["sync", "-f", self.folder], check=True)
        self.run("status")
    def run(self, *words, seat=None, program=None, wanted=(0,), far=None):
        """FAR: by ssh to that host and port, and only how long it took, in seconds."""
        if os.path.lexists(TARGET): os.unlink(TARGET)
        os.symlink(self.folder + "/exec-prod-mail", TARGET)
        token = ["--serial", str(SERIAL[seat]), "--wait", "0s"] if seat else []
        command = [program or self.bench.halligan, *words, *token]
        environment = {"HALLIGAN_VAULT": ("ssh://" + far if far else "") + self.folder + "/vault", "XDG_STATE_HOME": self.folder + "/state"}
        return seconds(command, environment) if far else cost(self.bench.build, command, environment, wanted)
    def request(self, **how):
        return self.run("request", "prod/mail", "--reason", "mail is down", "--incident", "INC-1", "--for", "30m", seat="alice", **how)
    def approve(self, seat, **how): return self.run("approve", seat=seat, **how)
    def open(self, **how): return self.run("open", "--fd", "8", "--no-wait", seat="alice", **how)
    def done(self, **how): return self.run("done", seat="alice", **how)
    def ceremony(self, **how):
        """What each command costs, `done` last."""
        return {"request": self.request(**how), "approve": self.approve("ciso", **how), "approve 2": self.approve("secops", **how),
            "approve 3": self.approve("infra", **how), "open": self.open(**how), "done": self.done(**how)}

class Bench:
    def __init__(self, build, kept):
        self.build, self.kept, self.vaults, self.grown, self.broken = build, kept, {}, None, None
        self.halligan, self.source = build + "/cli/halligan", os.path.dirname(os.path.abspath(__file__))
    def vault(self, name):
        if name not in self.vaults: self.vaults[name] = Vault(self, name)
        return self.vaults[name]
    def start(self):
        """A start that does nothing: the least of any command."""
        return cost(self.build, [self.halligan, "--version"])
    def openssl(self, *what):
        """Milliseconds of CPU."""
        return float(lines(self.build + "/tests/bench/bench-openssl", *what)[0][0]) / 1000
    def program(self, name):
        return "%s/tests/bench/%s" % (self.build, name)
    def end(self):
        shutil.rmtree(self.kept + "/run", ignore_errors=True)

# ---- rows ----

def start(bench):
    result = Result()
    for _ in range(4 * ROUNDS):
        result.of("--version").add(bench.start().cpu, cost(bench.build, ["/usr/bin/openssl", "version"]).cpu)
    vault = bench.vault("base")
    for _ in range(2 * ROUNDS):
        ours = vault.run("status")
        result.of("status").add(ours.cpu, 2 * bench.start().cpu, ms=ours.wall)
    return result

def ceremony(bench):
    result = Result()
    vaults = {"fresh": bench.vault("base"), "old": bench.vault("old")}
    for _ in range(ROUNDS):
        for size, vault in vaults.items():
            starts = sum(bench.start().cpu for _ in range(5))
            costs = vault.ceremony()
            total = sum(c.cpu for name, c in costs.items() if name != "done")
            result.of(size).add(total, starts + bench.openssl(*LEAST), above=total - starts,
                ms=sum(c.wall for name, c in costs.items() if name != "done"),
                left_behind=sum(c.after for name, c in costs.items() if name != "done"))
    return result

def rotator_starts(bench, count):
    """The target's program, as often as the rotator runs it."""
    return sum(cost(bench.build, ["/etc/halligan/programs/exec-target", TARGET, "check"]).cpu for _ in range(count))

def done(bench):
    result = Result()
    for _ in range(ROUNDS):
        for size, name in (("fresh", "base"), ("old", "old")):
            vault = bench.vault(name)
            for step in (vault.request, *(lambda s=s: vault.approve(s) for s in ("ciso", "secops", "infra")), vault.open): step()
            began = bench.start().cpu
            ours = vault.done()
            result.of(size).add(ours.cpu, 3 * began + rotator_starts(bench, 5), above=ours.cpu - began, ms=ours.wall, KiB=ours.memory)
    return result

def met(log, since):
    """What sshd was asked, as bench-ssh is told: a word for each connection.  Of the commands behind a login those that replace
    the file are not known from others by the log: they are the longest, and there are two of them."""
    with open(log, errors="replace") as file:
        file.seek(since)
        text = file.read()
    by_port, order = {}, []
    def of(port):
        if port not in by_port: order.append(port)
        return by_port.setdefault(port, [])
    for line in text.splitlines():
        if found := re.match(r"Connection from \S+ port (\d+)", line): of(found[1])
        elif found := re.match(r"(Failed|Accepted) publickey for .* port (\d+) ", line): of(found[2]).append(found[1].replace("Failed", "D").replace("Accepted", "A"))
        elif found := re.match(r"Starting session: command for \S+ from \S+ port (\d+)", line): of(found[1]).append("C")
    return ["".join(by_port[port]) for port in order if by_port[port]]

def done_ssh(bench):
    """A rotation by the ssh-key rotator, on the bench's own sshd: time, since logins mostly wait for sshd."""
    result, vault = Result(), Vault(bench, "base")
    if not os.path.exists(bench.program("bench-ssh")):
        result.notes.append("no program bench-ssh was built")
        return result
    keys, log = os.environ["SSHD_AUTHORIZED"], os.environ["SSHD_FOLDER"] + "/log"
    for name in ("shell", "stray"): subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", TOWN + "/" + name], check=True)
    shutil.copyfile(TOWN + "/shell.pub", keys)
    for access in ("ssh", "local"):
        with open(TOWN + "/shell.json", "w") as file:
            json.dump({"host": "127.0.0.1", "port": int(os.environ["SSHD_PORT"]), "user": os.environ["SSHD_USER"],
                "host_key": os.environ["SSHD_HOST_KEY"], "authorized_keys": keys, "access": access}, file)
        shutil.copyfile(TOWN + "/shell.pub", keys)
        secret = "prod/" + access
        vault.run("secret", "add", secret, "--policy", "production", "--rotator", "ssh-key", "--effect", "a shell",
            "--target-json", TOWN + "/shell.json", "--field", "private-key=" + TOWN + "/shell", seat="infra")
        for _ in range(ROUNDS):
            vault.run("request", secret, "--reason", "no shell", "--incident", "INC-1", "--for", "30m", seat="alice")
            for seat in ("ciso", "secops", "infra"): vault.approve(seat)
            vault.open()
            since = os.path.getsize(log)
            ours = vault.done()
            time.sleep(0.2) # sshd's log of it
            asked = met(log, since)
            if access == "ssh":
                # Each change reads, and then writes, on a connection of its own: the one behind it.
                writes = [i for i, words in enumerate(asked) if words == "AC" and i > 0 and asked[i - 1] == "AC"]
                for i in writes[:2]: asked[i] = "AW"
            bound = float(lines(bench.program("bench-ssh"), os.environ["SSHD_PORT"], os.environ["SSHD_USER"], TOWN + "/admin", TOWN + "/stray",
                os.path.dirname(keys), *asked)[0][0])
            result.of(access).add(ours.wall, bound, logins=len(asked))
    return result

def isolation(bench):
    """A rotator that is started, checked and ended: isolated, beside the same as a child."""
    result = Result()
    checks = "/etc/halligan/programs/checks"
    for direct, isolated, processes, more in lines(bench.program("bench-isolation"), bench.build + "/rotators/halligan-rotate-exec",
            bench.build + "/daemon/starter/halligan-starter", checks, str(4 * ROUNDS)):
        result.of("exec").add(float(isolated) / 1000, float(direct) / 1000, processes=int(more), bare=int(processes))
    return result

def counts(bench):
    """One number a row: what scenario 79 holds to its table."""
    result = Result("calls")
    vault, names = bench.vault("base"), os.environ["COUNTED_WORDS"].split()
    def numbers():
        with open(TOWN + "/counts", "r+b") as file:
            got = file.read()
            file.seek(0)
            file.write(bytes(len(got)))
        return [int.from_bytes(got[i:i + 4], "little") for i in range(0, len(got), 4)]
    numbers()
    for name, step in (("request", vault.request), ("approve", lambda **how: vault.approve("ciso", **how)),
            (None, lambda **how: vault.approve("secops", **how)), ("approve-last", lambda **how: vault.approve("infra", **how)),
            ("open", vault.open), ("done", vault.done), ("status", lambda **how: vault.run("status", **how))):
        step(program=os.environ["COUNTED"])
        got = numbers()
        if name is None: continue
        most = allowed()[name]
        result.of(name).add(sum(got), sum(most), **dict(zip(names, got)))
    return result

def allowed():
    with open(os.path.dirname(os.path.abspath(__file__)) + "/../lib/costs.txt") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {row[0]: [int(x) for x in row[1:]] for row in rows}

GROWING = ("status", "request", "approve", "open", "secret-list", "reseal-list", "charter-status", "log-verify")

def grow(bench):
    """All rows that grow, measured together: what one command writes, the next one reads."""
    if bench.grown is not None: return bench.grown
    results, last = {name: Result() for name in GROWING}, {}
    def add(name, size, ours, starts):
        results[name].of(size).add(ours.cpu, 2 * starts, ms=ours.wall, KiB=ours.memory)
    def listing(name, vault, size, starts, *words):
        # What grows with the size is not waited for where it would take minutes.
        if last.get(name, 0) * (size / max(last.get(name + " size", size), 1)) > LONGEST:
            return
        ours = vault.run(*words)
        last[name], last[name + " size"] = ours.wall, size
        add(name, size, ours, starts)
    for turn in range(ROUNDS):
        last.clear()
        for size in SIZES:
            vault, starts = bench.vault(str(size)), bench.start().cpu
            add("status", size, vault.run("status"), starts)
            for name, ours in vault.ceremony().items():
                if name in results: add(name, size, ours, starts)
            if turn < 2 or size < 10000:
                listing("secret-list", vault, size, starts, "secret", "list")
                listing("reseal-list", vault, size, starts, "reseal", "--list")
                listing("charter-status", vault, size, starts, "charter", "status")
                listing("log-verify", vault, size, starts, "log", "verify")
    for result in results.values():
        result.grows = True
        result.notes = ["%d: left out, since it would take more than %d s" % (s, LONGEST // 1000) for s in SIZES if s not in result.series]
    bench.grown = results
    return results

def growing(name):
    def row(bench):
        if bench.broken: raise bench.broken # once is enough
        try: return grow(bench)[name]
        except Failed as failure:
            bench.broken = failure
            raise
    return row

def verify(bench):
    return samples(Result(), lines(bench.program("bench-verify"), bench.vault("nights").folder + "/vault", ROUNDS), 1000)

def audit(bench):
    result, vault = Result(), bench.vault("nights")
    [[_, leaves, _, bound]] = lines(bench.program("bench-verify"), vault.folder + "/vault", 1)
    ours = vault.run("log", "verify")
    result.of(int(leaves)).add(ours.cpu, float(bound) / 1000, ms=ours.wall, KiB=ours.memory)
    return result

FAR = 150 # milliseconds of a round trip

def connects(port):
    """Seconds of a round trip: a server that greets does so one and a half after the first packet."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection: connection.recv(1)
    return (time.monotonic() - began) / 1.5

def remote(bench):
    result, near, ports = Result("s"), os.environ["SSHD_PORT"], {"each its own": 2223, "ControlMaster": 2224, "made before": 2224}
    vault = bench.vault("base")
    relays = [subprocess.Popen([bench.source + "/far.py", str(FAR), str(port), near], stdout=subprocess.PIPE) for port in set(ports.values())]
    try:
        for relay in relays: relay.stdout.readline()
        vault.run("status", far="plain:" + near)
        for _ in range(2):
            for size, port in ports.items():
                far = "%s:%d" % ("plain" if size == "each its own" else "shared", port)
                if size == "made before": vault.run("status", far=far)
                costs = vault.ceremony(far=far)
                total = sum(took for name, took in costs.items() if name != "done")
                result.of(size).add(total, connects(port), **{name.replace(" ", "-"): took for name, took in costs.items() if name != "done"})
                subprocess.run(["ssh", "-O", "exit", "-p", str(port), "shared"], stderr=subprocess.DEVNULL)
    finally:
        for relay in relays: relay.terminate()
    return result

def samples(result, rows, scale):
    for _, size, ours, bound in rows:
        result.of(int(size) if size.isdigit() else size).add(float(ours) / scale, float(bound) / scale)
    return result

def reseal(bench):
    result = Result()
    for rounds, size in ((3, 100), (2, 1000), (1, 10000)):
        for _, _, ours, bound, time in lines(bench.program("bench-reseal"), rounds, size):
            each = 1000 * size
            result.of(size).add(float(ours) / 1000, float(bound) / 1000, each=float(ours) / each, ms=float(time) / 1000)
    result.grows = True
    return result

def seal(bench):
    """A table for people, of medians: each run of it gives a pair."""
    result = Result("us")
    if not os.path.exists(bench.program("bench-seal")):
        result.notes.append("no program bench-seal was built")
        return result
    for _ in range(ROUNDS):
        for words in lines(bench.program("bench-seal"), 100, bench.build):
            row = re.match(r"((?:seal|hashed,|verified,) .*?) ([0-9.]+) ([0-9.]+) [0-9]+% ", " ".join(words))
            if row: result.of(row[1].replace(",", "")).add(float(row[2]), float(row[3]))
    return result

def append(folder):
    """By turns with the bound, below FOLDER (None: where the build is)."""
    return lambda bench: samples(Result("us"), lines(bench.program("bench-store"), "samples", 60, folder or bench.build), 1)

# Name: group, what is measured, its bound, function, kept vaults.
ROWS = {
    "start": ("start", "CPU of `--version`, and of `status` on a small vault", "`openssl version`; two `--version` starts", start, ["base"]),
    "ceremony": ("night", "CPU of request, three approvals and open", "five `--version` starts and OpenSSL's operations", ceremony, ["base", "old"]),
    "done": ("night", "CPU of `done` with the exec rotator", "three `--version` starts and five of the target's program", done, ["base", "old"]),
    "done-ssh": ("night", "time of `done` with the ssh-key rotator, by access", "the same logins, commands and writes by libssh", done_ssh, ["base"]),
    "isolation": ("night", "time of a rotator from its start to its end, isolated", "the same as a child of ours", isolation, ["base"]),
    "counts": ("night", "calls of each command, in all and by kind", "tests/lib/costs.txt", counts, ["base"]),
    **{name: ("growth", "CPU of `%s`, by secrets" % name.replace("-", " "), "two `--version` starts", growing(name), [str(s) for s in SIZES]) for name in GROWING},
    "remote": ("remote", "seconds of request, three approvals and open over ssh", "a round trip, of 150 ms", remote, ["base"]),
    "verify": ("log", "CPU of recomputing the log's hashes, by leaves", "SHA-256 of the same bytes", verify, ["nights"]),
    "audit": ("log", "CPU of the command `log verify`, by leaves", "SHA-256 of the leaves' and nodes' bytes", audit, ["nights"]),
    "reseal": ("reseal", "CPU of the server, by secrets, 500 a ceremony", "OpenSSL's keys and agreements", reseal, []),
    "seal": ("seal", "CPU of sealing a version, and of hashing a log", "OpenSSL's keys and agreements; its SHA-256 of the same bytes", seal, []),
    "append": ("store", "time of a commit, by cells, on the build's disk", "bare SQLite that writes and syncs as much", append(None), []),
    "append-memory": ("store", "the same in memory, where a sync is nothing", "the same", append("/dev/shm"), []),
}

def chosen(names):
    """Rows by their own names or their groups', in order; all without names."""
    for name in names:
        if name not in ROWS and name not in {row[0] for row in ROWS.values()}:
            sys.exit("bench: no row or group called %s; ./run bench --help names them" % name)
    return [name for name, row in ROWS.items() if not names or name in names or row[0] in names]

def measured(bench, names, as_json):
    documents, failed = [], False
    if not as_json: print_head()
    for name in names:
        group, what, bound, function, _ = ROWS[name]
        try: document = function(bench).document()
        except Failed as failure:
            failed = True
            print("bench: %s: %s" % (name, failure), file=sys.stderr)
            continue
        documents.append({"name": name, "group": group, "what": what, "bound": bound, **document})
        if not as_json: table_of(name, document)
    if as_json: print_json(documents)
    return failed

def main(verb, *words):
    if verb == "names":
        for name, (group, what, bound, _, _) in ROWS.items(): print("\t%-14s %-9s %s; bound: %s" % (name, group, what, bound))
    elif verb == "check": chosen(words)
    elif verb == "needs": print(" ".join(dict.fromkeys(v for name in chosen(words) for v in ROWS[name][4])))
    else:
        build, kept, *names = words
        as_json = "--json" in names
        bench = Bench(build, kept)
        try: failed = measured(bench, chosen([n for n in names if n != "--json"]), as_json)
        finally: bench.end()
        sys.exit(failed)

main(*sys.argv[1:])
