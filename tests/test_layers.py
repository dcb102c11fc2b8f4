"""Who may import whom, and what an import does not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = (
    "rows",
    "grid",
    "sizes",
    "receptive_field",
    "activations",
    "arguments",
    "jacobian",
    "trace",
    "normalisation",
    "operators",
    "rearranging",
    "zero_insertion",
    "pipeline",
    "torch_code",
    "stored",
    "psnr",
)
# From the bottom up; a module may import from its own layer and from those before it.
LAYERS = [
    ("core", CORE),
    ("data", ("data",)),
    ("nets", ("nets",)),
    ("train", ("train", "infer")),
    ("stage", ("stage",)),
    ("lessons", ("lessons",)),
    ("export", ("export",)),
    ("ui", ("ui",)),
    ("top", ("bench", "cli", "cli_runs")),
]
HEAVY = {
    "torch": {"nets", "train", "infer", "bench"},
    "streamlit": {"ui", "bench"},
    "plotly": {"ui"},
    "skimage": {"infer", "ui"},
    "playwright": {"bench"},
}
# The only places that reach upward: methods of traces and pipelines that hand over to what is above when they are called.
DELEGATORS = {
    ("trace", "nets"), ("trace", "export"), ("trace", "zero_insertion"), ("trace", "torch_code"),
    ("pipeline", "nets"), ("pipeline", "export"), ("pipeline", "torch_code"),
}  # fmt: skip


def part(path: Path) -> str:
    """The module of the core, or the package, that a file belongs to."""
    inside = path.relative_to(ROOT / "seglab")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def rank(name: str) -> int:
    return next((number for number, (_, parts) in enumerate(LAYERS) if name in parts), len(LAYERS))


def imports(source: str) -> list[tuple[str, bool]]:
    """Imported modules with whether they are only for type checking."""
    found = []

    def visit(node: ast.AST, checking: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            checking = True
        if isinstance(node, ast.Import):
            found.extend((alias.name, checking) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            found.extend((f"{node.module}.{alias.name}" if node.module == "seglab" else node.module, checking) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, checking)

    visit(ast.parse(source), False)
    return found


def offences(path: Path, source: str) -> list[str]:
    """Imports of a file that point upward or load what its layer must not."""
    here, found = part(path), []
    for module, checking in imports(source):
        top = module.split(".")[0]
        if top in HEAVY and here not in HEAVY[top] and not checking:
            found.append(f"{here} imports {top}")
        if top == "seglab" and module.count(".") and not checking:
            there = module.split(".")[1]
            known = there in CORE or rank(there) < len(LAYERS)
            if known and here != "__init__" and rank(there) > rank(here) and (here, there) not in DELEGATORS:
                found.append(f"{here} imports {there}, which is above it")
    return found


FILES = sorted((ROOT / "seglab").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_arrows_point_downwards(path: Path) -> None:
    assert offences(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "source", "offence"),
    [
        ("rows.py", "import torch", "rows imports torch"),
        ("train/store.py", "import streamlit as st", "train imports streamlit"),
        ("train/loop.py", "from seglab.ui.runs import watch", "train imports ui, which is above it"),
        ("operators.py", "def f():\n    from seglab.export import save", "operators imports export, which is above it"),
    ],
)
def test_the_test_can_fail(file: str, source: str, offence: str) -> None:
    assert offences(ROOT / "seglab" / file, source) == [offence]


def test_pages_are_short_and_hold_no_logic() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(node, (ast.FunctionDef, ast.For, ast.While, ast.ClassDef)) for node in ast.walk(tree)), path
        statements = [node for node in tree.body if not isinstance(node, ast.Assign)]
        assert len(statements) <= 20, path


def loaded(code: str, module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"{code}\nimport sys\nsys.exit({module!r} in sys.modules)"], check=False).returncode == 1


@pytest.mark.parametrize("module", ["torch", "streamlit", "plotly", "skimage", "PIL"])
def test_importing_seglab_loads_nothing_heavy(module: str) -> None:
    assert not loaded("import seglab", module)
    assert loaded(f"import seglab\nimport {module}", module), "the test would notice"


def test_the_inner_manifest_has_the_packages_name_and_version() -> None:
    import tomllib

    inner = tomllib.loads((ROOT / "seglab" / "pyproject.toml").read_text())["project"]
    outer = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    import seglab

    assert (inner["name"], inner["version"]) == (outer["name"], outer["version"])
    assert seglab.__version__ == outer["version"]
