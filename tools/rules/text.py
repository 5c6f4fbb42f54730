# SPDX-License-Identifier: Apache-2.0
"""Rules about single files: how they begin, how long they are, which words and calls they do not use."""
import re
import subprocess

from rules.tree import Finding, line_of

FILE_WARN, FILE_FAIL = 400, 800
FUNCTION_WARN, FUNCTION_FAIL = 40, 80
NESTING_WARN, NESTING_FAIL = 3, 4
PARAMETERS_WARN, PARAMETERS_FAIL = 5, 6
SOURCES = (".c", ".h", ".py", ".mjs", ".sh", ".sql", ".def", "meson.build")


def spdx(tree):
    """Every source file begins with its licence."""
    scripts = [p for p in tree.paths if "." not in p.rsplit("/", 1)[-1] and tree.text(p).startswith("#!")]
    for path in tree.files(*SOURCES) + scripts:
        lines = tree.text(path).split("\n", 2)
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        if "SPDX-License-Identifier: Apache-2.0" not in first:
            yield Finding(path, 1, "the first line is not the SPDX line")


def file_length(tree):
    """At most 800 lines a file; 400 are a warning."""
    for path in tree.files(".c", ".h", ".py", ".mjs", ".sh", ".sql", ".def"):
        lines = tree.text(path).count("\n")
        if lines > FILE_WARN:
            yield Finding(path, FILE_WARN + 1, f"{lines} lines: split it", warning=lines <= FILE_FAIL)


def function_length(tree):
    """At most 80 lines a function; 40 are a warning. Tables (initializers) are no functions."""
    for path in tree.files(".c"):
        for function in tree.functions(path):
            if function.length() > FUNCTION_WARN:
                yield Finding(path, function.first, f"{function.name}: {function.length()} lines",
                              warning=function.length() <= FUNCTION_FAIL)


def function_shape(tree):
    """At most 4 blocks within each other (3: warning) and 6 parameters (5: warning; then an options struct)."""
    for path in tree.files(".c"):
        for function in tree.functions(path):
            nesting, parameters = function.nesting(), function.parameter_count()
            if nesting > NESTING_WARN:
                yield Finding(path, function.first, f"{function.name}: blocks {nesting} deep", nesting <= NESTING_FAIL)
            if parameters > PARAMETERS_WARN and "struct MHD_Connection *" not in function.parameters:  # not our signature
                yield Finding(path, function.first, f"{function.name}: {parameters} parameters",
                              parameters <= PARAMETERS_FAIL)


def words(tree):
    """No unfinished work: it is finished or it is an issue."""
    unfinished = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
    for path in tree.files(".c", ".h", ".py", ".mjs", ".sh", ".sql", ".def", ".md", "meson.build"):
        if path.startswith("tools/rules/"):
            continue
        for match in re.finditer(rf"\b({unfinished})\b", tree.text(path)):
            yield Finding(path, line_of(tree.text(path), match.start()), f"{match[1]}: unfinished work")


BANNED = {
    "strcpy": "buf_z or str_copy", "strcat": "buf_z", "strncpy": "str_copy", "strncat": "buf_add",
    "stpcpy": "buf_z", "sprintf": "str_format or snprintf", "vsprintf": "vsnprintf", "strtok": "str_next",
    "strtok_r": "str_next", "gets": "nothing", "atoi": "str_int", "atol": "str_int", "atoll": "str_int",
    "strtol": "str_int", "alloca": "the arena", "rand": "ctx->random", "random": "ctx->random",
    "time": "ctx->now", "gettimeofday": "ctx->now_ms", "gmtime": "time_iso", "localtime": "time_iso",
    "system": "nothing", "popen": "nothing", "tmpnam": "mkstemp", "mktemp": "mkstemp",
    "sleep": "a condition", "usleep": "a condition",
}


def banned(tree):
    """Calls with a better one beside them (STYLE: strings, memory, time, randomness)."""
    # A program of bench or a test has no ctx of its own and may wait for another process.
    elsewhere = {"time", "sleep", "usleep", "strtol", "random", "rand", "atoi"}
    for path in tree.c_files():
        code = tree.code(path)
        for match in re.finditer(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED), code):
            if match[1] in elsewhere and not path.startswith("src/"):
                continue
            yield Finding(path, line_of(code, match.start()), f"{match[1]}(): use {BANNED[match[1]]}")


SECRET = r"\w*(?:secret|password|passwd|hmac|mac|digest|signature|verifier)"
COMPARED = re.compile(
    r"\b(memcmp|strcmp|strncmp|strcasecmp|str_eq|str_is|str_eq_nocase|str_compare)\s*\(((?:[^()]|\([^()]*\))*)\)")


def secret_compare(tree):
    """Secrets are compared in constant time: secret_equal. `/* public: why */` on the line says it is none."""
    for path in tree.c_files("src/"):
        code, lines = tree.code(path), tree.text(path).split("\n")
        for match in COMPARED.finditer(code):
            line = line_of(code, match.start())
            names = [n.lower() for n in re.findall(r"\w+", match[2])]
            guilty = [n for n in names if re.fullmatch(SECRET, n)]
            if guilty and "/* public:" not in lines[line - 1]:
                yield Finding(path, line, f"{match[1]}() on `{guilty[0]}`: use secret_equal")


def c_format(tree):
    """clang-format has nothing to change."""
    paths = tree.c_files()
    if not paths:
        return
    found = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=tree.root, text=True,
                           stderr=subprocess.PIPE, check=False).stderr
    places = {}
    for path, line in re.findall(r"^(\S+?):(\d+):\d+: error:", found, re.M):
        places.setdefault(path, set()).add(int(line))
    for path, lines in sorted(places.items()):
        yield Finding(path, min(lines), f"clang-format -i would change {len(lines)} places")


def scripts(tree):
    """Shell and Python scripts parse."""
    for path in tree.paths:
        text = tree.text(path) if "." not in path.rsplit("/", 1)[-1] or path.endswith((".sh", ".py")) else ""
        if text.startswith(("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh")):
            done = subprocess.run(["bash", "-n", tree.full(path)], text=True, stderr=subprocess.PIPE, check=False)
            if done.returncode != 0:
                line = re.search(r"line (\d+)", done.stderr)
                yield Finding(path, int(line[1]) if line else 1, "bash cannot read it")
        elif text.startswith("#!/usr/bin/env python3") or path.endswith(".py"):
            try:
                compile(text, path, "exec")
            except SyntaxError as error:
                yield Finding(path, error.lineno or 1, f"python cannot read it: {error.msg}")
