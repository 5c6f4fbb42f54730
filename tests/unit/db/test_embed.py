#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/embed.py: statements are split at ';', comments stay outside, names and numbers are checked."""
import os
import subprocess
import sys
import tempfile

EMBED = sys.argv[1]
SQL = """-- one; two
CREATE TABLE a ( -- it's a comment;
    b TEXT NOT NULL DEFAULT '--;
"x"' /* gone; */
);

INSERT INTO a VALUES ('a;b'); 
"""


def embed(directory, **files):
    paths = []
    for name, text in files.items():
        paths.append(os.path.join(directory, name + ".sql"))
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(text)
    out = os.path.join(directory, "out.c")
    done = subprocess.run([sys.executable, EMBED, out] + paths, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr
    with open(out, encoding="utf-8") as f:
        return f.read()


def expect(what, good):
    if not good:
        sys.exit("failed: " + what)


with tempfile.TemporaryDirectory() as d:
    made = embed(d, **{"0002_b": "SELECT 2;\n", "0001_a": SQL})
    expect("two statements", made.count("    \"") == 3)
    expect("comments are gone", "comment" not in made and "gone" not in made and "one" not in made)
    expect("quoted text stays", "'a;b'" in made and "'--;\\n" in made)
    expect("order of number", made.index(".number = 1") < made.index(".number = 2"))
    expect("count", "db_migrations_n = 2" in made)
    expect("a bad name is refused", "NNNN_words.sql" in embed(d, **{"1_a": "SELECT 1;\n"}))
    expect("an end without ; is refused", "without ';'" in embed(d, **{"0001_a": "SELECT 1\n"}))
    expect("a number taken twice is refused",
           "is taken" in embed(d, **{"0001_a": "SELECT 1;\n", "0001_b": "SELECT 1;\n"}))
