# SPDX-License-Identifier: Apache-2.0
"""Rules about documents that promise something about the tree."""
import re

from rules.tree import Finding

MAP = "docs/security-tests.md"
KEYS = """redirect-exact no-open-redirect pkce-downgrade code-once refresh-once param-pollution mix-up 303 audience jwt
assertion scope ropc idor dead-means-dead enumeration privilege lockout steps fixation reset password proxy-headers
smuggling cors ssrf cache-key slow bombs secrets-once xss sql defaults constant-time storage-faults parsers static
hardening""".split()


def security_map(tree):
    """docs/security-tests.md has a row for every attack, with tests that exist or what it waits for."""
    if MAP not in tree.paths:
        yield Finding(MAP, 1, "is missing")
        return
    known = "\n".join(tree.text(p) for p in tree.paths
                      if p.startswith(("tests/", "tools/")) and not p.endswith((".md", ".json")) and "/seeds/" not in p)
    known += "\n".join(p for p in tree.paths if p.startswith(("tests/", "tools/")))
    rows = {}
    for number, line in enumerate(tree.text(MAP).split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        key = re.fullmatch(r"`([\w-]+)`", cells[0])
        if not line.startswith("|") or not key:
            continue
        rows[key[1]] = number
        if key[1] not in KEYS:
            yield Finding(MAP, number, f"there is no attack `{key[1]}`")
        tests = re.findall(r"`([^`]+)`", cells[1]) if len(cells) > 1 else []
        for test in tests:
            if not re.search(rf"(?<![\w-]){re.escape(test)}(?![\w-])", known):
                yield Finding(MAP, number, f"`{test}` is no test of the tree")
        if not tests and (len(cells) < 3 or not cells[2]):
            yield Finding(MAP, number, f"`{key[1]}` has neither a test nor what it waits for")
    for key in KEYS:
        if key not in rows:
            yield Finding(MAP, 1, f"`{key}` has no row")


CONFORMANCE = "docs/conformance.md"
PLAN_FILE = re.compile(r"tests/integration/conformance_(\w+)\.test\.mjs")
PLAN_LISTS = "tests/integration/lib/conformance_plans.mjs"
MODULE = r"oidcc-[a-z0-9-]+"


def conformance_lists(tree):
    """The lists of modules that the plans share, by name."""
    text = tree.text(PLAN_LISTS) if PLAN_LISTS in tree.paths else ""
    return {name: re.findall(f"'({MODULE})'", modules) for name, modules in re.findall(r"(\w+) = \[([^\]]*)\]", text)}


def conformance_map(tree):
    """docs/conformance.md has a row for every certification module of every plan that has a test, and no other."""
    tested, lists = {}, conformance_lists(tree)
    for path in tree.paths:
        plan = PLAN_FILE.fullmatch(path)
        if plan:
            for number, line in enumerate(tree.text(path).split("\n"), 1):
                shared = [module for name in re.findall(r"\w+", line) for module in lists.get(name, [])]
                for module in re.findall(rf"'({MODULE})'", line) + shared:
                    tested.setdefault((module, plan[1]), (path, number))
    if CONFORMANCE not in tree.paths:
        yield Finding(CONFORMANCE, 1, "is missing")
        return
    told = set()
    for number, line in enumerate(tree.text(CONFORMANCE).split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        module = re.fullmatch(rf"`({MODULE})`", cells[0])
        if not line.startswith("|") or not module:
            continue
        if len(cells) < 4 or not re.match(r"passes|not supported: \S", cells[3]):
            yield Finding(CONFORMANCE, number, f"`{module[1]}` neither passes nor says why it is not supported")
        for plan in re.findall(r"\w+", cells[1]) if len(cells) > 1 else []:
            told.add((module[1], plan))
            if (module[1], plan) not in tested:
                yield Finding(CONFORMANCE, number, f"`{module[1]}` has no test in the plan {plan}")
    for (module, plan), (path, number) in tested.items():
        if (module, plan) not in told:
            yield Finding(path, number, f"{CONFORMANCE} has no row of {module} in the plan {plan}")
