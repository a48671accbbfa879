"""The measuring part of scripts/bench, which prepares everything: see docs/performance.md for what is measured and why."""

import argparse
import gzip
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from checkin_figures import bench_checkins
from queue_figures import add_queue
from results import Results, machine

ROOT = os.environ["BENCH_ROOT"]
FOLDER = os.environ["BENCH_FOLDER"]
PG_BIN = os.environ["BENCH_PGBIN"]
BIN = os.path.join(ROOT, "build", "bin")
BOT_NAME = "1000000001"
BOT_TOKEN = BOT_NAME + ":BENCHBENCHBENCHBENCH"
PARENTS = 512  # who talk in the benchmarks of Translate
FIRST = 500000001  # their Telegram ids
CLIENTS = 16  # of pgbench
IN_FLIGHT = 64
LOAD = 0.7
SERIES = 1500  # for which the bar of scrapes is


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def fail(what):
    """Ends with the last lines of the logs, which go with the folder."""
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".log") and name not in ("postgres.log", "redis.log", "initdb.log"):
            with open(os.path.join(FOLDER, name), encoding="utf-8", errors="replace") as f:
                for line in f.readlines()[-5:]:
                    print(f"{name}: {line.rstrip()[:300]}", file=sys.stderr)
    raise SystemExit(f"bench: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def http_get(port, path):
    """Status code, 0 when nobody answers. By hand: a client library would cost more than what is measured."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return int(s.recv(64).split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def wait_for(what, seconds, done):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            fail(f"{what} did not happen in {seconds} s")
        time.sleep(0.002)


class Process:
    """A program that is ended with the block, and with us when we fail before the block."""

    def __init__(self, name, argv, env=None):
        self.log = open(os.path.join(FOLDER, name + ".log"), "ab")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *argv], env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def pss_mib(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Pss:")) / 1024


class Claude(Process):
    """claude-sim, which fills the cache before anything is measured."""

    def __init__(self):
        ready = os.path.join(FOLDER, "claude-port")
        if os.path.exists(ready):
            os.unlink(ready)
        super().__init__("claude-sim", [os.path.join(BIN, "claude-sim"), "--ready-file", ready])
        wait_for("claude-sim ready", 20, lambda: os.path.exists(ready) and os.path.getsize(ready) > 0)
        with open(ready, encoding="ascii") as f:
            self.url = f"http://127.0.0.1:{f.read().strip()}"
        self.env = {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": "bench"}

    def calls(self):
        with urllib.request.urlopen(self.url + "/control/stats", timeout=5) as answer:
            return json.load(answer)["requests"]


class Server(Process):
    def __init__(self, tls=None, env=None):
        self.http_port = free_port()
        scheme = "tls+tcp" if tls else "tcp"
        self.url = f"{scheme}://127.0.0.1:{free_port()}"
        self.started = time.monotonic()
        super().__init__("famserver", [os.path.join(BIN, "famserver")], {
            "FAM_LISTEN": self.url, "FAM_HTTP_LISTEN": f"127.0.0.1:{self.http_port}", "FAM_ENVIRONMENT": "bench",
            "FAM_LIMIT_TRANSLATIONS_HOUR": "1000000", "FAM_LIMIT_TRANSLATIONS_DAY": "1000000",
            **(tls["server"] if tls else {}), **(env or {})})
        wait_for("famserver ready", 30, self.is_ready)
        self.start_ms = (time.monotonic() - self.started) * 1000

    def is_ready(self):
        if self.process.poll() is not None:
            fail("famserver ended")
        return http_get(self.http_port, "/health/ready") == 200


def create_token():
    result = subprocess.run([os.path.join(BIN, "famserver"), "--create-token", "bot", BOT_NAME], capture_output=True,
                            text=True, check=True)
    return result.stdout.strip()


def load(server, token, *arguments):
    env = {**os.environ, "FAM_SERVERS": server.url, "FAM_TOKEN": token}
    result = subprocess.run([os.path.join(BIN, "bench-translate"), *map(str, arguments)], env=env, text=True,
                            stdout=subprocess.PIPE, check=False)
    if arguments[0] != "run":
        if result.returncode:
            fail("bench-translate failed")
        return result.stdout.split()
    figures = json.loads(result.stdout)
    if figures["errors"]:
        say(f"{figures['errors']} calls failed")
    return figures


def sql(text):
    result = subprocess.run([os.path.join(PG_BIN, "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]],
                            input=text, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"bench: {result.stderr}")
    return result.stdout.strip()


# --- Translate against its own SQL ------------------------------------------------------------------------------------

# What the server does on the side, not for the call.
ASIDE = {"select_one", "migrate_newest", "migrate_table", "token_find", "token_touch", "commit_lsn"}


def capture(server, token):
    """The statements of one call as PostgreSQL logs them: [(name, sql, [parameter or None])]. The parent is the last of
    the crowd, whose own connections and caches are warm."""
    log = os.path.join(FOLDER, "postgres.log")
    load(server, token, "run", FIRST, PARENTS, 1, 1, 4)
    sql("ALTER SYSTEM SET log_statement = 'all'; SELECT pg_reload_conf()")
    time.sleep(0.3)
    start = os.path.getsize(log)
    load(server, token, "run", FIRST + PARENTS - 1, 1, 1, 1, 1)
    time.sleep(0.2)
    sql("ALTER SYSTEM RESET log_statement; SELECT pg_reload_conf()")
    with open(log, "rb") as f:
        f.seek(start)
        text = f.read().decode("utf-8", "replace")
    found = re.findall(r"LOG:  execute ([a-z_]+): (.*)\n(?:.*DETAIL:  parameters: (.*)\n)?", text)
    calls = []
    for name, statement, detail in found:
        if name in ASIDE:
            continue
        values = {int(n): None if value == "NULL" else value[1:-1].replace("''", "'")
                  for n, value in re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", detail)}
        calls.append((name, statement, [values[n] for n in sorted(values)]))
    names = [c[0] for c in calls]
    # bench-translate registers its people first, which the server answers from what it has.
    if "idem_select" not in names:
        fail("the server's SQL was not found in PostgreSQL's log")
    last = len(names) - 1 - names[::-1].index("entry_batch" if "entry_batch" in names else "idem_update")
    first = max(i for i in range(last) if names[i] == "idem_select")
    return calls[first:last + 1]


def quoted(text):
    """pgbench would take a colon for the start of a variable, even inside a literal."""
    if ":" in text:
        return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a") + "'"
    return "'" + text.replace("'", "''") + "'"


def number_id(kind, number):
    return f"('0000000{kind}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))"


def clone_parents(user):
    """A crowd for pgbench, with ids that follow from a number: its clients must not fight for one row."""
    user_id, family_id, child_id = sql(
        f"SELECT p.user_id || ' ' || p.family_id || ' ' || c.child_id FROM parents p JOIN children c USING (family_id) "
        f"WHERE p.user_id = '{user}'").split()
    ids = {user_id: 1, family_id: 2, child_id: 3}
    n = "n"

    def copy(table, columns, source, key):
        names = ", ".join(columns)
        values = ", ".join(v or c for c, v in columns.items())
        return f"INSERT INTO {table} ({names}) SELECT {values} FROM {source}, generate_series(1, {PARENTS}) n " \
               f"WHERE {key} ON CONFLICT DO NOTHING;\n"

    u, f, c = (number_id(k, n) + "::uuid" for k in (1, 2, 3))
    sql(copy("users", {"user_id": u, "telegram_hmac": "sha256(n::text::bytea)", "telegram_sealed": None,
                       "language": None, "country": None, "name": None, "source": None}, "users",
             f"user_id = '{user_id}'") +
        copy("keys.user_keys", {"user_id": u, "wrapped": None}, "keys.user_keys", f"user_id = '{user_id}'") +
        copy("families", {"family_id": f, "name": None, "country": None, "time_zone": None}, "families",
             f"family_id = '{family_id}'") +
        copy("keys.family_keys", {"family_id": f, "wrapped": None}, "keys.family_keys",
             f"family_id = '{family_id}'") +
        copy("parents", {"parent_id": number_id(4, n) + "::uuid", "family_id": f, "user_id": u, "role": None},
             "parents", f"user_id = '{user_id}'") +
        copy("children", {"child_id": c, "family_id": f, "name": None, "birth": None}, "children",
             f"child_id = '{child_id}'") +
        copy("consents", {"consent_id": f"md5(purpose || n)::uuid", "user_id": u, "purpose": None, "granted": None,
                          "text_version": None, "changed_at": None}, "consents", f"user_id = '{user_id}'") +
        "ANALYZE")
    return ids


def make_script(calls, ids, whole):
    """The captured call as a pgbench script: other people, a new key and a new entry each time. `whole`: one
    transaction; else each statement by itself, as the server sends them."""
    entry = next(p for name, _, params in calls for p in params
                 if p and name in ("entry_batch", "entry_insert")).strip("{}")
    key = calls[0][2][2]
    entry_expression = ("(lpad(to_hex((extract(epoch FROM transaction_timestamp()) * 1000)::bigint), 12, '0') || '7' || "
                        "substr(md5((:r)::text), 1, 19))")
    known = {entry: entry_expression, key: "('b' || (:r)::text)",
             **{value: number_id(kind, "(:u)::integer") for value, kind in ids.items()}}

    def expression(value):
        if value is None:
            return "NULL"
        pattern = "|".join(map(re.escape, known))
        parts = re.split(f"({pattern})", value)
        if len(parts) == 1:
            return quoted(value)
        if len(parts) == 3 and not parts[0] and not parts[2]:
            return known[value] + ("::uuid" if value != key else "")
        return "(" + " || ".join(known.get(p) or quoted(p) for p in parts if p) + ")"

    lines = [f"\\set u random(1, {PARENTS})", "\\set r random(1, 4000000000000000000)"]
    lines += ["BEGIN;"] if whole else []
    for name, statement, params in calls:
        values = [expression(p) for p in params]
        # The entry's id in binary, where it is the answer that is kept.
        if name == "idem_update":
            values[3] = f"decode(replace({entry_expression}, '-', ''), 'hex')"
        lines.append(re.sub(r"\$(\d+)", lambda m: values[int(m.group(1)) - 1], statement) + ";")
    lines += ["COMMIT;"] if whole else []
    path = os.path.join(FOLDER, f"translate-{'tx' if whole else 'single'}.sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return path


def pgbench(script, seconds, rate=None):
    prefix = os.path.join(FOLDER, "pgbench-log")
    argv = [os.path.join(PG_BIN, "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T",
            str(int(seconds)), "-f", script]
    if rate:
        argv += ["--rate", f"{rate:.1f}", "-l", "--log-prefix", prefix]
    result = subprocess.run(argv + [os.environ["DATABASE_URL"]], capture_output=True, text=True, check=False)
    match = re.search(r"^tps = ([0-9.]+)", result.stdout, re.M)
    if result.returncode or not match:
        fail(f"pgbench failed: {result.stderr[-2000:]}")
    times = []
    for name in os.listdir(FOLDER):
        path = os.path.join(FOLDER, name)
        if name.startswith("pgbench-log"):
            with open(path, encoding="ascii") as f:
                times += [int(line.split()[2]) for line in f]
            os.unlink(path)
    times.sort()
    return {"rate": float(match.group(1)), "p50_us": times[len(times) // 2] if times else 0,
            "p99_us": times[len(times) * 99 // 100] if times else 0}


def bench_translate(results, token, quick):
    seconds, rounds = (3, 1) if quick else (8, 3)
    with Claude() as claude, Server(env={"FAM_CALLS": "1024", **claude.env}) as server:
        say("Translate: people and a look at the server's SQL")
        users = load(server, token, "seed", FIRST, PARENTS)
        calls = capture(server, token)
        ids = clone_parents(users[PARENTS - 1])
        whole, single = make_script(calls, ids, True), make_script(calls, ids, False)
        ours, theirs = [], []
        load(server, token, "run", FIRST, PARENTS, 2, IN_FLIGHT)
        asked = claude.calls()
        pgbench(whole, 2)
        for i in range(rounds):
            say(f"Translate against pgbench, round {i + 1} of {rounds}")
            ours.append(load(server, token, "run", FIRST, PARENTS, seconds, IN_FLIGHT))
            theirs.append(pgbench(whole, seconds))
        alone = pgbench(single, seconds)
        ratios = [a["rate"] / b["rate"] for a, b in zip(ours, theirs)]
        our_rate = statistics.median(a["rate"] for a in ours)
        their_rate = statistics.median(b["rate"] for b in theirs)
        tails = []
        for i in range(rounds):
            say(f"the same at {LOAD:.0%} of each one's throughput, round {i + 1} of {rounds}")
            tails.append((load(server, token, "run", FIRST, PARENTS, seconds, IN_FLIGHT, LOAD * our_rate),
                          pgbench(whole, seconds, LOAD * their_rate)))
        asked = claude.calls() - asked
    written = int(sql("SELECT count(*) FROM emotion_entries JOIN readings USING (entry_id) JOIN keys.entry_keys "
                      "USING (entry_id) WHERE emotion_entries.user_id::text LIKE '00000001-%'"))
    if written < sum(b["rate"] for b in theirs) * seconds * 0.9:
        fail("pgbench did not write what the server writes")
    our_tail = statistics.median(a["p99_us"] for a, _ in tails)
    their_tail = statistics.median(b["p99_us"] for _, b in tails)
    engine = f"{ours[-1]['from_claude'] / max(1, ours[-1]['calls']):.0%} of the readings from the cache"
    if asked:
        engine += f", {asked} asked of Claude"
    results.add("translate_ratio", statistics.median(ratios),
                f"{our_rate:.0f}/s against {their_rate:.0f}/s; {engine}; {len(calls)} statements a call "
                f"({', '.join(c[0] for c in calls)}); without BEGIN and COMMIT pgbench does {alone['rate']:.0f}/s")
    results.add("translate_p99_ratio", our_tail / their_tail,
                f"p99 {our_tail / 1000:.1f} ms at {LOAD * our_rate:.0f}/s against {their_tail / 1000:.1f} ms at "
                f"{LOAD * their_rate:.0f}/s")
    results.more["translate"] = {"ours": ours, "pgbench": theirs, "pgbench_single": alone, "tails": tails,
                                 "statements": [c[0] for c in calls]}


# --- the others -------------------------------------------------------------------------------------------------------

def bench_rpc(results, _token, quick):
    program = os.path.join(BIN, "bench-rpc")
    if not os.path.exists(program):
        results.skip("rpc_ratio", "this tree has no bench-rpc")
        return
    say("empty RPC against raw nng")
    argv = [program, "--json"] + (["--rounds", "3", "--ms", "200"] if quick else [])
    lines = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    results.more["rpc"] = rows
    at_bar = [row for row in rows if row["in_flight"] == IN_FLIGHT and row["affinity"] == "core0"]
    if not at_bar:
        results.skip("rpc_ratio", "bench-rpc failed")
        return
    results.add("rpc_ratio", at_bar[0]["ratio"], "; ".join(
        f"{row['affinity']} {row['in_flight']}: {row['ratio']:.2f} ({row['rpc_per_second'] / 1000:.0f} of "
        f"{row['raw_per_second'] / 1000:.0f} k/s)" for row in rows))


def make_certificates():
    """None when this tree's programs speak no TLS."""
    with open(os.path.join(ROOT, "lib", "base", "config.def"), encoding="utf-8") as f:
        if "FAM_TLS_CERT_FILE" not in f.read():
            return None
    folder = os.path.join(FOLDER, "tls")
    os.makedirs(folder, mode=0o700, exist_ok=True)

    def openssl(*argv):
        subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench ca")
    for name in ("server", "client"):
        openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=localhost")
        with open(os.path.join(folder, "ext"), "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "ext", "-out", f"{name}.pem")

    def env(name):
        return {"FAM_TLS_CERT_FILE": f"{folder}/{name}.pem", "FAM_TLS_KEY_FILE": f"{folder}/{name}.key",
                "FAM_TLS_CA_FILE": f"{folder}/ca.pem"}

    return {"server": env("server"), "client": {**env("client"), "FAM_TLS_SERVER_NAME": "localhost"}}


class BotWorld:
    """telegram-sim and fambot on a server; people are seeded over a server without TLS before."""

    def __init__(self, server, token, tls=None, rate=25):
        self.sim_file = os.path.join(FOLDER, "sim-port")
        if os.path.exists(self.sim_file):
            os.unlink(self.sim_file)
        self.sim = Process("telegram-sim", [os.path.join(BIN, "telegram-sim"), "--token", BOT_TOKEN, "--ready-file",
                                            self.sim_file])
        wait_for("telegram-sim ready", 20, lambda: os.path.exists(self.sim_file))
        with open(self.sim_file, encoding="ascii") as f:
            self.sim_url = f"http://127.0.0.1:{f.read().strip()}"
        self.http_port = free_port()
        self.bot = Process("fambot", [os.path.join(BIN, "fambot")], {
            "FAM_SERVERS": server.url, "FAM_TOKEN": token, "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "TELEGRAM_API_URL": self.sim_url, "FAM_BOT_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "FAM_ENVIRONMENT": "bench", "FAM_TELEGRAM_RATE": str(rate), **(tls["client"] if tls else {})})
        wait_for("a poll of fambot", 20, self.is_polled)

    def is_polled(self):
        with urllib.request.urlopen(self.sim_url + "/control/state", timeout=5) as answer:
            return json.load(answer)["pollers"] == 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bot.__exit__()
        self.sim.__exit__()

    def updates(self, people, count, rate):
        result = subprocess.run([os.path.join(BIN, "bench-updates"), self.sim_url, str(FIRST), str(people), str(count),
                                 str(rate)], stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode:
            fail("bench-updates failed")
        figures = json.loads(result.stdout)
        if figures["answers"] < count / 2:
            with urllib.request.urlopen(self.sim_url + "/control/calls?after=999999", timeout=5) as answer:
                say(answer.read().decode()[:500])
            fail(f"the bot answered {figures['answers']} of {count} updates")
        return figures


def seed_people(token, count):
    with Server() as server:
        load(server, token, "seed", FIRST, count)


def bench_memory(results, token, _quick):
    say("memory after 100 updates")
    seed_people(token, 50)
    tls = make_certificates()
    with Claude() as claude, Server(tls, claude.env) as server, BotWorld(server, token, tls) as world:
        world.updates(50, 100, 20)
        over = "over TLS" if tls else "over plain tcp: this tree has no TLS"
        results.add("server_pss_mib", server.pss_mib(), over)
        results.add("bot_pss_mib", world.bot.pss_mib(), over)


def bench_start(results, _token, _quick):
    say("start-up")
    times = []
    for _ in range(10):
        with Server() as server:
            times.append(server.start_ms)
    results.add("start_ms", statistics.median(times), f"median of 10, slowest {max(times):.0f} ms")


def flush_ms():
    """What a flush of 8 KiB costs where the database lies: the least that anything durable takes."""
    path, times = os.path.join(FOLDER, "flush"), []
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(200):
        begun = time.monotonic()
        os.pwrite(fd, bytes(8192), 0)
        os.fdatasync(fd)
        times.append((time.monotonic() - begun) * 1000)
    os.close(fd)
    os.unlink(path)
    return statistics.median(times)


def select_one_ms(rate=None):
    """One client's SELECT 1: back to back, or `rate` a second, when both sides sleep in between."""
    script = os.path.join(FOLDER, "one.sql")
    with open(script, "w", encoding="ascii") as f:
        f.write("SELECT 1;\n")
    argv = [os.path.join(PG_BIN, "pgbench"), "-n", "-M", "prepared", "-T", "2", "-f", script]
    result = subprocess.run(argv + (["--rate", str(rate)] if rate else []) + [os.environ["DATABASE_URL"]],
                            capture_output=True, text=True, check=False)
    match = re.search(r"^latency average = ([0-9.]+)", result.stdout, re.M)
    return float(match.group(1)) if match else fail("pgbench failed")


def forget_sessions():
    """A simulator that begins anew may count updates from where sessions take them for handled."""
    path = os.environ["REDIS_URL"].removeprefix("unix://").split("?")[0]
    subprocess.run(["redis-cli", "-s", path, "flushall"], stdout=subprocess.DEVNULL, check=True)


def bench_bot(results, token, quick):
    seed_people(token, PARENTS)
    for name, durable in (("bot_p50_ms", True), ("bot_unflushed_p50_ms", False)):
        say(f"the bot at 200 updates a second{'' if durable else ', flushes switched off'}")
        sql("ALTER SYSTEM RESET fsync" if durable else "ALTER SYSTEM SET fsync = off")
        sql("SELECT pg_reload_conf()")
        forget_sessions()
        with Claude() as claude, Server(env=claude.env) as server, BotWorld(server, token, rate=1000) as world:
            world.updates(PARENTS, 400, 200)
            asked = claude.calls()
            figures = world.updates(PARENTS, 600 if quick else 3000, 200)
            asked = claude.calls() - asked
        results.more[name] = figures
        results.add(name, figures["p50_us"] / 1000,
                    f"p99 {figures['p99_us'] / 1000:.1f} ms; from when the update was there p50 "
                    f"{figures['queued_p50_us'] / 1000:.1f}, p99 {figures['queued_p99_us'] / 1000:.1f} ms; "
                    f"{figures['answers']} answers to {figures['updates']} updates at {figures['rate']:.0f}/s, {asked} "
                    f"asked of Claude" + (f"; a flush takes {flush_ms():.2f} ms here, a SELECT 1 {select_one_ms():.2f} ms back to "
                                           f"back and {select_one_ms(200):.2f} ms at 200/s, when it has to wake both sides"
                                           if durable else ""))
    sql("ALTER SYSTEM RESET fsync")
    sql("SELECT pg_reload_conf()")


class Scraper:
    """Asks for /metrics as Prometheus does: one connection, gzip welcome."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def scrape(self):
        self.connection.request("GET", "/metrics", headers={
            "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "Accept-Encoding": "gzip"})
        answer = self.connection.getresponse()
        page = answer.read()
        if answer.status != 200:
            fail(f"/metrics says {answer.status}")
        return gzip.decompress(page) if answer.getheader("Content-Encoding") == "gzip" else page


def bench_scrape(results, token, quick):
    """CPU time of famserver over a time with scrapes, less that over the same time without; a scrape's share at 1 Hz."""
    say("what a scrape costs")
    count, pause = (50, 0.1) if quick else (200, 0.1)
    seed_people(token, 50)
    with Claude() as claude, Server(env=claude.env) as server:
        load(server, token, "run", FIRST, 50, 2, 8)
        clock = (~server.process.pid << 3) | 2  # of all its threads, see clock_getcpuclockid(3)
        series = sum(1 for line in Scraper(server.http_port).scrape().splitlines() if line and not line.startswith(b"#"))

        def spent(work):
            before = time.clock_gettime(clock)
            for _ in range(count):
                work()
                time.sleep(pause)
            return time.clock_gettime(clock) - before

        rounds = []
        for _ in range(1 if quick else 3):
            rounds.append((spent(Scraper(server.http_port).scrape) - spent(lambda: None)) / count)
    results.more["scrape"] = {"series": series, "seconds_a_scrape": rounds}
    cost = statistics.median(rounds)
    results.add("scrape_percent", cost * 100 * SERIES / series,
                f"{cost * 1000:.3f} ms of CPU time a scrape of {series} series; the figure is for {SERIES}")


def bench_queue(results, _token, quick):
    """The task queue by bench-queue, which deletes all tasks that are there."""
    def run(section, count):
        say(f"the task queue: {section}")
        result = subprocess.run([os.path.join(BIN, "bench-queue"), section, str(count)], stdout=subprocess.PIPE, text=True,
                                check=False)
        return json.loads(result.stdout) if result.returncode == 0 else fail(f"bench-queue {section} failed")

    add_queue(results, quick, run, flush_ms())
    forget_sessions()


def main():
    sections = {"rpc": bench_rpc, "translate": bench_translate, "memory": bench_memory, "start": bench_start,
                "bot": bench_bot, "scrape": bench_scrape, "queue": bench_queue, "checkins": lambda *told: bench_checkins(sys.modules[__name__], *told)}
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--only", choices=sections)
    arguments = parser.parse_args()
    results = Results()
    token = create_token()
    for name, run in sections.items():
        if arguments.only in (None, name):
            run(results, token, arguments.quick)
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}{', quick' if arguments.quick else ''}")
    good = results.report()
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "quick": arguments.quick, "figures": results.figures,
                       "bars": {n: {"sense": b[0], "bar": b[1]} for n, b in results.bars.items()},
                       "notes": results.notes, "more": results.more}, f, indent=1)
            f.write("\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
