"""A Kaggle key is for Kaggle alone: never printed, never copied, never left for others to read."""

import http.server
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harkit import doctor

KEY = "0123456789abcdef" * 2  # not a key, but it looks like one
COURSE = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path):
    """A home folder with a key, as Kaggle's own instructions have it."""
    (tmp_path / "home" / ".kaggle").mkdir(parents=True)
    path = tmp_path / "home" / ".kaggle" / "kaggle.json"
    path.write_text(f'{{"username": "ada", "key": "{KEY}"}}')
    path.chmod(0o600)
    return tmp_path / "home"


class Proxy(http.server.BaseHTTPRequestHandler):
    """On the way to Kaggle: lets nobody through, and says the key aloud."""

    asked: list = []  # noqa: RUF012

    def do_CONNECT(self):
        self.asked.append(self.path)
        self.send_response(403, f"{KEY} is refused")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("given", ["file", pytest.param("environment", marks=pytest.mark.slow)])
def test_a_key_is_neither_printed_nor_copied(given, home, tmp_path, count):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Proxy.asked.clear()
    own = {"HOME": str(home), "USERPROFILE": str(home), "KAGGLEHUB_CACHE": str(tmp_path / "cache")}
    own |= {"TMPDIR": str(tmp_path), "NO_PROXY": "", "no_proxy": "", "HARKIT_OFFLINE": ""}
    own |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://127.0.0.1:{server.server_port}")
    if given == "environment":
        (home / ".kaggle" / "kaggle.json").unlink()
        own |= {"KAGGLE_USERNAME": "ada", "KAGGLE_KEY": KEY}
    before = {path: path.stat().st_mtime_ns for path in COURSE.glob("*")}
    done = subprocess.run(
        [sys.executable, "-m", "harkit", "fetch", "har", "--from", "kaggle"], env=os.environ | own, cwd=COURSE,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    server.shutdown()
    assert any("kaggle.com" in address for address in Proxy.asked)
    assert done.returncode == 2 and "Kaggle could not be reached" in done.stderr and "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    holding = [path for path in files if KEY.encode() in path.read_bytes()]
    assert holding == ([home / ".kaggle" / "kaggle.json"] if given == "file" else [])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in holding)
    assert {path: path.stat().st_mtime_ns for path in COURSE.glob("*")} == before, "nothing came into the course"
    count("Kaggle key", "kept")


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps home folders private, and has no such modes")
@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o400, True), (0o644, False), (0o640, False), (0o604, False)])
def test_the_doctor_says_when_others_can_read_a_key(mode, ok, home, monkeypatch, count):
    monkeypatch.setenv("HOME", str(home))
    path = home / ".kaggle" / "kaggle.json"
    path.chmod(mode)
    ((_, found, text, mend),) = doctor._kaggle_key()
    assert found is ok and KEY not in text + mend and (ok or mend == f"chmod 600 {path}")
    count("Kaggle key: file mode", "right" if ok else "warned")


def test_without_a_key_the_doctor_says_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert doctor._kaggle_key() == []
