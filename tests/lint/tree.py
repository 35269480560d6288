# SPDX-License-Identifier: Apache-2.0
"""The source tree as lint reads it: files and functions by their text; includes, declarations and
symbols by what the compiler and the linker say of them."""
import collections, concurrent.futures, functools, json, os, re, shutil, subprocess, tempfile

# An #include: by whom, as written, and which file of the tree that is (None: not ours).
Include = collections.namedtuple("Include", "by written target")
# Of an object file of the build: its source file, and what nm says.
Symbol = collections.namedtuple("Symbol", "source name kind section")

def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)

class Tree:
    """Everything outside tests/ is product.  BUILD is meson's folder, whose objects are up to date."""
    def __init__(self, root, build=None):
        self.root, self.build = os.path.realpath(root), build and os.path.realpath(build)
        self.names = sorted(n for n in set(self.by_git() or self.by_walking())
            if os.path.isfile(os.path.join(self.root, n)))
        if not self.files(".c", product=True): raise SystemExit(f"lint: no source file in {self.root}")

    def by_git(self):
        """None in an exported tree, also when that lies in somebody else's repository, and without git."""
        git = ("git", "-C", self.root)
        if not shutil.which("git"): return None
        top = run(*git, "rev-parse", "--show-toplevel")
        if top.returncode != 0 or os.path.realpath(top.stdout.strip("\n")) != self.root: return None
        return run(*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard",
            check=True).stdout.split("\0")

    def by_walking(self):
        for folder, inner, names in os.walk(self.root):
            if "meson-private" in inner: inner[:] = names[:] = [] # of a build
            for name in names: yield os.path.relpath(os.path.join(folder, name), self.root)

    def files(self, *suffixes, product=False):
        return [n for n in self.names if n.endswith(suffixes)
            and not (product and n.startswith("tests/"))]

    @functools.cache
    def text(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as file: return file.read()

    def lines(self, name):
        return self.text(name).splitlines()

    @functools.cached_property
    def compiler(self):
        flags = run("pkg-config", "--cflags", "libpcsclite", "ykpiv", "libfido2").stdout.split()
        return ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I.", *flags, "-x", "c", "-"]

    def gcc(self, names, *arguments):
        """The finished gcc, for a file that only includes these."""
        return run(*self.compiler, *arguments, input="".join(f'#include "{name}"\n' for name in names), cwd=self.root)

    def each(self, names, *arguments):
        """(name, finished gcc) of each alone."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from pool.map(lambda name: (name, self.gcc([name], *arguments)), names)

    def resolved(self, by, written):
        """The file of ours that an #include means."""
        for folder in (os.path.dirname(by), "") if written[0] == '"' else ("",):
            path = os.path.relpath(os.path.join(self.root, folder, written[1:-1]), self.root)
            if not path.startswith("..") and os.path.isfile(os.path.join(self.root, path)): return path
        return None

    def including(self, names):
        """Includes of NAMES and of what they include, as the preprocessor meets them: all at once, and each alone
        only where one cannot be read."""
        ours, how = set(self.names), ("-E", "-dI", "-w")
        whole = self.gcc(names, *how)
        for name, done in [(None, whole)] if whole.returncode == 0 else self.each(names, *how):
            if done.returncode != 0: self.unread[name] = done.stderr.splitlines()[0]
            by = None
            for place, written in re.findall(
                    r'^#(?: \d+ "(.*?)"|(?:include|include_next|import) (.*))', done.stdout, re.M):
                if place: by = os.path.normpath(place)
                elif by in ours: yield Include(by, written, self.resolved(by, written))

    @functools.cached_property
    def includes(self):
        """Those of the product's files; unread says which the preprocessor could not read, and why."""
        self.unread = {}
        found = set(self.including(self.files(".c", product=True)))
        met = {include.target for include in found}
        found.update(self.including([n for n in self.files(".h", product=True) if n not in met]))
        return sorted((i for i in found if not i.by.startswith("tests/")), key=lambda i: (i.by, i.written))

    def prototypes(self, names):
        """(header, function) that NAMES, and what they include, declare; none where gcc takes them not."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
            if self.gcc(names, "-fsyntax-only", "-w", "-aux-info", file.name).returncode != 0: return None
            told = re.findall(r"^/\* (.*?):\d+:\w+ \*/ extern .*?(\w+) \((?!\*)", file.read(), re.M)
        return {(os.path.normpath(path), function) for path, function in told}

    @functools.cached_property
    def declared(self):
        """{header of the product: functions that it declares itself}"""
        found, rooms = {name: set() for name in self.files(".h", product=True)}, {}
        for name in found: rooms.setdefault(tuple(name.split("/")[:2]), []).append(name)
        for names in rooms.values(): # what is called alike in two rooms does not meet
            told = self.prototypes(names)
            if told is None: told = {pair for name in names for pair in self.prototypes([name]) or ()}
            for path, function in told:
                if path in found: found[path].add(function)
        return found

    @functools.cached_property
    def objects(self):
        """{object file: its source file} of the build."""
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
            return {os.path.join(self.build, row["output"]): os.path.relpath(os.path.join(self.build, row["file"]),
                self.root) for row in json.load(file)}

    @functools.cached_property
    def symbols(self):
        """Of the product's objects."""
        found, product = [], {o: s for o, s in self.objects.items() if s in self.files(".c", product=True)}
        for line in run("nm", "-A", "-f", "sysv", *product, check=True).stdout.splitlines():
            words = [word.strip() for word in line.split("|")]
            if len(words) != 7: continue
            file, name = words[0].rsplit(":", 1)
            found.append(Symbol(product[file], name, words[2], words[6]))
        return found

    @functools.cached_property
    def defined(self):
        """{symbol that others may use: its source files}"""
        found = {}
        for symbol in self.symbols:
            if symbol.kind in "TDRBCVW": found.setdefault(symbol.name, set()).add(symbol.source)
        return found

    def functions(self, name):
        """(first line of the body, lines between the braces, head and body)."""
        lines, start, last = self.lines(name), None, 0
        for number, line in enumerate(lines):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                yield start + 1, number - start - 1, "\n".join(lines[last:number + 1])
                start, last = None, number + 1

def code(text):
    """Without comments, and with empty strings."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', lambda m: '""' if m[0][0] == '"' else " ",
        text, flags=re.S)
    return re.sub(r"'(?:\\.|[^'\\\n])*'", "0", text)

def statements(text):
    """Semicolons outside the heads of for loops."""
    text, count, at = code(text), 0, 0
    for head in re.finditer(r"\bfor \(", text):
        if head.start() < at: continue
        count += text.count(";", at, head.start())
        depth, at = 1, head.end()
        while depth > 0 and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
    return count + text.count(";", at)

def unit(name):
    """A .c and its header are one unit."""
    return name.rsplit(".", 1)[0]

def include_arrows(tree):
    """(file, file, by what)"""
    return [(i.by, i.target, i.target) for i in tree.includes if i.target]

def symbol_arrows(tree):
    """The same by what the linker sees; the simulated token is a program of its own, and may call things alike."""
    def nearest(user, sources):
        return min(sorted(sources), key=lambda s: s.startswith("tokens/sim/") != user.startswith("tokens/sim/"))
    return sorted({(s.source, nearest(s.source, tree.defined[s.name]), s.name) for s in tree.symbols
        if s.kind == "U" and s.name in tree.defined})

def circles(arrows):
    """The strongly connected parts of more than one unit (Tarjan), each sorted."""
    graph = {}
    for user, used, _ in arrows: graph.setdefault(user, set()).add(used)
    index, low, stack, found = {}, {}, [], []
    def visit(at):
        index[at] = low[at] = len(index)
        stack.append(at)
        for to in sorted(graph.get(at, ())):
            if to not in index:
                visit(to)
                low[at] = min(low[at], low[to])
            elif to in stack:
                low[at] = min(low[at], index[to])
        if low[at] == index[at]:
            part = stack[stack.index(at):]
            del stack[stack.index(at):]
            if len(part) > 1: found.append(sorted(part))
    for at in sorted(graph):
        if at not in index: visit(at)
    return found
