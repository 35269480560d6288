# SPDX-License-Identifier: Apache-2.0
"""The source tree as lint reads it: files, includes, functions, and who knows whom."""
import os, re, shutil, subprocess

PRODUCT = ("base/", "vault/", "tokens/", "rotators/", "ceremony/", "cli/")

class Tree:
    def __init__(self, root, build=None):
        self.root, self.build, self.cache = os.path.abspath(root), build, {}
        listed = shutil.which("git") and subprocess.run(["git", "-C", self.root, "ls-files",
            "--cached", "--others", "--exclude-standard"], capture_output=True, text=True)
        if listed and listed.returncode == 0:
            names = listed.stdout.split("\n")
        else: # an exported tree, or no git
            names = [os.path.relpath(os.path.join(d, f), self.root)
                for d, _, fs in os.walk(self.root) for f in fs]
        self.names = sorted(n for n in set(names)
            if not n.startswith("build") and os.path.isfile(os.path.join(self.root, n)))

    def files(self, *suffixes, product=False):
        return [n for n in self.names if n.endswith(suffixes)
            and (not product or n.startswith(PRODUCT))]

    def text(self, name):
        if name not in self.cache:
            with open(os.path.join(self.root, name), encoding="utf-8") as file:
                self.cache[name] = file.read()
        return self.cache[name]

    def lines(self, name):
        return self.text(name).split("\n")

    def includes(self, name):
        """(kind, header) of each include: '"' is ours, '<' a library's."""
        return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', self.text(name), re.M)

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

def mangled(path):
    return path.replace("/", "_") + ".o"

def symbol_arrows(tree):
    """(unit, unit, symbol) by what the linker sees, for the objects of tree.build."""
    objects = {}
    for folder, _, names in os.walk(tree.build):
        inside = os.path.relpath(folder, tree.build)
        if inside.startswith("tests") or not folder.endswith(".p"): continue
        home = os.path.dirname(inside)
        sources = {mangled(os.path.relpath(n, home)): n
            for n in tree.files(".c", product=True) if n.startswith(home + "/")}
        objects.update({os.path.join(folder, n): sources[n] for n in names if n in sources})
    if not objects:
        raise SystemExit(f"lint: no objects of this tree in {tree.build}")
    listed = subprocess.run(["nm", "-A", *sorted(objects)], capture_output=True, text=True).stdout
    defined, wanted = {}, []
    for line in listed.splitlines():
        file, row = line.split(":", 1)
        kind, symbol = row.split()[-2:]
        if kind in "TDRBVW": defined[symbol] = unit(objects[file])
        elif kind == "U": wanted.append((unit(objects[file]), symbol))
    for user, symbol in wanted:
        if symbol in defined and defined[symbol] != user: yield user, defined[symbol], symbol

def include_arrows(tree):
    for name in tree.files(".c", ".h", product=True):
        for kind, header in tree.includes(name):
            if kind == '"' and unit(header) != unit(name): yield unit(name), unit(header), header

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
