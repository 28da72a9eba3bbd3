"""`make bench`: what the main pages cost, in one run on one machine, as ratios to a reference page and against budgets.

It prints what it measured and asserts nothing: machines differ, a ratio within one run less so.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import psutil

from bench import exercises

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
PORT, REFERENCE_PORT = 8011, 8012
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
P95 = 'done = function(s, l, r) io.write(string.format("p95us=%d\\n", l:percentile(95))) end'


def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))


def get(browser: urllib.request.OpenerDirector, url: str, data: bytes | None = None) -> str:
    with browser.open(url, data, timeout=30) as response:
        return str(response.read().decode())


def cookies(browser: urllib.request.OpenerDirector) -> str:
    jar = next(h.cookiejar for h in browser.handlers if isinstance(h, urllib.request.HTTPCookieProcessor))
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str], url: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a server; yields it and the seconds until its first page; ends it with all its children."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **env}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except OSError:
                if time.perf_counter() - began > 60 or process.poll() is not None:
                    raise
                time.sleep(0.01)
        yield process, time.perf_counter() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def load(url: str, cookie: str, connections: int) -> tuple[float, float]:
    """Requests a second and the 95th percentile in milliseconds, by wrk."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(P95)
        script.flush()
        printed = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script.name,
             "-H", f"Cookie: {cookie}", "-H", "Accept-Encoding: br", url],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    p95 = re.search(r"p95us=(\d+)", printed)
    if rate is None or p95 is None or "Non-2xx" in printed:
        raise RuntimeError(printed)
    return float(rate[1]), int(p95[1]) / 1000


def memory(server: int) -> None:
    """Of the web processes together, of the worker, and of those that look after them."""
    sizes = {"lms-web": 0.0, "lms-worker": 0.0, "others": 0.0}
    supervisor = psutil.Process(server)
    for process in [supervisor, *supervisor.children(recursive=True)]:
        name = process.name()
        sizes[name if name in sizes else "others"] += process.memory_full_info().pss / 1024**2
    print(f"memory (PSS): web {sizes['lms-web']:.0f} MB (budget 150), worker {sizes['lms-worker']:.0f} MB, "
          f"supervisor and keeper {sizes['others']:.0f} MB")  # fmt: skip


# As many rows and expressions as our lesson page has, in one loop.
REFERENCE_TEMPLATE = """<!doctype html><title>{{ person.name }}</title><h1>{{ person.name }}</h1>
{% for rows in things %}<section><h2>{{ loop.index }} of {{ things|length }}</h2>
{% for row in rows %}<article id="t{{ row.id }}" class="{{ 'odd' if loop.index is odd else 'even' }}">
<h3>{{ row.name[:20] }}</h3><p>{{ row.name }}</p></article>{% endfor %}</section>{% endfor %}"""


def reference_database(folder: Path, size: int) -> Path:
    """A database whose page is `size` bytes long: sixty paragraphs."""
    path = folder / "reference.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
        database.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, owner INTEGER, kind INTEGER, name TEXT)")
        database.execute("CREATE INDEX by_owner ON thing (owner, kind)")
        database.execute("INSERT INTO person VALUES (1, 'A person')")
        database.executemany(
            "INSERT INTO thing (owner, kind, name) VALUES (1, ?, ?)",
            [(n % 3 + 1, " ".join(f"word{n * k % 997}" for k in range(size // 60 // 8))) for n in range(60)],
        )
    return path


def enter(base: str, key: str) -> urllib.request.OpenerDirector:
    browser = opener()
    token = re.search(r'name="csrf_token" value="([^"]+)"', get(browser, f"{base}/demo"))
    if token is None:
        raise RuntimeError("no door")
    get(browser, f"{base}/demo/be/{key}", f"csrf_token={token[1]}".encode())
    return browser


def first_visit(base: str, cookie: str) -> None:
    """Bytes over the network and requests of a first visit (cold cache) and of the next lesson, in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        context = chromium.new_context(locale="en")
        name, _, value = next(part for part in cookie.split("; ") if part.startswith("duramen=")).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": base}])
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        cdp.send("Network.enable")
        seen: list[int] = []
        cdp.on("Network.loadingFinished", lambda event: seen.append(event["encodedDataLength"]))
        for label, path, size, count in (
            ("first visit (a lesson, cold cache)", "/learn/lessons/who-is-a-migrant", 60, 5),
            ("the next lesson", "/learn/lessons/stocks-flows-moves-people", 12, 1),
        ):
            seen.clear()
            page.goto(base + path, wait_until="networkidle")
            sent = [size_of for size_of in seen if size_of]  # what came from the cache has none
            print(f"{label}: {sum(sent) / 1000:.1f} kB in {len(sent)} requests (budget {size} kB, {count})")
        chromium.close()


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("The bench needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        env = {"LMS_DATA_DIR": str(folder / "demo"), "LMS_PORT": str(PORT)}
        base = f"http://127.0.0.1:{PORT}"
        command = [str(BIN / "lms"), "demo"]
        with running(command, env, f"{base}/demo") as (_server, cold):
            print(f"start to first page: cold {cold:.2f} s (the demonstration is built)")
        warm = []
        for _ in range(3):
            with running(command, env, f"{base}/demo") as (_server, seconds):
                warm.append(seconds)
        print(f"start to first page: warm {sorted(warm)[1]:.2f} s (budget 1 s), of {len(warm)}")
        with running(command, env, f"{base}/demo") as (server, _seconds):
            browser = enter(base, "elise")
            lesson = get(browser, f"{base}/learn/lessons/who-is-a-migrant")
            database = reference_database(folder, len(lesson.encode()))
            reference_env = {"REFERENCE_DB": str(database), "REFERENCE_TEMPLATE": REFERENCE_TEMPLATE}
            granian = [
                str(BIN / "granian"), "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4",
                "--port", str(REFERENCE_PORT), "--log-level", "error", "bench.reference:app",
            ]  # fmt: skip
            reference = f"http://127.0.0.1:{REFERENCE_PORT}"
            with running(granian, reference_env, f"{reference}/bare"):
                other = opener()
                get(other, f"{reference}/in")
                sizes = len(lesson.encode()), len(get(other, f"{reference}/page").encode())
                print(f"bytes before compression: lesson {sizes[0]}, reference page {sizes[1]}")
                speed(base, cookies(browser), reference, cookies(other))
            memory(server.pid)
            first_visit(base, cookies(browser))
    exercises.measure()
    statements()


def speed(base: str, cookie: str, reference: str, reference_cookie: str) -> None:
    pages = [
        ("bare Flask page", f"{reference}/bare", reference_cookie),
        ("reference page", f"{reference}/page", reference_cookie),
        ("lesson", f"{base}/learn/lessons/who-is-a-migrant", cookie),
        ("Today", f"{base}/today", cookie),
    ]
    for connections in (1, 16):
        rates = {}
        for name, url, own in pages:
            rates[name], p95 = load(url, own, connections)
            ratio = rates[name] / rates["reference page"] if "reference page" in rates else None
            told = f", {ratio:.2f} of the reference page (budget 0.8)" if ratio and name in ("lesson", "Today") else ""
            budget = " (budget 80)" if name in ("lesson", "Today") and connections == 16 else ""
            print(f"{connections:2} connections, {name}: {rates[name]:.0f} a second, p95 {p95:.1f} ms{budget}{told}")


def statements() -> None:
    """SQL statements of every page, counted where the tests assert their budgets."""
    printed = subprocess.run(
        [str(BIN / "pytest"), "-q", "-s", "-p", "no:cacheprovider", "tests/flows/test_statements.py", "-k", "sqlite"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    counts = [
        json.loads(line[len("statements: ") :]) for line in printed.splitlines() if line.startswith("statements: ")
    ]
    for count in counts:
        print(f"statements: {count['page']}: {count['statements']} (budget {count['budget']})")
    if not counts:
        print(printed)


if __name__ == "__main__":
    main()
