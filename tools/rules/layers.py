# SPDX-License-Identifier: Apache-2.0
"""Rules about the house: who may include what, and that nothing is left out of a build or a test list."""
import os
import re

from rules.tree import Finding, line_of, without_directives

# The layers below each folder, whose one public header it may include.
BELOW = {
    "base": (),
    "crypto": ("base",),
    "jose": ("base", "crypto"),
    "net": ("base",),
    "db": ("base",),
    "http": ("base", "db"),
    "model": ("base", "crypto", "jose", "db", "http"),
    "oauth": ("base", "crypto", "jose", "net", "db", "http", "model"),
    "api": ("base", "crypto", "jose", "net", "db", "http", "model", "oauth"),
    "web": ("base", "crypto", "jose", "net", "db", "http", "model", "oauth"),
    "posternd": ("base", "crypto", "jose", "net", "db", "http", "model", "oauth", "api", "web"),
    "client": ("base", "crypto", "jose", "net"),
    "cli": ("base",),
}
# Which folders may use a library or a part of the system; what is not named here is libc and free to all.
SYSTEM = {
    "microhttpd.h": ("http", "cli"),
    "sqlite3.h": ("db",),
    "libpq-fe.h": ("db",),
    "openssl/": ("crypto", "jose"),
    "argon2.h": ("crypto",),
    "qrencode.h": ("web",),
    "jansson.h": ("base",),
    "curl/": ("net",),
    "sys/socket.h": ("net", "http", "oauth", "posternd", "cli"),
    "netdb.h": ("net", "http", "oauth", "posternd", "cli"),
    "netinet/": ("net", "http", "oauth", "cli"),
    "arpa/": ("net", "crypto", "http", "oauth", "cli"),
    "sys/epoll.h": ("http",),
    "poll.h": ("db", "http", "oauth", "client", "cli"),
    "signal.h": ("posternd", "http", "cli"),
    "sys/prctl.h": ("posternd",),
    "syslog.h": (),
}
PROTOTYPE = r"^(?!static\b|typedef\b|return\b)([a-z]\w*[^\n;{}=()]*?[\s*])(\w+)\([^;{}]*\)[^;{}]*;"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def includes(tree):
    """No `..` (a test may reach a header of tests/); other folders only by their public header, and only those below; libraries by the table."""
    for path in tree.c_files():
        text, folder = tree.uncommented(path), folder_of(path)
        for match in INCLUDE.finditer(text):
            line, kind, name = line_of(text, match.start()), match[1], match[2]
            target = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if ".." in name.split("/") and not (path.startswith("tests/") and target.startswith("tests/")):
                yield Finding(path, line, f"{name}: include paths do not climb")
            elif folder is None:
                continue
            elif kind == '"':
                yield from _quoted(tree, path, line, folder, name)
            else:
                for header, folders in SYSTEM.items():
                    if name.startswith(header) and folder not in folders:
                        yield Finding(path, line, f"<{name}> belongs to {', '.join(folders) or 'no folder'}")


def _quoted(tree, path, line, folder, name):
    if os.path.exists(tree.full(os.path.join(os.path.dirname(path), name))) or name.endswith((".inc", ".def")):
        return
    owner = name[:-2] if name.endswith(".h") else name
    if owner in BELOW and owner not in BELOW.get(folder, ()):
        yield Finding(path, line, f"{folder} does not stand on {owner}")
    elif owner not in BELOW and any(p.startswith("src/") and p.endswith("/" + name) for p in tree.paths):
        yield Finding(path, line, f"{name} is private to its folder")


def prototypes(tree):
    """No bare prototype: what another file has is in a header. `extern const` is what the build embeds."""
    for path in tree.files(".c", under=("src/",)):
        code = without_directives(tree.code(path))
        for match in re.finditer(PROTOTYPE, code, re.M):
            yield Finding(path, line_of(code, match.start()), f"a prototype of {match[2]} outside a header")
        for match in re.finditer(r"^[ \t]*extern\b(?!\s+const\b)", code, re.M):
            yield Finding(path, line_of(code, match.start()), "`extern` outside a header")


def listed(tree):
    """Every .c below src is in its folder's meson.build."""
    for path in tree.files(".c", under=("src/",)):
        build = os.path.join(os.path.dirname(path), "meson.build")
        if build not in tree.paths or f"'{os.path.basename(path)}'" not in tree.text(build):
            yield Finding(path, 1, f"{build} does not list it")


def registered(tree):
    """Every unit test, store test and fuzz target is in its folder's meson.build."""
    for path in tree.files(".c", under=("tests/",)):
        folder, name = os.path.split(path)
        known = re.fullmatch(r"(test|fuzz)_(\w+)\.c", name)
        build = os.path.join(folder, "meson.build")
        if not known:
            continue
        text = tree.text(build) if build in tree.paths else ""
        if f"'{known[2]}'" not in text and f"'{name}'" not in text:
            yield Finding(path, 1, f"{build} does not run it")
        if known[1] == "fuzz" and not tree.files("", under=(f"{folder}/seeds/{known[2]}/",)):
            yield Finding(path, 1, f"no seeds in {folder}/seeds/{known[2]}/")


def cases(tree):
    """Every test function is in its program's list."""
    for path in tree.files(".c", under=("tests/",)):
        code = tree.code(path)
        if not re.search(r"\bcmocka_run_group_tests", code):
            continue
        for match in re.finditer(r"^(?:static )?void (\w+)\(void \*\*\w+\)\s*\{", code, re.M):
            if len(re.findall(rf"\b{match[1]}\b", code)) < 2:
                yield Finding(path, line_of(code, match.start()), f"{match[1]} is never run")


def err_type(tree):
    """What raises or hands up an `err` returns the enum: on it clang warns of unused results."""
    for path in tree.files(".c", under=("src/",)):
        for function in tree.functions(path):
            returns = function.returns.replace("static", "").replace("inline", "").strip()
            if returns.split()[-1:] == ["err"]:
                continue
            raised = re.search(r"\breturn\s+(ERR_\w+|fail\s*\(|fail_say\s*\()|\bTRY\s*\(", function.body)
            if raised and returns != "enum err":
                yield Finding(path, function.first, f"{function.name} returns `{returns}` where it means err")
