"""The stage's modules joined into one, so that a page asks for one file and not for forty."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

BROWSER = Path(__file__).parent / "browser" / "v1"
_IMPORT = re.compile(r'^import \{ (?P<names>.+) \} from "\./(?P<module>\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (?P<name>\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^\s*(//.*|/\*\*?.*\*/|/\*\*?|\*.*)\n", re.MULTILINE)


@cache
def bundle(entry: str) -> str:
    """The module `entry` with all that it imports, without their comments and indentation: they are in the repository.

    Every module but `entry` becomes a function that is called once, after those that it imports, and gives what it exports.
    Raises ValueError where modules import each other in a circle, or in a form other than ``import { a, b } from "./c.js"``.
    """
    joined: dict[str, str] = {}
    _join(entry, joined, ())
    return "".join(joined.values())


def _join(name: str, joined: dict[str, str], way: tuple[str, ...]) -> None:
    """Add a module and, before it, what it imports and is not yet there; `way` leads to it."""
    if name in way:
        raise ValueError(f"modules import each other: {' → '.join((*way, name))}")
    if name in joined:
        return
    source = _COMMENT.sub("", (BROWSER / f"{name}.js").read_text(encoding="utf-8"))
    for found in _IMPORT.finditer(source):
        _join(found["module"], joined, (*way, name))
    source = _IMPORT.sub(r"const { \g<names> } = $\g<module>;\n", source)
    if re.search(r"^import\b", source, re.MULTILINE):
        raise ValueError(f'{name}.js imports in another form than import {{ a, b }} from "./c.js"')
    source = re.sub(r"^ +", "", source, flags=re.MULTILINE)
    if way:
        exported = ", ".join(found["name"] for found in _EXPORT.finditer(source))
        source = f"const ${name} = (() => {{\n{_EXPORT.sub('', source)}return {{ {exported} }};\n}})();\n"
    joined[name] = source
