"""No key or token stands in a source, in the stored outputs of a notebook or in the history of either: one did, in the
published notebook."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {".git", ".venv", "build", "data", "results", "__pycache__", ".ruff_cache", ".pytest_cache"}

SECRETS = {
    "Kaggle key": r"""\bkey\\*["']?\s*[:=]\s*\\*["']?[0-9a-f]{32}\b""",
    "Kaggle token": r"\bKGAT_[0-9A-Za-z]{20,}",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{50,})",
    "Hugging Face token": r"\bhf_[0-9A-Za-z]{30,}",
    "Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "PyPI token": r"\bpypi-[0-9A-Za-z_-]{50,}",
    "OpenAI or Anthropic key": r"\bsk-[0-9A-Za-z_-]{32,}",
    "named secret": r"""(?i)(?:key|token|secret|passw(?:or)?d)\w*\\*["']?\s*[:=]\s*\\*["']?[0-9a-f]{32,64}\b""",
    "password in an address": r"\b[a-z]+://[^\s/:@\"']+:[^\s/:@\"'{}$]{3,}@",
}

HEX, LETTERS = "0123456789abcdef" * 2, "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0cD"  # planted keys are put together at run time
PLANTED = {
    "Kaggle key": '{"username": "ada", ' + '"key": "' + HEX + '"}',
    "Kaggle token": "KGAT" + "_" + HEX,
    "AWS access key": "AKIA" + "ABCDEFGH23456789",
    "GitHub token": "ghp" + "_" + LETTERS + "abcd",
    "Hugging Face token": "hf" + "_" + LETTERS,
    "Slack token": "xoxb" + "-" + "1234567890-abcdef",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "Google key": "AIza" + LETTERS + "abc",
    "PyPI token": "pypi" + "-" + LETTERS + LETTERS,
    "OpenAI or Anthropic key": "sk" + "-ant-" + LETTERS,
    "named secret": "wandb_api_" + "token = '" + HEX + "01234567'",
    "password in an address": "https://ada:" + "lovelace1815" + "@example.org",
}


def test_no_source_holds_a_secret():
    found = {}
    for path in sources():
        text = path.read_text(encoding="utf-8", errors="ignore")
        if path.suffix == ".ipynb":
            text = readable(json.loads(text))
        found |= {f"{path.relative_to(ROOT)}: {kind}": match for kind, match in secrets(text)}
    assert not found, "make these keys invalid at once, then remove them"


def test_the_scan_reads_the_sources_of_the_course():
    names = {path.relative_to(ROOT).as_posix() for path in sources()}
    assert {"harkit/settings.py", "README.md", "Makefile"} <= names


def test_every_kind_of_secret_is_planted():
    assert set(PLANTED) == set(SECRETS)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found(kind):
    assert kind in dict(secrets("first line\n" + PLANTED[kind] + "\nlast line"))


@pytest.mark.parametrize("place", ["source", "output", "attachment", "metadata"])
def test_a_secret_is_found_anywhere_in_a_notebook(place):
    planted = "the first line\n" + PLANTED["AWS access key"]
    cell = {
        "source": [planted if place == "source" else ""],
        "outputs": [{"output_type": "stream", "text": [planted if place == "output" else ""]}],
        "attachments": {"kaggle.json": {"text/plain": planted if place == "attachment" else ""}},
        "metadata": {"note": json.dumps(planted) if place == "metadata" else ""},
    }
    assert "AWS access key" in dict(secrets(readable({"cells": [cell], "metadata": {}})))


def test_a_stored_key_is_found_with_its_quotes_escaped():
    assert "Kaggle key" in dict(secrets(json.dumps(json.dumps(PLANTED["Kaggle key"]))))


@pytest.mark.parametrize(
    "text", [f"digest = '{HEX}'", "key=lambda path: path.name", "resnet50-0676ba61.pth", "token: str = ''"]
)
def test_what_is_no_secret_is_let_be(text):
    assert not list(secrets(text))


def test_no_secret_stands_in_the_history():
    try:
        text = history(ROOT)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no history here ({error})")
    if git(ROOT, "rev-parse", "--is-shallow-repository").strip() != "false":
        pytest.skip("a shallow clone: its history stands elsewhere")
    assert "harkit/settings.py" in text
    assert not dict(secrets(text)), "make these keys invalid at once: what was pushed is known"


def test_a_secret_that_was_taken_out_again_is_found_in_the_history(tmp_path):
    """Each kind in a file that is gone, one in a message and one in the solution of a merge conflict."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]

    def commit(text: str, message: str = "change", *more: str) -> None:
        (tmp_path / "notes.txt").write_text(text)
        git(tmp_path, "add", "notes.txt")
        git(tmp_path, *who, "commit", "-q", "-m", message, *more)

    try:
        git(tmp_path, "init", "-q", "-b", "main")
    except OSError:
        pytest.skip("no git on this machine")
    commit("first\n")
    for planted in PLANTED.values():
        commit(f"first\n{planted}\n")
    commit("first\n")
    assert not dict(secrets((tmp_path / "notes.txt").read_text()))
    assert set(dict(secrets(history(tmp_path)))) == set(SECRETS)

    start = git(tmp_path, "rev-parse", "HEAD").strip()
    git(tmp_path, "checkout", "-q", "--orphan", "message")
    commit("first\n", f"use {PLANTED['Slack token']}")
    assert set(dict(secrets(history(tmp_path)))) == {"Slack token"}

    git(tmp_path, "checkout", "-q", "--orphan", "merged")
    commit("ours\n")
    tree = git(tmp_path, "rev-parse", "HEAD").strip()
    commit("theirs\n")
    git(tmp_path, "reset", "-q", "--hard", tree)
    (tmp_path / "notes.txt").write_text(PLANTED["AWS access key"] + "\n")
    git(tmp_path, "add", "notes.txt")
    written = git(tmp_path, "write-tree").strip()
    parents = ["-p", tree, "-p", git(tmp_path, *who, "commit-tree", "-m", "theirs", f"{start}^{{tree}}").strip()]
    git(tmp_path, "reset", "-q", "--hard", git(tmp_path, *who, "commit-tree", "-m", "merge", *parents, written).strip())
    assert set(dict(secrets(history(tmp_path)))) == {"AWS access key"}


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(["git", "-C", folder, *command], capture_output=True, check=True)
    return done.stdout.decode("utf-8", errors="replace")


def history(folder: Path) -> str:
    """Every line that a commit of this branch added or took out, those of merges too, and every message."""
    return git(folder, "log", "-p", "--cc", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "HEAD")


def secrets(text: str):
    """Kind and first characters of each secret in the text."""
    unescaped = re.sub(r"\\+[nrt]", "\n", text)  # in JSON a line may end with a letter: \n before the key
    for kind, pattern in SECRETS.items():
        for match in re.finditer(pattern, f"{text}\n{unescaped}"):
            yield kind, match.group()[:12] + "…"


def readable(value) -> str:
    """Every string of a notebook, wherever it stands, one below the other."""
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{readable(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "\n".join(readable(part) for part in value)
    return str(value)


def sources() -> list[Path]:
    """The files that git tracks or would; every file where the course is no git repository (a downloaded zip)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
    paths = [ROOT / name for name in names if name]
    if not paths:
        paths = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]
