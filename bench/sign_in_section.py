# SPDX-License-Identifier: Apache-2.0
"""People's part of bench/run: the code flow of somebody who is signed in already, and a password login, over real sockets."""
import base64
import ctypes
import hashlib
import http.client
import json
import os
import queue
import re
import secrets
import sqlite3
import statistics
import threading
import time
import urllib.parse

CLIENT = "5c0f1a2e-7b64-4d0e-9c3a-b5f0c11d0001"  # of examples/demo.json: public, PKCE
REDIRECT = "http://127.0.0.1/callback"
USER = "beowulf@classics.example"
CONNECTIONS = 16
# Everything comes from one address here.
SETTINGS = ("--limit-sign-ins=0", "--limit-passwords=0", "--limit-credentials=0")


def declare(path, password):
    """The demonstration's user with a password that is known here."""
    with open(path) as f:
        declaration = json.load(f)
    for environment in declaration["environments"]:
        for tenant in environment["tenants"]:
            for employee in tenant.get("employees", []):
                if employee["emailAddress"] == USER:
                    employee["password"] = password
    with open(path, "w") as f:
        json.dump(declaration, f)


class Browser:
    """One keep-alive connection with a cookie jar."""

    def __init__(self, port, cookies=()):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.connect()
        self.host, self.cookies = f"localhost:{port}", dict(cookies)

    def ask(self, method, path, form=None, want=200):
        headers = {"Host": self.host, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != want:
            raise SystemExit(f"bench: {method} {path.split('?')[0]}: {answer.status} {text[:300]}")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return answer.getheader("Location"), text

    def post_page(self, path, fields):
        """What a person does with the page at path: fills in its form. The page that follows, or where the browser is sent."""
        _, page = self.ask("GET", path)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        location, _ = self.ask("POST", "/auth/login", {**hidden, **fields}, want=303)
        return location


def challenge():
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize(browser, s256, **more):
    query = urllib.parse.urlencode({"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid",
                                    "state": "s", "code_challenge": s256, "code_challenge_method": "S256", **more})
    location, _ = browser.ask("GET", f"/auth/authorize?{query}", want=303)
    return location


def code_of(location):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    if "code" not in query:
        raise SystemExit(f"bench: no code but {query}")
    return query["code"]


def sign_in(browser, password):
    verifier, s256 = challenge()
    page = authorize(browser, s256)
    page = browser.post_page(page, {"username": USER, "action": "next"})
    return verifier, code_of(browser.post_page(page, {"password": password, "action": "login"}))


def code_flow(browser, _password):
    verifier, s256 = challenge()
    code = code_of(authorize(browser, s256, prompt="none"))
    browser.ask("POST", "/auth/token", {"grant_type": "authorization_code", "client_id": CLIENT, "code": code,
                                        "redirect_uri": REDIRECT, "code_verifier": verifier})


def password_login(browser, password):
    sign_in(Browser(browser.connection.port), password)


def run(server, browsers, flow, password, seconds):
    """CPU of the server for each flow, and how long one takes, with all browsers at once."""
    end, times, failed = time.monotonic() + seconds, queue.Queue(), []

    def one(browser):
        try:
            while time.monotonic() < end:
                begin = time.perf_counter()
                flow(browser, password)
                times.put(time.perf_counter() - begin)
        except BaseException as e:  # told by the thread that waits
            failed.append(e)

    threads = [threading.Thread(target=one, args=(b,)) for b in browsers]
    before, begun = server.cpu_s(), time.perf_counter()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]
    cpu, taken_s = server.cpu_s() - before, time.perf_counter() - begun
    taken = sorted(times.queue)
    return {"cpu_us": cpu * 1e6 / len(taken), "rate": len(taken) / taken_s, "p50_us": taken[len(taken) // 2] * 1e6,
            "p99_us": taken[len(taken) * 99 // 100] * 1e6}


def hash_parameters(folder):
    """As the stored hash of the user says: argon2id, v, m (KiB), t, p."""
    with sqlite3.connect(os.path.join(folder, "postern.db")) as db:
        (text,) = db.execute("SELECT password_hash FROM employee_login WHERE password_hash IS NOT NULL LIMIT 1").fetchone()
    return re.match(r"\$(argon2id)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$", text).groups()


def hash_us(parameters):
    """One hash by the library alone, CPU."""
    library = ctypes.CDLL("libargon2.so.1")
    memory, passes, lanes = map(int, parameters[1:])
    out = ctypes.create_string_buffer(32)
    begin = time.thread_time()
    for _ in range(5):
        if library.argon2id_hash_raw(passes, memory, lanes, b"a password", ctypes.c_size_t(10), b"0123456789abcdef",
                                     ctypes.c_size_t(16), out, ctypes.c_size_t(32)) != 0:
            raise SystemExit("bench: argon2id_hash_raw failed")
    return (time.thread_time() - begin) * 1e6 / 5


def measure(server, folder, password, rsa_us, options):
    """rows by flow; `ratio` is to two signatures (access and id token) or to one hash, of the same round."""
    parameters = hash_parameters(folder)
    first = Browser(server.port)
    sign_in(first, password)
    browsers = [Browser(server.port, first.cookies) for _ in range(CONNECTIONS)]
    rounds = {"code_flow": [], "password_login": []}
    for _ in range(options.rounds):
        limits = {"code_flow": 2 * rsa_us(1), "password_login": hash_us(parameters)}
        for name, flow in (("code_flow", code_flow), ("password_login", password_login)):
            row = run(server, browsers, flow, password, options.seconds)
            rounds[name].append({**row, "limit_us": limits[name], "ratio": row["cpu_us"] / limits[name]})
    rows = {name: {k: statistics.median(r[k] for r in all_rounds) for k in all_rounds[0]} for name, all_rounds in rounds.items()}
    return {"hash": "{} m={} KiB, t={}, p={}".format(*parameters), "rows": rows, "rss_loaded_mb": server.rss_mb()}


def table(part):
    text = [f"\nPeople, {CONNECTIONS} browsers at once; passwords are hashed with {part['hash']}; memory {part['rss_loaded_mb']:.1f} MB",
            f"  {'':34} {'CPU us':>8} {'limit us':>9} {'x limit':>8} {'per second':>11} {'p50 ms':>8} {'p99 ms':>8}"]
    titles = {"code_flow": "authorize to tokens, signed in", "password_login": "password login, to the code"}
    for name, r in part["rows"].items():
        text.append(f"  {titles[name]:34} {r['cpu_us']:8.0f} {r['limit_us']:9.0f} {r['ratio']:8.2f} {r['rate']:11.0f} "
                    f"{r['p50_us'] / 1000:8.1f} {r['p99_us'] / 1000:8.1f}")
    text.append("  (limit: two RSA signatures; one hash by libargon2)")
    return text
