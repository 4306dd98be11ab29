"""A class on one server: hub and proxy for real, a system user each, all of lesson 1 on shared pictures.

Needs root, because it makes system users (and removes them), and an environment that they can read, with JupyterHub and
its proxy: `make class-environment`. HARKIT_LEARNERS says how many come (3), HARKIT_CLASS where the environment lies.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harkit import course as courses
from harkit import exercises

ROOT = Path(__file__).parents[2]
ENVIRONMENT = Path(os.environ.get("HARKIT_CLASS") or "/opt/harkit-class")
PROXY = ENVIRONMENT / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
LEARNERS = int(os.environ.get("HARKIT_LEARNERS") or 3)
LESSON = "harkit/01_data_preparation.ipynb"
SECONDS = 3600  # until a test gives up on a class that makes no progress; no figure of this file depends on it

# In a learner's kernel before the lesson: count the shared pictures that are decoded.
COUNT = """
import os, PIL.ImageFile
_decoded, _load = set(), PIL.ImageFile.ImageFile.load
def _counted(image):
    name = str(getattr(image, "filename", ""))
    if name.startswith(os.environ["HARKIT_DATA"]):
        _decoded.add(name)
    return _load(image)
PIL.ImageFile.ImageFile.load = _counted
"""
# In a learner's kernel after the lesson: try to get at what belongs to others, and say what worked.
INTRUDE = """
import os, json, pathlib
def _worked(deed):
    try:
        deed()
        return True
    except OSError:
        return False
_home, _data, _course = map(pathlib.Path, {places})
_picture = next(_data.rglob("*.jpg"))
_array = next((_data / "decoded").iterdir())
_deeds = dict(
    list_home=lambda: os.listdir(_home),
    read_results=lambda: (_home / "harkit-results/reduced/har_split.csv").read_bytes(),
    change_results=lambda: (_home / "harkit-results/reduced/har_split.csv").write_text("mine"),
    read_notebook=lambda: (_home / "{lesson}").read_bytes(),
    leave_a_file=lambda: (_home / "planted").write_text("mine"),
    change_picture=lambda: open(_picture, "ab").close(),
    remove_picture=lambda: _picture.unlink(),
    add_picture=lambda: _picture.with_name("planted.jpg").write_bytes(b""),
    change_cache=lambda: open(_array, "ab").close(),
    remove_cache=lambda: _array.unlink(),
    change_course=lambda: open(_course / "harkit" / "__init__.py", "ab").close(),
    make_pictures_writable=lambda: os.chmod(_picture, 0o666),
)
print(json.dumps(dict(worked=[name for name, deed in _deeds.items() if _worked(deed)], decoded=len(_decoded))))
"""


def _missing() -> str | None:
    """Why this machine can't have a class, None where it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root makes system users"
    if not (ENVIRONMENT / "bin" / "jupyterhub").exists() or not PROXY.exists():
        return f"no JupyterHub with a proxy in {ENVIRONMENT}: make class-environment"
    tools = [tool for tool in ("useradd", "userdel", "chpasswd", "node") if not shutil.which(tool)]
    return f"no {tools[0]} on this machine" if tools else None


pytestmark = [pytest.mark.slow, pytest.mark.skipif(_missing() is not None, reason=str(_missing()))]


@dataclass
class Learner:
    name: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    token: str = ""
    seconds: float = 0.0  # from the log-in to the end of the lesson
    errors: list = field(default_factory=list)
    decoded: int = -1
    worked: list = field(default_factory=list)  # intrusions
    peak: int = 0  # bytes, server and kernel

    @property
    def home(self) -> Path:
        return Path("/home") / self.name

    @property
    def uid(self) -> int:
        return self.home.stat().st_uid


@pytest.fixture(scope="module")
def shared():
    """The course as it lies on a server: a copy for learners, the environment, pictures that are drawn and known."""
    folder = Path(tempfile.mkdtemp(prefix="harkit-class-"))  # not below pytest's folder, which is closed to others
    folder.chmod(0o755)
    top = courses.student_copy(folder / "course", ROOT)
    shutil.copytree(ROOT / "deploy", top / "deploy")
    (top / "environment").symlink_to(ENVIRONMENT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HARKIT_", "PYTHON"))}
    environment |= {"HARKIT_OFFLINE": "1", "HARKIT_PROFILE": "reduced", "PYTHONPATH": str(top)}
    subprocess.run(
        [top / "environment" / "bin" / "python", "-m", "harkit", "course", "--only", "01"],
        cwd=top, env=environment, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    yield top
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def learners():
    """System users of this test, gone afterwards with all they left."""
    made = []
    try:
        for number in range(1, LEARNERS + 1):
            learner = Learner(f"harkit-test-{os.getpid()}-{number}")
            subprocess.run(["useradd", "-m", "-s", "/bin/sh", learner.name], check=True)
            made.append(learner)
            subprocess.run(["chpasswd"], input=f"{learner.name}:{learner.password}", text=True, check=True)
        yield made
    finally:
        for learner in made:
            for pid in _processes(learner.uid):
                os.kill(pid, signal.SIGKILL)
            subprocess.run(["userdel", "-r", learner.name], capture_output=True, check=True)


@pytest.fixture(scope="module")
def hub(shared, learners):
    """The address of a hub that runs from deploy/jupyterhub_config.py, on ports of this test."""
    folder = Path(tempfile.mkdtemp(prefix="harkit-hub-"))
    public, inside, behind = (_free_port() for _ in range(3))
    (folder / "config.py").write_text(
        f"""load_subconfig({str(shared / "deploy" / "jupyterhub_config.py")!r})
c.JupyterHub.port, c.JupyterHub.hub_port = {public}, {inside}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{behind}"
c.ConfigurableHTTPProxy.command = [{str(PROXY)!r}]
"""
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HARKIT_", "PYTHON"))}
    path = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with open(folder / "hub.log", "w") as log:
        process = subprocess.Popen(
            [ENVIRONMENT / "bin" / "jupyterhub", "-f", "config.py"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, env=environment | {"PATH": path, "PYTHONPATH": str(shared)},
        )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{public}/hub/health", process)
        yield f"http://127.0.0.1:{public}", public
    finally:
        process.send_signal(signal.SIGTERM)  # ends the learners' servers too
        process.wait(300)
        log = (folder / "hub.log").read_text()
        print(log[-6000:])  # seen where a test fails
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def lesson(hub, learners, shared):
    """Everybody logs in at once and runs lesson 1; gives the seconds, and the most memory of all together in bytes."""
    address, _ = hub
    before, started = _state(shared / "data"), time.perf_counter()
    ended, peaks = threading.Event(), [0]
    watch = threading.Thread(target=_watch_memory, args=(learners, ended, peaks))
    watch.start()
    try:
        with ThreadPoolExecutor(len(learners)) as pool:
            list(pool.map(lambda learner: _attend(learner, address), learners))
        seconds = time.perf_counter() - started
        others = [*learners[1:], learners[0]]
        with ThreadPoolExecutor(len(learners)) as pool:
            list(pool.map(lambda pair: _intrude(*pair, address, shared), zip(learners, others, strict=True)))
        sockets = {learner.name: _listening(learner.uid) for learner in learners}
    finally:
        ended.set()
        watch.join()
    _report(learners, seconds, peaks[0])
    return {"before": before, "after": _state(shared / "data"), "sockets": sockets}


def test_nobody_fails(lesson, learners):
    assert {learner.name: learner.errors for learner in learners if learner.errors} == {}
    for learner in learners:
        assert (learner.home / "harkit-results" / "reduced" / "har_split.csv").exists()
        saved = json.loads((learner.home / LESSON).read_text(encoding="utf-8"))
        assert [cell for cell in saved["cells"] if cell["cell_type"] == "code" and cell["outputs"]]


def test_the_shared_pictures_are_decoded_once_and_stay_as_they_are(lesson, learners, shared):
    labelled = sum(1 for _ in (shared / "data").glob("drawn-har-*/*/train/*.jpg"))
    for learner in learners:
        assert 0 < learner.decoded < labelled / 10, "only the pictures that the figures show, and one broken file"
        assert not list(learner.home.rglob("decoded")), "a copy of the pictures of one's own"
    assert lesson["before"] == lesson["after"]


def test_nobody_gets_at_the_results_of_others_or_changes_what_is_shared(lesson, learners):
    assert {learner.name: learner.worked for learner in learners if learner.worked} == {}
    for learner in learners:
        assert learner.home.stat().st_mode & 0o077 == 0


def test_nobody_reaches_the_server_of_another(lesson, learners, hub):
    import requests

    for learner, other in zip(learners, [*learners[1:], learners[0]], strict=True):
        answer = requests.get(f"{hub[0]}/user/{other.name}/api/contents/{LESSON}", headers=_header(learner), timeout=60)
        assert answer.status_code in (403, 404)
        mine = requests.get(f"{hub[0]}/user/{learner.name}/api/contents/{LESSON}", headers=_header(learner), timeout=60)
        assert mine.status_code == 200


def test_what_a_kernel_says_goes_through_files_that_only_its_learner_reads(lesson, learners):
    for learner in learners:
        (path,) = learner.home.glob(".local/share/jupyter/runtime/kernel-*.json")
        assert json.loads(path.read_text())["transport"] == "ipc"


def test_hub_and_servers_listen_on_this_machine_alone(lesson, learners, hub):
    sockets = [socket for learner in learners for socket in lesson["sockets"][learner.name]]
    sockets += [(address, port) for address, port in _listening(0) if port == hub[1]]
    assert len(sockets) > len(learners)
    assert {address for address, _ in sockets} == {"0100007F"}  # 127.0.0.1


def test_a_wrong_password_opens_nothing(hub, learners):
    with pytest.raises(AssertionError, match="403"):
        _log_in(Learner(learners[0].name), hub[0])


def test_all_lessons_run_for_an_ordinary_user_who_may_only_read_the_course(shared, learners):
    """Pictures of their own this time: they are copied, and the later lessons add to them."""
    learner, account = learners[0], learners[0].home.stat()
    shutil.copytree(shared / "data", learner.home / "data")
    subprocess.run(["chown", "-R", f"{account.st_uid}:{account.st_gid}", learner.home / "data"], check=True)
    before = _state(shared)
    mine = {"HOME": str(learner.home), "HARKIT_DATA": "~/data", "HARKIT_RESULTS": "~/all", "HARKIT_OFFLINE": "1"}
    done = subprocess.run(
        [shared / "environment" / "bin" / "python", "-m", "harkit", "course", "--profile", "reduced"],
        cwd=shared, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(shared)} | mine, stdin=subprocess.DEVNULL,
        user=account.st_uid, group=account.st_gid, extra_groups=[], capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list((learner.home / "all" / "reduced" / "executed").glob("0*.ipynb"))) == len(exercises.LESSONS)
    assert _state(shared) == before


# --- what a learner does ----------------------------------------------------------------------------------------------


def _attend(learner: Learner, address: str) -> None:
    started = time.perf_counter()
    try:
        _log_in(learner, address)
        _start_server(learner, address)
        _run_lesson(learner, address)
    except Exception as error:
        learner.errors.append(f"{type(error).__name__}: {error}")
    learner.seconds = time.perf_counter() - started


def _log_in(learner: Learner, address: str) -> None:
    """With name and password, as in a browser; then an own token for what follows."""
    import requests

    session = requests.Session()
    session.get(f"{address}/hub/login", timeout=300).raise_for_status()
    form = {"username": learner.name, "password": learner.password, "_xsrf": session.cookies["_xsrf"]}
    answer = session.post(f"{address}/hub/login", data=form, timeout=300, allow_redirects=False)
    assert answer.status_code == 302, f"{learner.name}: {answer.status_code}"
    session.get(f"{address}/hub/home", timeout=300).raise_for_status()
    xsrf = next(cookie.value for cookie in session.cookies if cookie.name == "_xsrf" and cookie.path == "/hub/")
    made = session.post(
        f"{address}/hub/api/users/{learner.name}/tokens", headers={"X-XSRFToken": xsrf}, json={}, timeout=300
    )
    assert made.ok, f"{learner.name}: {made.status_code} {made.text}"
    learner.token = made.json()["token"]


def _start_server(learner: Learner, address: str) -> None:
    """Ask, and ask again where too many start at once, as the hub says."""
    import requests

    place, end = f"{address}/hub/api/users/{learner.name}", time.monotonic() + SECONDS
    while time.monotonic() < end:
        answer = requests.post(f"{place}/server", headers=_header(learner), timeout=300)
        if answer.status_code != 429:
            break
        time.sleep(min(10, int(answer.headers.get("Retry-After", 10))))
    assert answer.status_code in (201, 202), f"{learner.name}: {answer.status_code} {answer.text}"
    while time.monotonic() < end:
        server = requests.get(place, headers=_header(learner), timeout=300).json()["servers"].get("", {})
        if server.get("ready"):
            return
        assert server, f"{learner.name}: the server did not start"
        time.sleep(1)
    raise TimeoutError("the server is not ready")


def _run_lesson(learner: Learner, address: str) -> None:
    """Every code cell, in order; the outputs are saved with the notebook, as Lab does."""
    import requests

    place = f"{address}/user/{learner.name}/api/contents/{LESSON}"
    content = requests.get(place, headers=_header(learner), timeout=300).json()["content"]
    with _kernel(learner, address, folder=LESSON.rpartition("/")[0]) as run:
        run(COUNT)
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = run("".join(cell["source"]))
                learner.errors += [out["evalue"] for out in cell["outputs"] if out["output_type"] == "error"]
    body = {"type": "notebook", "format": "json", "content": content}
    requests.put(place, headers=_header(learner), json=body, timeout=300).raise_for_status()


def _intrude(learner: Learner, other: Learner, address: str, shared: Path) -> None:
    if not learner.errors:
        places = [str(other.home), str(shared / "data"), str(shared)]
        with _kernel(learner, address) as run:
            (out,) = run(INTRUDE.format(places=places, lesson=LESSON))
        learner.worked, learner.decoded = (json.loads(out["text"])[name] for name in ("worked", "decoded"))


class _kernel:
    """The learner's kernel (started with the first use): `with _kernel(…) as run: outputs = run(code)`."""

    def __init__(self, learner: Learner, address: str, folder: str = ""):
        self.learner, self.address, self.folder = learner, f"{address}/user/{learner.name}/api", folder

    def __enter__(self):
        import requests
        import websocket

        running = requests.get(f"{self.address}/kernels", headers=_header(self.learner), timeout=300).json()
        if not running:
            body = {"name": "python3", "path": f"{self.folder}/"}
            started = requests.post(f"{self.address}/kernels", headers=_header(self.learner), json=body, timeout=300)
            assert started.ok, f"{self.learner.name}: {started.status_code} {started.text}"
            running = [started.json()]
        self.socket = websocket.create_connection(
            f"{self.address.replace('http', 'ws', 1)}/kernels/{running[0]['id']}/channels",
            header=_header(self.learner), timeout=SECONDS,
        )  # fmt: skip
        return self._run

    def __exit__(self, *_):
        self.socket.close()

    def _run(self, code: str) -> list[dict]:
        """The outputs of a cell, as a notebook keeps them."""
        message = uuid.uuid4().hex
        header = dict(msg_id=message, msg_type="execute_request", username="", session="class", version="5.3", date="")
        content = dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False)
        request = dict(header=header, parent_header={}, metadata={}, content=content, channel="shell", buffers=[])
        self.socket.send(json.dumps(request))
        outputs, replied, idle = [], False, False
        while not (replied and idle):
            answer = json.loads(self.socket.recv())
            if answer["parent_header"].get("msg_id") != message:
                continue
            kind, content = answer["msg_type"], answer["content"]
            replied |= kind == "execute_reply"
            idle |= kind == "status" and content["execution_state"] == "idle"
            if kind in ("stream", "display_data", "execute_result", "error"):
                content.pop("transient", None)
                outputs.append({"output_type": kind, **content})
        return outputs


def _header(learner: Learner) -> dict:
    return {"Authorization": f"token {learner.token}"}


# --- what the machine says --------------------------------------------------------------------------------------------


def _processes(uid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == uid:
                found.append(int(folder.name))
        except FileNotFoundError:
            pass
    return found


def _watch_memory(learners: list[Learner], ended: threading.Event, peaks: list[int]) -> None:
    """The most that each learner's processes held at once; shared pages are divided among those who share them."""
    while not ended.wait(1):
        now = [sum(map(_proportional, _processes(learner.uid))) for learner in learners]
        for learner, held in zip(learners, now, strict=True):
            learner.peak = max(learner.peak, held)
        peaks[0] = max(peaks[0], sum(now))


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _listening(uid: int) -> list[tuple[str, int]]:
    """Address (hexadecimal, as the kernel writes it) and port of each TCP socket of this user that listens."""
    rows = []
    for name in ("tcp", "tcp6"):
        lines = [line.split() for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
        rows += [line[1].split(":") for line in lines if line[3] == "0A" and int(line[7]) == uid]
    return [(address, int(port, 16)) for address, port in rows]


def _state(folder: Path) -> dict:
    """Every file with its size, its place on the disk, and when and how it was last changed."""
    files = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns, s.st_mode) for path, s in files.items()}


def _wait_for(address: str, process: subprocess.Popen) -> None:
    import requests

    for _ in range(SECONDS):
        assert process.poll() is None, "the hub ended"
        try:
            if requests.get(address, timeout=60).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(1)
    raise TimeoutError("the hub does not answer")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _report(learners: list[Learner], seconds: float, peak: int) -> None:
    """The table of a class: printed, and kept in build/."""
    megabytes = sorted(learner.peak / 2**20 for learner in learners)
    lines = [
        "| learners | failed | wall time, s | slowest, s | MB each, mean | MB, most | MB in all | decoded by each |",
        "|---|---|---|---|---|---|---|---|",
        f"| {len(learners)} | {sum(bool(learner.errors) for learner in learners)} | {seconds:.0f} "
        f"| {max(learner.seconds for learner in learners):.0f} | {sum(megabytes) / len(megabytes):.0f} "
        f"| {megabytes[-1]:.0f} | {peak / 2**20:.0f} | {max(learner.decoded for learner in learners)} |",
    ]
    print("\n".join(lines), file=sys.__stdout__)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "class_server.md").write_text("\n".join(lines) + "\n")
