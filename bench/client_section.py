# SPDX-License-Identifier: Apache-2.0
"""The client's part of bench/run: `postern token` from the cache, and an API call through the library beside plain libcurl."""
import os
import socket
import statistics
import subprocess
import time
import urllib.parse

STARTS = 60  # processes a round, of each command


def declaration(demo, folder):
    """A free port, and the demonstration with it in its issuer."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open(demo) as f:
        text = f.read().replace("localhost:8420", f"localhost:{port}")
    path = os.path.join(folder, "demo.json")
    with open(path, "w") as f:
        f.write(text)
    return port, path


def environment(server, folder, credentials):
    """A client's settings, from a line of credentials that bench/generate wrote."""
    with open(credentials) as f:
        form = dict(urllib.parse.parse_qsl(f.readline().strip()))
    base = f"http://localhost:{server.port}"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("POSTERN_", "CXONE_"))}
    env.update(POSTERN_ISSUER=base, POSTERN_CLIENT_ID=form["client_id"], POSTERN_CLIENT_SECRET=form["client_secret"],
               POSTERN_ACCESS_KEY_ID=form["username"], POSTERN_ACCESS_KEY_SECRET=form["password"],
               POSTERN_AUTH_METHOD="client_secret_post", POSTERN_CACHE_DIR=os.path.join(folder, "cache"),
               POSTERN_CONFIG_DIR=os.path.join(folder, "config"))
    return env, base


def wall_ms(command, env):
    begin = time.perf_counter()
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    if run.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)}: exit status {run.returncode}")
    return (time.perf_counter() - begin) * 1000


def cpu_us(command, env):
    run = subprocess.run(command, capture_output=True, text=True, env=env)
    if run.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)}: {run.stderr.strip()}")
    return float(run.stdout)


def measure(server, folder, credentials, build, options):
    """Medians over the rounds; in each the commands take turns."""
    env, base = environment(server, folder, credentials)
    postern, client = (os.path.join(build, *p) for p in (("src", "cli", "postern"), ("bench", "client")))
    token = subprocess.run([postern, "token"], capture_output=True, text=True, env=env, check=True).stdout.strip()
    commands = {"postern token": [postern, "token"], "postern --version": [postern, "--version"], "curl --version": ["curl", "--version"],
                "true": ["/bin/true"]}
    starts = {name: [] for name in commands}
    calls = 300 if options.quick else 5000
    library, plain = [], []
    for _ in range(options.rounds):
        for _ in range(STARTS):
            for name, command in commands.items():
                starts[name].append(wall_ms(command, env))
        library.append(cpu_us([client, "library", str(calls)], env))
        plain.append(cpu_us([client, "plain", str(calls), base + "/api/v2/users/me"], dict(env, POSTERN_BENCH_TOKEN=token)))
    return {"starts_ms": {name: statistics.median(v) for name, v in starts.items()},
            "library_us": statistics.median(library), "plain_us": statistics.median(plain),
            "ratio": statistics.median(a / b for a, b in zip(library, plain))}
