"""One optimiser step as a picture: query, loss, gradient, step, with this run's numbers."""

from __future__ import annotations

import math
from base64 import b64encode
from html import escape
from typing import Any

import numpy as np

from seglab.export.numbers import exact
from seglab.ui.digits import alike, decades, power, signed, three

Numbers = dict[str, Any]
INPUT, KERNEL, ERROR = "#0072B2", "#E69F00", "#D55E00"
_STYLE = """<style>
.anatomy { container-type: inline-size; margin: 0; padding-top: 0.8em; line-height: 1.4; font-variant-numeric: tabular-nums; }
.anatomy ol { display: grid; grid-template-columns: 1fr 1fr 1.25fr 1.15fr; gap: 2.2em; }
.anatomy ol { margin: 0; padding: 0; list-style: none; font-size: 1em; }
.anatomy li { position: relative; margin: 0; min-width: 0; padding-top: 0.6em; border-top: 0.3em solid; font-size: 1em; }
.anatomy li > * { margin: 0 0 0.6em; }
.anatomy li + li::before { content: "→" / ""; position: absolute; left: -1.28em; top: -0.82em; font-size: 1.4em; line-height: 1; }
.anatomy p, .anatomy td, .anatomy th { font-size: 1em; }
.anatomy .title { font-size: 1.2em; font-weight: 700; }
.anatomy .big { font-size: 1.7em; font-weight: 700; line-height: 1.2; }
.anatomy .pair { font-size: 1.3em; font-weight: 700; }
.anatomy .shown { display: grid; grid-template-columns: 1fr 1fr; gap: 0.6em; max-width: 22em; }
.anatomy .shown > div:first-child { grid-column: 1 / 3; }
.anatomy .frame { position: relative; line-height: 0; }
.anatomy .frame img { width: 100%; image-rendering: pixelated; border: 1px solid rgba(128, 128, 128, 0.5); }
.anatomy .frame i { position: absolute; width: 0.8em; height: 0.8em; margin: -0.4em; border: 2px solid #D55E00; outline: 1px solid #fff;
  box-shadow: inset 0 0 0 1px #fff; }
.anatomy .curve { display: block; width: 100%; max-width: 17em; }
.anatomy table { width: 100%; border-collapse: collapse; }
.anatomy th, .anatomy td { border: 0; padding: 0.1em 0; text-align: left; font-weight: 400; white-space: nowrap; }
.anatomy td:last-child { text-align: right; }
.anatomy .bar { width: 100%; padding: 0.1em 0.5em; }
.anatomy .bar > div { display: flex; height: 1.05em; }
.anatomy .weight { overflow-wrap: anywhere; }
.anatomy .rule { padding: 0.5em 0.6em; border-radius: 0.3em; background: rgba(128, 128, 128, 0.12); }
@container (max-width: 720px) {
  .anatomy ol { grid-template-columns: 1fr; gap: 2.6em; }
  .anatomy li + li::before { content: "↓" / ""; left: 0.2em; top: -1.45em; }
  .anatomy .shown { grid-template-columns: 1fr 1fr 1fr; max-width: 30em; }
  .anatomy .shown > div:first-child { grid-column: auto; }
}
</style>"""
_LOSSES = {
    "cross-entropy": "The loss is the mean of that over {pixels}{weighed}.",
    "weighted": "The loss is the mean of that over {pixels}, each weighed by the map{also}.",
    "focal": "The loss is the mean of that over {pixels}, each weighed by a power of 1 − p{also}: what is known counts less.",
    "dice": "Dice compares whole masks, here {pixels}: no pixel has a share of its own.",
    "sum": "The loss is the mean of that over {pixels}{weighed}, plus Dice, which compares whole masks.",
}


def step_picture(anatomy: Numbers, ink: str) -> str:
    """The data of `train.anatomy` as HTML: four stations, beside each other where there is room. `ink` is the colour of words."""
    stations = (
        ("1 · Query", INPUT, _query(anatomy)),
        ("2 · Loss", ERROR, _loss(anatomy, ink)),
        ("3 · Gradient", ERROR, _gradient(anatomy)),
        ("4 · Step", KERNEL, _step(anatomy)),
    )
    items = "".join(f'<li style="border-color: {colour}"><p class="title">{title}</p>{body}</li>' for title, colour, body in stations)
    style = f"color: {ink}"
    label = escape(in_words(anatomy))
    return f'<figure class="anatomy" role="group" aria-label="{label}" style="{style}">{_STYLE}<ol>{items}</ol></figure>'


def in_words(anatomy: Numbers) -> str:
    """What the picture shows, in a sentence."""
    pixel, weight = anatomy["pixel"], anatomy["weight"]
    before, after = alike(weight["before"], weight["after"])
    layers = ", ".join(f"{layer['name']} {three(layer['gradient'])}" for layer in anatomy["layers"])
    return (
        f"Step {anatomy['step']}: the pixel in row {pixel['row']}, column {pixel['column']} is {pixel['truth']}; the network gives that a"
        f" probability of {three(pixel['probability'])}, which costs {three(pixel['loss'])}. The loss of the batch, {anatomy['loss_name']},"
        f" is {three(anatomy['loss'])}. The gradient's norm from input to output is {layers}. {weight['name']} goes from {before} to"
        f" {after}, and the loss of the same batch to {three(anatomy['loss_after'])}."
    )


def why_runs_differ() -> str:
    """Why two runs from one seed may part, with numbers that are worked out in float32.

    >>> why_runs_differ().split(". ")[1]
    'In float32, (100,000,000 − 100,000,000) + 1 = 1, but 100,000,000 + (−100,000,000 + 1) = 0: the digits do not suffice.'
    """
    a, b, c = np.float32(1e8), np.float32(-1e8), np.float32(1)
    return (
        "Two runs from one seed may still part, on another machine or with more threads: (a + b) + c is not a + (b + c), and whoever is"
        f" ready first is added first. In float32, (100,000,000 − 100,000,000) + 1 = {(a + b) + c:g}, but 100,000,000 + (−100,000,000 + 1)"
        f" = {a + (b + c):g}: the digits do not suffice."
    )


def _query(anatomy: Numbers) -> str:
    query, pixel, (height, width) = anatomy["query"], anatomy["pixel"], anatomy["size"]
    mark = f"left: {100 * (pixel['column'] + 0.5) / width:.2f}%; top: {100 * (pixel['row'] + 0.5) / height:.2f}%"
    shown = "".join(
        f'<div><div class="frame"><img src="{escape(query[name])}" alt="{escape(told)}"><i style="{mark}"></i></div>{escape(told)}</div>'
        for name, told in (("image", f"image 1 of {anatomy['batch']}"), ("probability", query["says"]), ("truth", "truth"))
    )
    return f'<p>What does the network say now?</p><div class="shown">{shown}</div>'


def _loss(anatomy: Numbers, ink: str) -> str:
    pixel = anatomy["pixel"]
    chance, cost = three(pixel["probability"]), three(pixel["loss"])
    equals = "=" if three(-math.log(float(f"{pixel['probability']:.3g}") or 1)) == cost else "≈"
    height, width = anatomy["size"]
    pixels = f"{anatomy['batch']} × {height} × {width} pixels"
    weighed, also = (", each weighed by its class", " and by its class") if anatomy["class_weights"] else ("", "")
    sentence = _LOSSES.get(anatomy["loss_name"], "").format(pixels=pixels, weighed=weighed, also=also)
    return (
        f'<p>{escape(anatomy["loss_name"])}<br><span class="big">{_told(anatomy["loss"])}</span></p>'
        f"<p>Most surprising is the pixel ▣, row {pixel['row']}, column {pixel['column']}: the truth is {escape(pixel['truth'])}, which has"
        f' p = {chance}.</p><p title="{exact(pixel["loss"])}"><b>−ln {chance} {equals} {cost}</b></p>{_curve(pixel, ink)}<p>{sentence}</p>'
    )


def _curve(pixel: Numbers, ink: str) -> str:
    """-ln p over p, and where the pixel stands on it; as a file, since `st.html` takes no drawing in the page."""
    wide, high, most = 200, 84, max(3.0, 1.1 * min(pixel["loss"], 12))
    line = " ".join(f"{wide * math.exp(-cost):.1f},{high * (1 - cost / most):.1f}" for cost in np.linspace(0, most, 60))
    x, y = wide * pixel["probability"], max(high * (1 - pixel["loss"] / most), 0)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -8 212 112" width="424" height="224">'
        f'<path d="M0 0 V{high} H{wide}" fill="none" stroke="{ink}" opacity="0.6"/>'
        f'<polyline points="{line}" fill="none" stroke="{ERROR}" stroke-width="2.5"/>'
        f'<path d="M{x:.1f} {high} V{y:.1f} H0" fill="none" stroke="{ink}" stroke-dasharray="3 3"/>'
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{ERROR}" stroke="{ink}"/>'
        f'<g fill="{ink}" font-size="13" font-family="sans-serif"><text y="{high + 16}">p = 0</text>'
        f'<text x="{wide}" y="{high + 16}" text-anchor="end">1</text><text x="{wide}" y="10" text-anchor="end">−ln p</text></g></svg>'
    )
    told = f"The curve of −ln p: it is 0 at p = 1 and rises towards p = 0; the pixel is at {three(pixel['loss'])}."
    return f'<img class="curve" src="data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}" alt="{told}">'


def _gradient(anatomy: Numbers) -> str:
    sizes = [layer["gradient"] for layer in anatomy["layers"]]
    low, high = decades(sizes)
    line = "rgba(128, 128, 128, 0.45)"
    grid = f"background: repeating-linear-gradient(to right, {line} 0 1px, transparent 1px calc((100% - 1px) / {high - low}))"
    rows = "".join(_row(layer, low, high, grid) for layer in anatomy["layers"])
    scale = f'<div style="justify-content: space-between"><span>{power(low)}</span><span>{power(high)}</span></div>'
    count = sum(layer["parameters"] for layer in anatomy["layers"])
    return (
        f"<p>How the loss changes with each of {count:,} weights: the norm by layer, from input to output.</p>"
        f'<table aria-label="Norm of the gradient by layer"><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">log scale</th><td class="bar">{scale}</td><td></td></tr></tfoot></table>'
    )


def _row(layer: Numbers, low: int, high: int, grid: str) -> str:
    size = layer["gradient"]
    share = (math.log10(size) - low) / (high - low) if 0 < size < math.inf else 0.0
    told = (
        f"{layer['parameters']:,} weights of norm {three(layer['weight'])}: gradient {exact(size)}, change in this step"
        f" {three(layer['update'])}"
    )
    return (
        f'<tr title="{told}"><th scope="row">{escape(layer["name"])}</th><td class="bar"><div style="{grid}">'
        f'<div style="width: {100 * share:.1f}%; background: {ERROR}"></div></div></td><td>{three(size)}</td></tr>'
    )


def _step(anatomy: Numbers) -> str:
    weight = anatomy["weight"]
    (before, after), losses = alike(weight["before"], weight["after"]), alike(anatomy["loss"], anatomy["loss_after"])
    numbers = {"before, w": before, "gradient, g": three(weight["gradient"])}
    exactly = [weight["before"], weight["gradient"]]
    rate, decay = three(anatomy["learning_rate"]), three(weight["decay"])
    if "m" in weight:
        numbers |= {"mean of g, m": three(weight["m"]), "mean of g², v": three(weight["v"])}
        exactly += [weight["m"], weight["v"]]
        worked = (
            f"{before} − {rate} ({three(weight['m'])} / (√({three(weight['v'])}) + {three(weight['eps'])}) + {decay} · {signed(before)})"
        )
    else:
        numbers |= {"b before": three(weight["b_before"]), "b now": three(weight["b"])}
        exactly += [weight["b_before"], weight["b"]]
        kept, slope = signed(three(weight["b_before"])), signed(three(weight["gradient"]))
        worked = f"b ≈ {three(weight['momentum'])} · {kept} + {slope} + {decay} · {signed(before)} ≈ {three(weight['b'])}"
        worked += f"<br>{before} − {rate} · {signed(three(weight['b']))}"
    told = zip(numbers.items(), exactly, strict=True)
    table = "".join(f'<tr title="{exact(value)}"><th scope="row">{name}</th><td>{text}</td></tr>' for (name, text), value in told)
    return (
        f'<p>One weight of the first layer, the one with the largest gradient:<br><span class="weight">{escape(weight["name"])}</span></p>'
        f'<table aria-label="Numbers of this weight"><tbody>{table}</tbody></table>'
        f'<p class="rule">{escape(weight["rule"])}<br>{worked}<br>≈ <b title="{exact(weight["after"])}">{after}</b></p>'
        f'<p title="{exact(anatomy["loss"])} → {exact(anatomy["loss_after"])}">Loss of the same batch<br>'
        f'<span class="pair">{losses[0]} → {losses[1]}</span></p>'
    )


def _told(value: float) -> str:
    return f'<span title="{exact(value)}">{three(value)}</span>'
