"""Weights from strangers: nothing in the course runs code that stands in a file of weights."""

import ast
import json
import pickle
import re
from pathlib import Path

import pytest
import torch
from trying import Code, refusal

from harkit import pretrained

ROOT = Path(__file__).parents[2]
RUNS_CODE = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
LOADERS = {"load", "load_state_dict_from_url", "load_url"}


def sources() -> dict[str, str]:
    """Every piece of Python of the course: files, and the code of each notebook."""
    found = {}
    for folder in ("harkit", "notebooks", "tests", "bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder).rglob("*.ipynb")):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
            python = re.sub(r"^(\s*)[%!].*", r"\1pass", "\n".join(code), flags=re.MULTILINE)
            found[path.relative_to(ROOT).as_posix()] = python
    return found


def dangers(code: str) -> list[str]:
    """What in this code may run code from a file of weights or arrays."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [name for name in names if name.split(".")[0] in RUNS_CODE]
        if isinstance(node, ast.Call):
            called, options = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            ours = called.startswith("torch.") and called.rsplit(".", 1)[-1] in LOADERS
            if ours and options.get("weights_only") != "True":
                found.append(f"{called} without weights_only=True")
            if options.get("allow_pickle", "False") != "False" or called.endswith("read_pickle"):
                found.append(called)
    return found


def test_no_source_loads_weights_that_could_run_code():
    pieces = sources()
    assert {"harkit/runs.py", "harkit/pretrained.py", "notebooks/06_fall_detection.ipynb"} <= pieces.keys()
    found = {name: dangers(code) for name, code in pieces.items() if not name.startswith("tests/faults/")}
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load('w.pt')", "torch.load('w.pt', weights_only=False)", "import pickle",
        "torch.hub.load_state_dict_from_url(u)", "from joblib import load",
        "import numpy\nnumpy.load(f, allow_pickle=True)", "pd.read_pickle('x')",
    ],
)  # fmt: skip
def test_code_that_loads_weights_carelessly_is_found(code):
    assert dangers(code)


def test_weights_are_kept_as_numbers_alone():
    written = {name: code for name, code in sources().items() if name.startswith("harkit/") and "torch.save(" in code}
    assert list(written) == ["harkit/runs.py"], "the checkpoint, which only the same training reads; else safetensors"
    assert sum(code.count("torch.save(") for code in written.values()) == 1


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("network", ["resnet50", "efficientnet_lite0"])
def test_pretrained_weights_with_code_in_them_are_refused_by_name(network, tmp_path, monkeypatch, count):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    lite0 = tmp_path / "lite0.pth"
    monkeypatch.setattr(pretrained, "_lite0_path", lambda: lite0)
    path = pretrained.imagenet_path() if network == "resnet50" else lite0
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        pickle.dump({"fc.weight": Code(tmp_path / "ran")}, file)
    model = pretrained.EfficientNetLite0() if network != "resnet50" else torch.nn.Linear(1, 1)
    _, sentence = refusal(pretrained.load_imagenet, model, download=False)
    assert path.name in sentence and not (tmp_path / "ran").exists()
    count("weights: a pickle with code in it", "refused")
