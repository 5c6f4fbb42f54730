#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the schema's SQL files as a C table of migrations: embed.py OUTPUT.c NNNN_name.sql ...
Or one file as text:                                      embed.py --text NAME OUTPUT.c FILE
Or the words of files, sorted, a line for each:           embed.py --words NAME OUTPUT.c FILE ...

Statements end with ';'. Comments stay outside; quoted text stays as it is."""
import os
import re
import sys

QUOTED = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)", re.S)


def statements(sql):
    text = ""
    for part in QUOTED.split(sql):
        if part.startswith(("'", '"')):
            text += part
        elif not part.startswith(("--", "/*")):
            *ended, part = re.sub(r"\s+", " ", part).split(";")
            for rest in ended:
                if (text + rest).strip():
                    yield (text + rest).strip()
                text = ""
            text += part
    if text.strip():
        sys.exit("a statement without ';' at the end: " + text.strip()[:60])


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def text(name, output, path):
    """A `const char NAME[]`, a literal for each line; the source that uses it declares it."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    out = [f"/* Made by tools/embed.py from {os.path.basename(path)}. */",
           f"extern const char {name}[];", f"const char {name}[] ="]
    out.extend(f"    {quoted(line)}" for line in lines)
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + ";\n")


def words(name, output, paths):
    """The same of words separated by white space; a line that begins with # is a comment."""
    found = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            found.update(word for line in f if not line.startswith("#") for word in line.split())
    out = ["/* Made by tools/embed.py from " + ", ".join(os.path.basename(p) for p in paths) + ". */",
           f"extern const char {name}[];", f"extern const unsigned long {name}_n;", f"const char {name}[] ="]
    lines = [word + "\n" for word in sorted(found, key=lambda w: w.encode())]
    out.extend(f"    {quoted(line)}" for line in lines)
    out[-1] += ";"
    out.append(f"const unsigned long {name}_n = sizeof {name} - 1;")
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


def main(output, files):
    numbers = []
    out = ["/* Made by tools/embed.py from src/db/schema. */", '#include "driver.h"', ""]
    rows = []
    for path in sorted(files, key=os.path.basename):
        name = os.path.basename(path)
        found = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", name)
        if not found:
            sys.exit(f"{path}: a migration is named NNNN_words.sql")
        number = int(found[1])
        if number in numbers:
            sys.exit(f"{path}: the number {number} is taken")
        numbers.append(number)
        with open(path, encoding="utf-8") as f:
            body = list(statements(f.read()))
        out.append(f"static const char *const migration_{number}[] = {{")
        out.extend(f"    {quoted(s)}," for s in body)
        out.extend(["    NULL,", "};", ""])
        rows.append(f'    {{.number = {number}, .name = {quoted(name)}, .statements = migration_{number}}},')
    out.append("const struct db_migration db_migrations[] = {")
    out.extend(rows)
    out.extend(["    {.number = 0, .name = NULL, .statements = NULL},", "};",
                f"const size_t db_migrations_n = {len(rows)};", ""])
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    if sys.argv[1] == "--text":
        text(*sys.argv[2:])
    elif sys.argv[1] == "--words":
        words(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main(sys.argv[1], sys.argv[2:])
