# SPDX-License-Identifier: Apache-2.0
"""Rules about SQL: where it stands, that it names its tenant, that the schema is the common subset."""
import re

from rules.tree import Finding, line_of

BEGINS = r"(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH)\s"
LITERAL = r'"(?:\\.|[^"\\\n])*"'
# Neighbouring literals, with macros between them.
RUN = re.compile(rf"{LITERAL}(?:\s*(?:{LITERAL}|[A-Z][A-Z0-9_]*(?!\s*\()))*")
TABLE = re.compile(r"\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)\s*\((.*?)\n\);?", re.S | re.I)


def tables(tree):
    """Name -> body of every table of the schema."""
    found = {}
    for path in tree.files(".sql", under=("src/db/schema/",)):
        text = re.sub(r"--[^\n]*", "", tree.text(path))
        for match in TABLE.finditer(text):
            found[match[1]] = match[2]
    return found


MACRO = re.compile(rf"^[ \t]*#[ \t]*define[ \t]+([A-Z][A-Z0-9_]*)[ \t\\\n]+((?:{LITERAL}|[A-Z][A-Z0-9_]*|[ \t]|\\\n)+)$", re.M)


def macros(tree, path):
    """Text that stands behind a name, in the file and the headers beside it."""
    folder = path.rsplit("/", 1)[0]
    found = {}
    for source in [p for p in tree.files(".h", under=(folder + "/",))] + [path]:
        for match in MACRO.finditer(tree.uncommented(source)):
            found[match[1]] = match[2]
    return found


def spelled(text, known, depth=0):
    parts = re.findall(rf"({LITERAL})|([A-Z][A-Z0-9_]*)", text)
    return "".join(literal[1:-1] if literal else spelled(known[name], known, depth + 1)
                   for literal, name in parts if literal or (name in known and depth < 5))


def statements(tree, path):
    text = tree.uncommented(path)
    known = macros(tree, path)
    for match in RUN.finditer(text):
        sql = spelled(match[0], known)
        if re.match(BEGINS, sql):
            yield line_of(text, match.start()), sql


def sql_place(tree):
    """SQL stands in model and db alone."""
    for path in tree.files(".c", ".h", under=("src/",)):
        if path.startswith(("src/model/", "src/db/")):
            continue
        for line, sql in statements(tree, path):
            if re.search(r"\b(FROM|SET|INTO)\b", sql):
                yield Finding(path, line, "SQL outside model")


USED = re.compile(r"\b(FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(?!(?:WHERE|SET|ON|JOIN|LEFT|INNER|CROSS|ORDER|GROUP|LIMIT|"
                  r"VALUES|RETURNING|USING|FOR|UNION|AND)\b)(\w+))?")


def unchosen(sql, scoped):
    """The tenants' tables in a statement whose rows are not chosen by tenant_id."""
    chooser = sql if sql.startswith("INSERT") else (re.split(r"\b(?:WHERE|ON)\b", sql, maxsplit=1) + [""])[1]
    for use in USED.finditer(sql):
        alias = re.escape(use[3]) if use[3] else None
        column = rf"\b{alias}\.tenant_id\b" if alias else r"\btenant_id\b"
        if use[2] in scoped and not re.search(column, chooser):
            yield use[2]


def sql_tenant(tree):
    """A statement on a tenant's table names tenant_id where it chooses its rows. `/* all tenants: why */` in the
    three lines above says that it means everyone's."""
    scoped = {name for name, body in tables(tree).items()
              if re.search(r"^\s*tenant_id\b", body, re.M) and not name.endswith("_index")}
    for path in tree.files(".c", ".h", under=("src/model/",)):
        lines = tree.text(path).split("\n")
        for line, sql in statements(tree, path):
            wrong = sorted(set(unchosen(sql, scoped)))
            if wrong and not any("/* all tenants:" in text for text in lines[max(0, line - 4):line]):
                yield Finding(path, line, f"{', '.join(wrong)}: the statement does not choose by tenant_id")


def sql_schema(tree):
    """BIGINT and TEXT only; a tenant's table leads its primary key with tenant_id."""
    for path in tree.files(".sql", under=("src/db/schema/",)):
        text = re.sub(r"--[^\n]*", lambda m: " " * len(m[0]), tree.text(path))
        for match in TABLE.finditer(text):
            for column in re.finditer(r"^\s*(\w+)\s+(\w+)", match[2], re.M):
                line = line_of(text, match.start(2) + column.start(1))
                if column[1].upper() in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"):
                    continue
                if column[2] not in ("BIGINT", "TEXT"):
                    yield Finding(path, line, f"{match[1]}.{column[1]}: {column[2]} is not BIGINT or TEXT")
            key = re.search(r"PRIMARY KEY\s*\(\s*(\w+)", match[2]) or \
                re.search(r"^\s*(\w+)\b[^\n]*PRIMARY KEY", match[2], re.M)
            scoped = re.search(r"^\s*tenant_id\b", match[2], re.M) and not match[1].endswith("_index")
            if scoped and (not key or key[1] != "tenant_id"):
                yield Finding(path, line_of(text, match.start()), f"{match[1]}: the primary key does not lead with tenant_id")
