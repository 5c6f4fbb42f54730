#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the catalogues of texts as C: texts.py OUTPUT.h OUTPUT.c en.txt [de.txt ...]

A line is `key = text`; '#' begins a comment line. The first file is the reference: another language that
lacks a key, has one too many, or other {placeholders}, ends the build."""
import os
import re
import sys

KEY = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def catalogue(path):
    texts = {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            key, equals, text = (part.strip() for part in line.partition("="))
            if not equals or not KEY.fullmatch(key) or not text:
                sys.exit(f"{path}:{number}: not `key = text`")
            if key in texts:
                sys.exit(f"{path}:{number}: {key} comes twice")
            if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
                sys.exit(f"{path}:{number}: a brace that is no {{placeholder}}")
            texts[key] = text
    return texts


def compare(path, texts, reference):
    for key in reference.keys() ^ texts.keys():
        sys.exit(f"{path}: {key} is {'missing' if key in reference else 'not in the reference'}")
    for key, text in texts.items():
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(reference[key])):
            sys.exit(f"{path}: {key} has other placeholders than the reference")


def constant(key):
    return "TEXT_" + re.sub(r"[^A-Z0-9]", "_", key.upper())


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(path, lines):
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(["/* Made by tools/texts.py. */", *lines]) + "\n")


def main(header, source, *files):
    languages = [(os.path.basename(path).removesuffix(".txt"), path, catalogue(path)) for path in files]
    reference = languages[0][2]
    for _, path, texts in languages:
        compare(path, texts, reference)
    if len({constant(key) for key in reference}) != len(reference):
        sys.exit("two keys have one constant")
    write(header, ["#ifndef POSTERN_TEXTS_H", "#define POSTERN_TEXTS_H", "enum text_key {",
                   *(f"    {constant(key)}," for key in reference), "    TEXT_COUNT", "};", "#endif"])
    out = ['#include "web_internal.h"']
    for tag, _, texts in languages:
        out.append(f"static const char *const texts_{tag.replace('-', '_')}[TEXT_COUNT] = {{")
        out.extend(f"    [{constant(key)}] = {quoted(text)}," for key, text in texts.items())
        out.append("};")
    out.append("const struct language languages[] = {")
    out.extend(f"    {{{quoted(tag)}, texts_{tag.replace('-', '_')}}}," for tag, _, _ in languages)
    out += ["    {NULL, NULL}};", "const char *const text_names[TEXT_COUNT] = {"]
    out += [f"    [{constant(key)}] = {quoted(key)}," for key in reference] + ["};"]
    write(source, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
