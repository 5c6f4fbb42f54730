#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference of libpostern, made from include/postern.h: what the header says is written nowhere else.

  tools/reference.py markdown [FILE]   docs/libpostern.md (default FILE)
  tools/reference.py man FILE          the manual page libpostern.3; the build makes and installs it
  tools/reference.py check             whether docs/libpostern.md is as the header says: exit status 0 or 1
"""
import os
import re
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADER = os.path.join(ROOT, "include", "postern.h")
PAGE = os.path.join(ROOT, "docs", "libpostern.md")


class Entry:
    """Declarations that share a comment: `code` as in the header, `text` as lines without comment marks."""

    def __init__(self, text):
        self.text, self.code = text, []

    def names(self):
        """What is declared, in order."""
        names, body = [], re.sub(r"/\*.*?\*/", "", "\n".join(self.code), flags=re.S)
        for part in re.split(r";\s*\n|;\s*$|\n(?=#define)", re.sub(r"\{.*?\n\}", "", body, flags=re.S)):
            part = part.strip()
            match = re.match(r"#define (\w+)", part) or re.match(r"(?:struct|enum) (\w+)\s*$", part) or re.search(r"(\w+)\(", part)
            if match and match[1] != "POSTERN_API":
                names.append(match[1] + ("()" if "(" in part and not part.startswith("#") else ""))
        return names


def comment_lines(raw):
    raw = re.sub(r"^/\* ?|\s*\*/$", "", raw.strip())
    return [re.sub(r"^\s*\* ?", "", line) if i else line for i, line in enumerate(raw.split("\n"))]


def read():
    """(intro, [(section, [Entry])]) of the header."""
    with open(HEADER, encoding="utf-8") as file:
        header = file.read()
    body = header[header.index("#define POSTERN_VERSION"):header.rindex("#ifdef __cplusplus")]
    intro = comment_lines(re.search(r"/\* libpostern:.*?\*/", header, re.S)[0])
    sections, entry, after_blank, lines = [("Version", [])], None, True, iter(body.split("\n"))
    for line in lines:
        title = re.match(r"/\* ---- (.*) ---- \*/", line)
        if title:
            sections.append((title[1][0].upper() + title[1][1:], []))
            after_blank = True
        elif not line.strip():
            after_blank = True
        elif line.startswith("/*"):
            raw = line
            while "*/" not in raw:
                raw += "\n" + next(lines)
            entry = Entry(comment_lines(raw))
            sections[-1][1].append(entry)
            after_blank = False
        else:
            if after_blank:
                entry = Entry([])
                sections[-1][1].append(entry)
            after_blank = False
            entry.code.append(line)
            while not complete(entry.code):
                entry.code.append(next(lines))
    return intro, [(title, merged(entries)) for title, entries in sections]


def complete(code):
    text = re.sub(r"/\*.*?\*/", "", "\n".join(code), flags=re.S)
    if text.split("\n")[-1].endswith("\\") or text.count("{") > text.count("}"):
        return False
    return text.rstrip().endswith(";") or code[-1].startswith(("#define", "    {"))


def merged(entries):
    """A comment that a blank line follows says something about all of its section: an entry without code."""
    return [e for e in entries if e.text or e.code]


def plain(code):
    """A declaration as a reader wants it: without the mark of what is exported."""
    return [re.sub(r"\s+\\$", " \\\\", re.sub(r"^POSTERN_API ", "", line)) for line in code if "define POSTERN_API" not in line]


def blocks(text):
    """Paragraphs, list items and code of a comment: (kind, lines)."""
    kind, found = None, []
    for line in text:
        now = None if not line.strip() else "code" if line.startswith("    ") else "item" if line.startswith("- ") else "text"
        if now == "text" and kind == "item" and line.startswith("  "):
            now = "more"
        if now is None:
            kind = None
        elif now == kind and now != "item" or now == "more":
            found[-1][1].append(line.strip() if now != "code" else line[4:])
        else:
            kind = now
            found.append((now, [line.strip() if now != "code" else line[4:]]))
    return found


def markdown():
    intro, sections = read()
    out = ["# libpostern", "",
           "Made from `include/postern.h` by `tools/reference.py markdown`: change the header, not this page. The same text is",
           "the manual page libpostern(3).", ""]

    def prose(text):
        for kind, lines in blocks(text):
            if kind == "code":
                out.extend(["```c", *lines, "```", ""])
                continue
            words = " ".join(lines).replace("<", "\\<")
            if kind == "item":
                words = words[2:]
            wrapped = textwrap.wrap(words, 98, break_long_words=False, break_on_hyphens=False)
            out.extend([("- " if kind == "item" and not i else "  " if kind == "item" else "") + w for i, w in enumerate(wrapped)])
            out.append("")

    prose(intro)
    for title, entries in sections:
        out.extend([f"## {title}", ""])
        for entry in entries:
            code = plain(entry.code)
            if code:
                names = ", ".join(f"`{n}`" for n in entry.names())
                out.extend([f"### {names}", "", "```c", *code, "```", ""])
            prose(entry.text)
    return "\n".join(out).rstrip() + "\n"


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def man():
    intro, sections = read()
    out = ['.\\" SPDX-License-Identifier: Apache-2.0', '.\\" Made from postern.h by tools/reference.py.',
           '.TH LIBPOSTERN 3 "" "Postern" "Library Functions Manual"', ".SH NAME",
           "libpostern \\- client of a CXone\\-compatible identity and API\\-access platform", ".SH SYNOPSIS", ".nf",
           "#include <postern.h>", ".PP", "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs postern)", ".fi"]

    def prose(text):
        for kind, lines in blocks(text):
            if kind == "code":
                out.extend([".PP", ".in +4n", ".nf", *map(roff, lines), ".fi", ".in"])
            elif kind == "item":
                out.extend([".IP \\(bu 2", roff(" ".join(lines)[2:])])
            else:
                out.extend([".PP", roff(" ".join(lines))])

    out.append(".SH DESCRIPTION")
    prose(intro)
    for title, entries in sections:
        out.append(f".SH {title.upper()}")
        for entry in entries:
            code = plain(entry.code)
            if code:
                out.extend([".PP", ".nf", *map(roff, code), ".fi"])
            if entry.text and code:
                out.append(".RS 4")
            prose(entry.text)
            if entry.text and code:
                out.append(".RE")
    out.extend([".SH SEE ALSO", "postern(1), postern\\-profile(5), posternd(8)"])
    return "\n".join(out) + "\n"


def main():
    what, files = sys.argv[1:2], sys.argv[2:]
    if what == ["check"] and not files:
        with open(PAGE, encoding="utf-8") as file:
            if file.read() != markdown():
                sys.exit("docs/libpostern.md is not as include/postern.h says: run tools/reference.py markdown")
    elif what == ["markdown"] and len(files) < 2 or what == ["man"] and len(files) == 1:
        with open(files[0] if files else PAGE, "w", encoding="utf-8") as file:
            file.write(man() if what == ["man"] else markdown())
    else:
        sys.exit(__doc__)


main()
