"""What a lesson writes out in full stands in the package too, and both are the same code."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
TAUGHT = {
    "vgg_block": ("04_vgg16", "models"),
    "VGG16": ("04_vgg16", "models"),
    "multiply_adds": ("04_vgg16", "models"),
    "train_one_epoch": ("04_vgg16", "training"),
    "predict_logits": ("04_vgg16", "training"),
    "ResidualBlock": ("05_resnet", "models"),
    "ResNetModule": ("05_resnet", "models"),
    "ResNet": ("05_resnet", "models"),
    "grad_cam": ("05_resnet", "gradcam"),
}


def lesson_source(lesson: str) -> str:
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(source for source in code if "%pip" not in source)


def definition(source: str, name: str) -> str:
    """The syntax tree of a function or class, without docstrings, type annotations and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return ast.dump(_Bare().visit(node))
    raise AssertionError(f"{name} is not written out")


class _Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        return self._without_docstring(node)

    def _without_docstring(self, node):
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return node


@pytest.mark.parametrize("name", TAUGHT)
def test_a_lesson_and_the_package_hold_the_same_code(name):
    lesson, module = TAUGHT[name]
    package = (ROOT / "harkit" / f"{module}.py").read_text(encoding="utf-8")
    assert definition(lesson_source(lesson), name) == definition(package, name)


def test_a_changed_number_is_noticed():
    package = (ROOT / "harkit" / "models.py").read_text(encoding="utf-8")
    assert definition(package.replace("dropout: float = 0.65", "dropout: float = 0.5"), "VGG16") != definition(
        package, "VGG16"
    )


def test_a_changed_docstring_or_comment_is_not():
    package = (ROOT / "harkit" / "models.py").read_text(encoding="utf-8")
    assert definition(package.replace("4096 in the paper", "many"), "VGG16") == definition(package, "VGG16")


def test_lesson_1_needs_no_torch():
    """It takes seconds to import and half a gigabyte a learner: thirty of them share one server."""
    tree = ast.parse(lesson_source("01_data_preparation").replace("%", "#"))
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    uses = "from harkit import evaluation, recorded\nrecorded.claimed_and_clean()"
    check = "\n".join([*imports, uses, "import sys", "assert 'torch' not in sys.modules"])
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT)
