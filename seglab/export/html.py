"""The stage in one HTML file: its modules packed, the lesson and the state as JSON.

A browser refuses to load sibling modules from ``file://``. So they are written under bare names, which an import map leads to data URLs.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import seglab
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson

FILES = Path(seglab.__file__).parent / "stage" / "browser" / "v1"
# Unpacks the modules and the lesson, names the modules in an import map, and opens the lesson.
BOOT = """
const text = (id) => document.getElementById(id).textContent;
const unpacked = (id) => {
  const bytes = Uint8Array.from(atob(text(id)), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const [sources, lesson] = await Promise.all([unpacked("modules"), unpacked("lesson")]);
const address = (source) => "data:text/javascript;charset=utf-8," + encodeURIComponent(source);
const imports = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, address(source)]));
const map = document.createElement("script");
map.type = "importmap";
map.textContent = JSON.stringify({ imports });
document.head.append(map);
const { open } = await import("seglab/standalone.js");
open(document.getElementById("stage"), { lesson, state: JSON.parse(text("state")) });
"""


def standalone(lesson: Lesson, state: State) -> str:
    """An HTML document that opens `lesson` in `state`, with no other file and no network."""
    title = html.escape(lesson.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="seglab {seglab.__version__}">\n<title>{title} · seglab</title>\n<link rel="icon" href="data:,">\n'
        f"<style>\n{_page_style()}\n{(FILES / 'stage.css').read_text(encoding='utf-8')}</style>\n"
        f'<main>\n<h1>{title}</h1>\n<p>{html.escape(lesson.sentence)}</p>\n<div id="stage"></div>\n</main>\n'
        f'<script type="application/json" id="state">{_script_json(state)}</script>\n'
        f'<script type="application/gzip" id="lesson">{_packed(lesson.data)}</script>\n'
        f'<script type="application/gzip" id="modules">{_modules()}</script>\n'
        f'<script type="module">{BOOT}</script>\n</html>\n'
    )


def _script_json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":")).replace("</", "<\\/")


@cache
def _modules() -> str:
    """Every module that the stage needs without Streamlit, by its bare name, packed."""
    sources = {
        f"seglab/{path.name}": _bare(path.read_text(encoding="utf-8")) for path in sorted(FILES.glob("*.js")) if path.name != "main.js"
    }
    return _packed(sources)


def _packed(data: Any) -> str:
    return b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()


def _bare(source: str) -> str:
    """A module that imports others by their bare names, without its comments and indentation: they are in the repository."""
    plain = re.sub(r"^\s*(//.*|/\*\*?.*\*/|/\*\*?|\*.*)\n", "", source, flags=re.MULTILINE)
    return re.sub(r'from "\./', 'from "seglab/', re.sub(r"^ +", "", plain, flags=re.MULTILINE))


def _page_style() -> str:
    light, dark = ("#fff", "#f4f6f8", "#101316", "#005a9c"), ("#12151a", "#1c2128", "#e9edf2", "#6cb8f0")

    def variables(colours: tuple[str, str, str, str]) -> str:
        names = ("background-color", "secondary-background-color", "text-color", "primary-color")
        return "".join(f"--st-{name}:{colour};" for name, colour in zip(names, colours, strict=True))

    return (
        f":root{{{variables(light)}color-scheme:light dark}}\n@media (prefers-color-scheme:dark){{:root{{{variables(dark)}}}}}\n"
        "body{margin:0;background:var(--st-background-color);color:var(--st-text-color);font:16px/1.5 system-ui,sans-serif}\n"
        "main{max-width:1180px;margin:0 auto;padding:1rem}h1{font-size:1.6rem;margin:0}p{margin:.25rem 0 1rem}"
    )
