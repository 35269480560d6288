# SPDX-License-Identifier: Apache-2.0
"""The source tree as lint reads it: files and functions by their text; includes, declarations and
symbols by what the compiler and the linker say of them."""
import bisect, collections, concurrent.futures, functools, itertools, json, os, re, shlex, shutil, subprocess, tempfile

# An #include: by whom, as written, and which file of the tree that is (None: not ours).
Include = collections.namedtuple("Include", "by written target")
# Of an object file of the build: its source file, what nm says, and whether a program may write to it.
Symbol = collections.namedtuple("Symbol", "source name kind writable")
# A text that the compiler sees: macros, pieces and escapes put together.
Literal = collections.namedtuple("Literal", "file line text")

# What nm calls a symbol of somewhere else: a weak one, too.
USED = "Uwv"

def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)

@functools.cache
def exported(library):
    """The symbols that a shared library of the machine gives; none where it is not there."""
    path = run("gcc", "-print-file-name=" + library).stdout.strip()
    told = run("nm", "-D", "--defined-only", path).stdout if os.path.isabs(path) else ""
    return {line.split()[-1].split("@")[0] for line in told.splitlines()}

def preprocessing(command):
    """The words of a compiler's command, that it only preprocess."""
    words, kept = iter(shlex.split(command)), []
    for word in words:
        if word in ("-o", "-MF", "-MQ"): next(words)
        elif word not in ("-c", "-MD"): kept.append(word)
    return [*kept, "-E", "-dI", "-w"]

def parts(output):
    """(file, line, is that file entered here, text) of what the preprocessor says."""
    found = re.split(r'^# (\d+) "(.*?)"((?: \d)*)\n', output, flags=re.M)
    for at in range(1, len(found), 4):
        line, path, flags, text = found[at:at + 4]
        yield path, int(line), "1" in flags.split(), text

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

    @functools.cached_property
    def scripts(self):
        """What a line at its top says who runs, whatever it is called, and what others like it read."""
        return [n for n in self.names if n.endswith((".py", ".sh")) or self.begins(n, b"#!")]

    def begins(self, name, mark):
        with open(os.path.join(self.root, name), "rb") as file: return file.read(len(mark)) == mark

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

    @functools.cached_property
    def commands(self):
        """(source file of the product, its folder, how it is preprocessed): as the build does it, each time."""
        rows = [(name, self.root, [*self.compiler[:-1], name, "-E", "-dI", "-w"])
            for name in self.files(".c", product=True) if not self.build or name not in self.objects.values()]
        for row in self.rows if self.build else ():
            if row["source"] in self.files(".c", product=True):
                rows.append((row["source"], row["directory"], preprocessing(row["command"])))
        return rows

    def preprocessed(self):
        """(file, folder, the finished preprocessor) of each source file."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = pool.map(lambda row: self.preprocess(*row), self.commands)
            yield from ((name, folder, each) for (name, folder, _), each in zip(self.commands, done))

    def preprocess(self, _, folder, words):
        return run(*words, cwd=folder, errors="replace")

    def place(self, folder, path):
        """The name of a file of ours, None of another's."""
        name = os.path.relpath(os.path.join(folder, path), self.root)
        return None if name.startswith("..") or path.startswith("<") or not self.is_file(name) else name

    @functools.cache
    def is_file(self, name):
        return os.path.isfile(os.path.join(self.root, name))

    def meet(self, name, folder, done):
        """What the preprocessor met in the product's files: the includes, also those that a guard skips or a command
        line names, and (file, texts of it, each (line, text))."""
        if done.returncode != 0: self.unread[name] = done.stderr.splitlines()[0]
        before, places, includes, texts = "<", {}, set(), {}
        for path, line, entered, text in parts(done.stdout):
            if path not in places: places[path] = self.place(folder, path)
            here, by = places[path], name if before.startswith("<") else places[before]
            if entered and here and by not in (here, None): includes.add(Include(by, f'"{here}"', here))
            elif entered and before.startswith("<") and not path.startswith("<") and not path.endswith("stdc-predef.h"):
                includes.add(Include(name, f"<{path}>", None))
            before = path
            if here is None: continue
            for written in re.findall(r"^#(?:include|include_next|import) (.*?)(?: /\* clang .*)?$", text, re.M):
                includes.add(Include(here, written, self.resolved(here, written)))
            texts.setdefault(here, []).append((line, text))
        return includes, [(file, tuple(own)) for file, own in texts.items()]

    @functools.cached_property
    def met(self):
        """The same of all source files, and of each header that none includes; unread says which could not be read,
        and why."""
        self.unread, includes, texts = {}, set(), set()
        def add(more):
            includes.update(more[0])
            texts.update(more[1])
        for each in self.preprocessed(): add(self.meet(*each))
        seen = {include.target for include in includes}
        for name, done in self.each([n for n in self.files(".h", product=True) if n not in seen], "-E", "-dI", "-w"):
            add(self.meet(name, self.root, done))
        return includes, texts

    @functools.cached_property
    def includes(self):
        """Those of the product's files, also those that stand where no build looks."""
        found = set(self.met[0])
        for name in self.files(".c", ".h", product=True):
            text = re.sub(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|\\\n', lambda m: m[1] or " ", self.text(name), flags=re.S)
            for written in re.findall(r'^[ \t]*#[ \t]*(?:include|import)\s*(".*?"|<.*?>)', text, re.M):
                found.add(Include(name, written, self.resolved(name, written)))
        return sorted((i for i in found if not i.by.startswith("tests/")), key=lambda i: (i.by, i.written))

    @functools.cached_property
    def literals(self):
        """The texts in the product's files: of strings that stand side by side, and of characters in a list."""
        found = set()
        for name, own in self.met[1]:
            parts = [re.sub(r"^#.*", "", part, flags=re.M) for _, part in own]
            starts = [0, *itertools.accumulate(map(len, parts))]
            text = "".join(parts)
            for at, literal in literals(text):
                part = bisect.bisect(starts, at) - 1
                found.add(Literal(name, own[part][0] + text.count("\n", starts[part], at), literal))
        return sorted(found)

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
    def rows(self):
        """Of compile_commands.json, with the source file's name."""
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file: rows = json.load(file)
        for row in rows: row["source"] = os.path.relpath(os.path.join(self.build, row["file"]), self.root)
        return rows

    @functools.cached_property
    def objects(self):
        """{object file: its source file} of the build."""
        return {os.path.join(self.build, row["output"]): row["source"] for row in self.rows}

    @functools.cached_property
    def symbols(self):
        """Of the product's objects."""
        found, product = [], {o: s for o, s in self.objects.items() if s in self.files(".c", product=True)}
        writable, file = set(), None
        for line in run("objdump", "-hw", *product, check=True).stdout.splitlines():
            begun = re.match("(.*):     file format ", line)
            if begun: file = begun[1]
            elif "ALLOC" in line and "READONLY" not in line: writable.add((file, line.split()[1]))
        for line in run("nm", "-A", "-f", "sysv", *product, check=True).stdout.splitlines():
            words = [word.strip() for word in line.split("|")]
            if len(words) != 7: continue
            file, name = words[0].rsplit(":", 1)
            found.append(Symbol(product[file], name, words[2],
                words[6] == "*COM*" or (file, words[6]) in writable and not words[6].startswith(".data.rel.ro")))
        return found

    @functools.cached_property
    def defined(self):
        """{symbol that others may use: its source files}"""
        found = {}
        for symbol in self.symbols:
            if symbol.name in REPLACED: continue
            if symbol.kind not in USED and (symbol.kind.isupper() or symbol.kind in "iu"):
                found.setdefault(symbol.name, set()).add(symbol.source)
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

# Functions of the C library that one program has of its own (rotators/ssh/wipe.c).
REPLACED = {"free", "realloc"}

LITERALS = re.compile(r"""((?:"(?:\\.|[^"\\])*"\s*)+)|('(?:\\.|[^'\\])+'(?:\s*,\s*'(?:\\.|[^'\\])+')*)""", re.S)

def literals(text):
    """(where, text) of what the preprocessor left, which has no comments."""
    for found in LITERALS.finditer(text):
        mark = found[0][0]
        inner = "".join(re.findall(rf"{mark}((?:\\.|[^{mark}\\])*){mark}", found[0], re.S))
        yield found.start(), re.sub(r"\\(x[0-9a-fA-F]+|[0-7]{1,3}|.)", lambda m: unescaped(m[1]), inner, flags=re.S)

def unescaped(code):
    if code[0] == "x" and len(code) > 1: return chr(int(code[1:], 16) & 255)
    return chr(int(code, 8)) if code[0] in "01234567" else code

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
        if s.kind in USED and s.name in tree.defined})

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
