# SPDX-License-Identifier: Apache-2.0
"""Of bench/run: 200 people post their passwords at once; what does that do to the token endpoint?

Each round measures the token endpoint alone, and then beside the sign-ins. These are begun before, up to the page that asks for the
password, so that what is measured is hashing, the writes of a sign-in, and the tokens."""
import http.client
import json
import os
import re
import sqlite3
import statistics
import subprocess
import threading
import time
import urllib.parse
import urllib.request

PEOPLE = 200           # that post at once
CONNECTIONS = 16  # of those who ask for tokens
PASSWORD = "Brass-lantern 7 & quiet"
CALLBACK = "http://127.0.0.1/callback"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NO_LIMITS = ("--limit-sign-ins", "0", "--limit-passwords", "0")


def declaration(demo, folder):
    """The demonstration, with a password that is known."""
    with open(demo) as f:
        made = json.load(f)
    for tenant in made["environments"][0]["tenants"]:
        for employee in tenant["employees"]:
            if "password" in employee:
                employee["password"] = PASSWORD
    path = os.path.join(folder, "demo.json")
    with open(path, "w") as f:
        json.dump(made, f)
    return path


class Visitor:
    """One browser: its sign-ins share a cookie."""

    def __init__(self, port, client_id):
        self.http = http.client.HTTPConnection("127.0.0.1", port)
        self.cookie, self.query = None, urllib.parse.urlencode({
            "client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "code_challenge_method": "S256",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"})

    def ask(self, method, path, form=None):
        body = urllib.parse.urlencode(form) if form else None
        self.http.request(method, path, body, {**(FORM if form else {}), **({"Cookie": self.cookie} if self.cookie else {})})
        answer = self.http.getresponse()
        text = answer.read().decode()
        if answer.status != 303:
            raise SystemExit(f"bench: {method} {path.split('?')[0]}: {answer.status} {text[:300]}")
        self.cookie = self.cookie or answer.getheader("Set-Cookie").split(";")[0]
        return answer.getheader("Location")

    def begin(self, user):
        """Up to the password: the body that posts it."""
        flow = urllib.parse.parse_qs(urllib.parse.urlsplit(self.ask("GET", "/auth/authorize?" + self.query)).query)["flow"][0]
        self.ask("POST", "/auth/login", {"flow": flow, "version": "1", "username": user, "action": "next"})
        return urllib.parse.urlencode({"flow": flow, "version": "2", "password": PASSWORD, "action": "login"})


def waiting(server):
    text = urllib.request.urlopen(f"http://127.0.0.1:{server.ops}/metrics").read().decode()
    return int(re.search(r'^postern_job_queue\{lane="hash"\} (\d+)', text, re.M)[1])


def browser_app(database):
    with sqlite3.connect(database) as db:
        return db.execute("SELECT application_id FROM application WHERE name = 'Browser App'").fetchone()[0]


def hash_parameters(database):
    with sqlite3.connect(database) as db:
        return db.execute("SELECT password_hash FROM employee_login WHERE password_hash IS NOT NULL").fetchone()[0].split("$")[1:4:2]


def beside(server, folder, client_id, seconds, measure):
    """(result of the sign-ins, what measure() returned while they were under way)"""
    visitor, bodies = Visitor(server.port, client_id), os.path.join(folder, "bodies.login")
    with open(bodies, "w") as f:
        for i in range(PEOPLE + int(100 * (seconds + 1))):
            f.write(visitor.begin(("beowulf", "wiglaf")[i % 2] + "@classics.example") + "\n")
    found = {}
    thread = threading.Thread(target=lambda: found.update(server.load(
        seconds + 1, PEOPLE, "POST", "/auth/login", "-H", "Content-Type: " + FORM["Content-Type"], "-H", "Cookie: " + visitor.cookie,
        "-b", bodies, "-w", "303")))
    thread.start()
    while waiting(server) < PEOPLE / 2 and thread.is_alive():
        time.sleep(0.01)
    measured = measure()
    still = waiting(server)
    thread.join()
    if not found:
        raise SystemExit("bench: the sign-ins failed")
    return {**found, "waiting_after": still}, measured


def measure(server, folder, database, kinds, options):
    client_id, rows = browser_app(database), []
    kind = kinds["client_credentials"]
    for _ in range(options.rounds):
        alone = server.load(options.seconds, CONNECTIONS, *kind)
        logins, loaded = beside(server, folder, client_id, options.seconds, lambda: server.load(options.seconds, CONNECTIONS, *kind))
        rows.append({"alone_p99_us": alone["p99_us"], "beside_p99_us": loaded["p99_us"], "ratio": loaded["p99_us"] / alone["p99_us"],
                     "alone_rate": alone["rate"], "beside_rate": loaded["rate"], "logins": logins["requests"],
                     "logins_s": logins["requests"] / logins["seconds"], "login_p99_us": logins["p99_us"],
                     "waiting_after": logins["waiting_after"]})
    algorithm, parameters = hash_parameters(database)
    return {"hash": f"{algorithm} {parameters}", "people": PEOPLE, **{k: statistics.median(r[k] for r in rows) for k in rows[0]}}


def table(r):
    return [f"\n{r['people']} password sign-ins at once ({r['hash']}), client_credentials at 16 connections beside them",
            f"  alone  p99 {r['alone_p99_us'] / 1000:6.2f} ms, {r['alone_rate']:6.0f}/s",
            f"  beside p99 {r['beside_p99_us'] / 1000:6.2f} ms, {r['beside_rate']:6.0f}/s ({r['ratio']:.2f} x)",
            f"  sign-ins {r['logins_s']:.1f}/s, p99 {r['login_p99_us'] / 1e6:.1f} s, {r['waiting_after']:.0f} waiting when the tokens ended"]
