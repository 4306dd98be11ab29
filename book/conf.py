"""The book: `make book`. Sphinx reads what sources.py gathers; stored outputs, nothing executed, no network."""

import functools
import inspect
import os
import re
import sys
import tomllib
from pathlib import Path

from latex2mathml.converter import convert

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import sources  # noqa: E402

PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = author = PROJECT["name"]
release = PROJECT["version"]
copyright = "the course's authors: text CC BY 4.0, code MIT"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode"]
exclude_patterns = ["README.md"]
show_warning_types = True
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!harkit\.).*")]  # names of other packages: their pages are elsewhere

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

autodoc_inherit_docstrings = False  # torch describes its own methods
autodoc_default_options = {"exclude-members": "set"}  # matplotlib adds one to every Artist
add_module_names = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as the code has them: a default path would be one of this machine
toc_object_entries = False

html_theme = "sphinx_book_theme"
html_title = project
templates_path = [str(HERE / "templates")]
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_domain_indices = False
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # it would fetch the pages found, which a browser refuses on the file system
html_theme_options = {
    "repository_url": sources.ADDRESS,
    "repository_branch": "main",
    "use_repository_button": True,
    "launch_buttons": {
        "notebook_interface": "jupyterlab",
        "colab_url": "https://colab.research.google.com",
        "binderhub_url": "https://mybinder.org",
        "jupyterhub_url": os.environ.get("HUB", ""),  # a class's own: make book HUB=https://hub.example.org
    },
    "use_download_button": False,
    "navbar_persistent": [],  # the search stands in the side bar already
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def linkcode_resolve(domain: str, info: dict) -> str | None:
    """Where the code of an object of the package stands in the repository."""
    module = sys.modules.get(info["module"])
    try:
        found = inspect.unwrap(functools.reduce(getattr, info["fullname"].split("."), module))
        lines, start = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found)).relative_to(sources.ROOT).as_posix()
    except (AttributeError, TypeError, OSError, ValueError):  # a constant, a name from elsewhere
        return None
    return f"{sources.ADDRESS}/blob/main/{path}#L{start}-L{start + len(lines) - 1}"


def plain_docstring(app, what, name, obj, options, lines) -> None:
    """Docstrings are plain text with `code` in it: tell Sphinx so."""
    marks = re.compile(r"(`[^`]+`)|([*_|\\])")

    def as_rst(block: str) -> str:
        if block.startswith("    "):
            return f"::\n\n{block}"
        return marks.sub(lambda m: f"`{m[1]}`" if m[1] else "\\" + m[2], block)

    lines[:] = "\n\n".join(map(as_rst, "\n".join(lines).split("\n\n"))).split("\n")


def visit_formula(self, node) -> None:
    """A formula as MathML, which every browser draws by itself."""
    import docutils.nodes

    display = "block" if isinstance(node, docutils.nodes.math_block) else "inline"
    formula = convert(node.astext(), display=display).replace("<mi>&#x000B1;</mi>", "<mo>&#x000B1;</mo>")
    self.body.append(f'<div class="formula">{formula}</div>' if display == "block" else formula)
    raise docutils.nodes.SkipNode


def setup(app) -> None:
    sources.gather(Path(app.srcdir))
    app.add_html_math_renderer("mathml", (visit_formula, None), (visit_formula, None))
    app.connect("autodoc-process-docstring", plain_docstring)
