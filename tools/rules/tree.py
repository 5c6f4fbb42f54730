# SPDX-License-Identifier: Apache-2.0
"""The tree that rules look at: its files, their text with and without comments, their functions."""
import os
import re
from functools import lru_cache

SKIPPED = {".git", "build", "node_modules", "var", "__pycache__", "results"}
EXAMPLES = "tests/checks"


class Finding:
    def __init__(self, path, line, message, warning=False):
        self.path, self.line, self.message, self.warning = path, line, message, warning

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """`example`: a small bad tree of tests/checks, without a build directory."""

    def __init__(self, root, example=False):
        self.root, self.example = root, example
        self.paths = sorted(self._walk())

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED]
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), self.root)
                if self.example or not path.startswith(EXAMPLES + "/"):
                    yield path

    def files(self, *endings, under=("",)):
        return [p for p in self.paths if p.endswith(endings) and p.startswith(tuple(under))]

    def c_files(self, *under):
        return self.files(".c", ".h", under=under or ("src/", "tests/", "bench/", "include/"))

    def full(self, path):
        return os.path.join(self.root, path)

    @lru_cache(maxsize=None)
    def text(self, path):
        with open(self.full(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    @lru_cache(maxsize=None)
    def code(self, path):
        """Without comments, and with the insides of literals as spaces; lines and columns stay."""
        return blank(self.text(path), literals=True)

    @lru_cache(maxsize=None)
    def uncommented(self, path):
        return blank(self.text(path), literals=False)

    @lru_cache(maxsize=None)
    def functions(self, path):
        return list(functions(self.code(path)))


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, literals):
    def spaces(match):
        token = match[0]
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0] if literals else token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(spaces, text)


def without_directives(code):
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Function:
    def __init__(self, header, first, last, body):
        self.returns, self.name, self.parameters = " ".join(header[1].split()), header[2], header[3]
        self.first, self.last, self.body = first, last, body

    def length(self):
        return self.last - self.first + 1

    def parameter_count(self):
        flat, depth = "", 0
        for char in self.parameters:
            depth += {"(": 1, ")": -1}.get(char, 0)
            flat += "" if depth else char
        flat = flat.replace("...", "")  # what a macro fills in is not read as a parameter
        return 0 if flat.strip() in ("", "void") else flat.rstrip(", \n").count(",") + 1

    def nesting(self):
        """Blocks within blocks; the braces of initializers and of `switch` do not count, its cases do not indent."""
        stack, most, body = [], 0, self.body[1:]
        for match in re.finditer(r"[{}]", body):
            if match[0] == "}":
                if stack:
                    stack.pop()
                continue
            before = body[:match.start()].rstrip()
            block = before.endswith(")") and not re.search(r"\((struct|union|const|enum)[^()]*\)$", before) \
                and not re.search(r"\bswitch\s*\([^{};]*\)$", before)
            stack.append(block or before.endswith(("else", "do")))
            most = max(most, sum(stack))
        return most


def functions(code):
    """Definitions at depth 0 whose header ends in a parameter list."""
    code = without_directives(code)
    depth, start, opened, header = 0, 0, 0, None
    for match in re.finditer(r"[{};]", code):
        char, at = match[0], match.start()
        if char == "{":
            if depth == 0:
                text = code[start:at]
                found = re.match(r"\s*([\w\s*]*?[\s*])(\w+)\s*\((.*)\)\s*$", text, re.S)
                header = found if found and "=" not in text else None
                opened = at
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                if header:
                    begin = start + len(code[start:at]) - len(code[start:at].lstrip())
                    yield Function(header, line_of(code, begin), line_of(code, at), code[opened:at])
                start, header = at + 1, None
        elif depth == 0:
            start = at + 1
