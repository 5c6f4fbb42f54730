#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the schema's SQL files as a C table of migrations: embed.py OUTPUT.c NNNN_name.sql ...

A statement ends with ';' at the end of its line. Comments stay outside."""
import os
import re
import sys

TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.S)


def without_comments(sql):
    return TOKEN.sub(lambda m: "" if m[0].startswith(("--", "/*")) else m[0], sql)


def statements(sql):
    for part in re.split(r";[ \t]*(?:\n|$)", without_comments(sql)):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if lines:
            yield " ".join(lines)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
    main(sys.argv[1], sys.argv[2:])
