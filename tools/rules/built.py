# SPDX-License-Identifier: Apache-2.0
"""Rules about what the compiler made: no mutable globals, the hardening flags, clang-tidy."""
import glob
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from rules.tree import Finding

RELEASE, CLANG = "build/release", "build/clang-asan"
# Writable data that may be: name -> why.
MUTABLE = {
    "hashes": "crypto/evp.c: algorithms looked up in OpenSSL once in a process, constant afterwards",
    "aes": "crypto/evp.c: the same",
    "hash_once": "crypto/evp.c: the pthread_once_t of those",
    "aes_once": "crypto/evp.c: the same",
    "started": "crypto/evp.c: whether that went well",
    "start_once": "crypto/evp.c: the pthread_once_t of OpenSSL's start",
    "innermost": "base/memory.c: a thread's own way out when memory is exhausted; malloc has no context to find it in",
    "last": "client/error.c: a thread's own last failure, as postern.h promises; a call that gives no object has no other place",
    "interrupted": "cli/main.c: what the handler of Ctrl-C cancels; a signal handler has no argument",
}


def output(*command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.stdout, done.stderr, done.returncode


def globals_(tree):
    """No writable data in any object file: what threads share is passed, not found."""
    with tempfile.TemporaryDirectory() as temporary:
        objects = []
        if tree.example:
            for path in tree.files(".c"):
                objects.append(os.path.join(temporary, "x.o"))
                output("gcc", "-c", "-o", objects[-1], tree.full(path))
        else:
            objects = glob.glob(tree.full(f"{RELEASE}/src/**/*.o"), recursive=True)
            if not objects:
                yield Finding(RELEASE, 1, "is not built: ./test builds it")
        for path in objects:
            yield from _writable(tree, path)


def _writable(tree, path):
    sources = tree.files(".c", under=("src/",))
    for line in output("objdump", "-t", path)[0].splitlines():
        found = re.match(r"^[0-9a-f]+ .{7} (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if not found or int(found[2], 16) == 0 or not re.match(r"\.(t?data|t?bss)\b|\*COM\*", found[1]):
            continue
        name = found[3].split(".")[0]
        if found[1].startswith(".data.rel.ro") or found[3].startswith(".") or name in MUTABLE:
            continue
        owner = next((s for s in sources if path.endswith("/" + os.path.basename(s) + ".o")
                      and f"/{os.path.dirname(s)}/" in path), sources[0] if tree.example else path)
        yield Finding(owner, 1, f"`{name}` is a writable global ({found[1]})")


def hardening(tree):
    """The release program: PIE, full RELRO, stack protector, FORTIFY, no executable stack."""
    program = tree.full(f"{RELEASE}/src/posternd/posternd")
    with tempfile.TemporaryDirectory() as temporary:
        if tree.example:
            program = os.path.join(temporary, "program")
            output("gcc", "-no-pie", "-fno-stack-protector", "-Wl,-z,norelro,-z,execstack", "-o", program,
                   tree.full(tree.files(".c")[0]))
        if not os.path.exists(program):
            yield Finding(RELEASE, 1, "posternd is not built: ./test builds it")
            return
        name = tree.files(".c")[0] if tree.example else "meson.build"
        headers = output("readelf", "-W", "-h", "-l", "-d", program)[0]
        symbols = output("nm", "-D", program)[0]
    for good, what in (
            (re.search(r"Type:\s+DYN", headers), "PIE"),
            ("GNU_RELRO" in headers and re.search(r"\bNOW\b", headers), "full RELRO"),
            (re.search(r"GNU_STACK.* RW +0x", headers), "a stack that is not executable"),
            ("__stack_chk_fail" in symbols, "the stack protector"),
            ("_chk@" in symbols.replace("__stack_chk_fail", ""), "FORTIFY")):
        if not good:
            yield Finding(name, 1, f"the release program lacks {what}")


def tidy(tree):
    """clang-tidy with .clang-tidy, every warning an error."""
    paths = tree.files(".c") if tree.example else tree.files(".c", under=("src/",))
    config = "../../../.clang-tidy" if tree.example else ".clang-tidy"
    command = ["clang-tidy", "--quiet", f"--config-file={os.path.normpath(tree.full(config))}"]
    after = ["--", "-std=gnu11"]
    if not tree.example:
        if not os.path.exists(tree.full(f"{CLANG}/compile_commands.json")):
            yield Finding(CLANG, 1, "is not built: ./test builds it")
            return
        command, after = command + ["-p", tree.full(CLANG)], []

    def one(path):
        return output(*command, tree.full(path), *after)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = list(pool.map(one, paths))
    seen = set()
    for path, (out, errors, status) in zip(paths, results):
        found = re.findall(r"^(\S+?):(\d+):\d+: (?:error|warning): (.*)$", out, re.M)
        for file, line, message in found:
            full = file if os.path.isabs(file) else os.path.join(tree.full(CLANG), file)
            place = os.path.relpath(os.path.normpath(full), tree.root)
            message = re.sub(r",-warnings-as-errors", "", message)
            if (place, line, message) not in seen:
                seen.add((place, line, message))
                yield Finding(place, int(line), message)
        if status != 0 and not found:
            yield Finding(path, 1, f"clang-tidy failed: {(errors or out).strip()[-300:]}")
