"""The stage in one HTML file: its modules joined and packed, the lesson and the state as JSON."""

from __future__ import annotations

import gzip
import html
import json
from base64 import b64encode
from typing import Any

import seglab
from seglab.stage.bundle import BROWSER, bundle
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson

# Unpacks the module and the lesson, and opens it. A browser loads no module from ``file://``, but one from a data URL.
BOOT = """
const text = (id) => document.getElementById(id).textContent;
const unpacked = (id) => {
  const bytes = Uint8Array.from(atob(text(id)), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const [source, lesson] = await Promise.all([unpacked("module"), unpacked("lesson")]);
const { open } = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(source));
open(document.getElementById("stage"), { lesson, state: JSON.parse(text("state")) });
"""


def standalone(lesson: Lesson, state: State) -> str:
    """An HTML document that opens `lesson` in `state`, with no other file and no network."""
    title = html.escape(lesson.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="seglab {seglab.__version__}">\n<title>{title} · seglab</title>\n<link rel="icon" href="data:,">\n'
        f"<style>\n{_page_style()}\n{(BROWSER / 'stage.css').read_text(encoding='utf-8')}</style>\n"
        f'<main>\n<h1>{title}</h1>\n<p>{html.escape(lesson.sentence)}</p>\n<div id="stage"></div>\n</main>\n'
        f'<script type="application/json" id="state">{_script_json(state)}</script>\n'
        f'<script type="application/gzip" id="lesson">{_packed(lesson.data)}</script>\n'
        f'<script type="application/gzip" id="module">{_packed(bundle("standalone"))}</script>\n'
        f'<script type="module">{BOOT}</script>\n</html>\n'
    )


def _script_json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":")).replace("</", "<\\/")


def _packed(data: Any) -> str:
    return b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()


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
