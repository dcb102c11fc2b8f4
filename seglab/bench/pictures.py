"""The pictures of the README and of the start page: ``python -m seglab.bench.pictures``.

Boards are exports of their lessons; pages are taken from the app as it stands. With the words ``boards``, ``labs``, ``pages`` or names of
labs only those are made; boards need no browser.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageOps

from seglab.bench.browser import open_browser
from seglab.bench.stage import serve_app
from seglab.export import exported
from seglab.export.asked import asked
from seglab.export.marks import Look

if TYPE_CHECKING:
    from playwright.sync_api import Page

ASSETS = Path(__file__).parents[2] / "assets"
BOARDS = {
    "convolution": "convolution?stop=5&at=13",
    "channels": "channels?v=1&at=14",
    "stack": "stack?at=13",
    "pooling": "pooling?v=1&stop=7&at=2",
    "translation": "translation?v=1&stop=8",
    "transposed_convolution": "transposed_convolution?v=1&stop=2&at=4",
    "output_size": "output_size?v=1&stop=3&size=8&stride=2&at=5",
    "unet_by_hand": "unet_by_hand?at=13",
}
TRIED = ".overlay .picture, .overlay canvas"  # what the network makes of a photograph
LABS = {  # a lab's address, and what of its page stands on its card
    "tasks": ("tasks", ".diagram .window"),
    "sliding_window": ("sliding_window", ".sliding .panes"),
    "builder": ("builder?size=572&width=64&padding=valid&norm=none", ".diagram .window"),
    "receptive_field": ("receptive_field?stack=c3.1.1-m2.2.0-c3.1.1-m2.2.0", ".field .window"),
    "fcn": ("fcn", ".diagram .window"),
    "milestones": ("milestones?net=GoogLeNet&heads=1", ".diagram .window"),
    "inside": ("inside?part=stage&block=up.2", ".stage .board"),
    "use": ("use?part=elsewhere&source=cells&picture=vessels", TRIED),
    "compare": ("compare?experiment=weights", ".stPlotlyChart"),
    "handcrafted": ("handcrafted?part=watershed&water=200", ".byhand.flood figure"),
    "instances": ("instances?way=border", ".diagram .window"),
    "pretrained": ("pretrained", ".stPlotlyChart"),
    "autoencoder": ("autoencoder", ".latent .walk"),
    "restore": ("restore", ".diagram .window"),
}
CARD, CARD_BOARD = (560, 320), 820
WALK = "transposed_convolution?stop=2"  # the README's first picture
STAGE = "unet_by_hand?at=13"  # and its second


def main() -> None:
    """Make every picture in light and in dark."""
    wanted = sys.argv[1:] or ["boards", "labs", "pages"]
    for name, make in (("boards", boards), ("labs", labs), ("pages", pages)):
        if name in wanted:
            make()
    if some := [name for name in wanted if name in LABS]:
        labs(some)


def boards() -> None:
    """Each lesson's board on its card, and the README's: a walk as a GIF, and a whole network."""
    for scheme in ("light", "dark"):
        for name, link in BOARDS.items():
            keep(exported(*asked(link), ".png", Look(scheme == "dark", CARD_BOARD, ledger=False)), f"{name}-{scheme}.png", CARD)
        keep(exported(*asked(STAGE), ".png", Look(scheme == "dark", 1100)), f"stage-{scheme}.png")
        (ASSETS / f"walk-{scheme}.gif").write_bytes(exported(*asked(WALK), ".gif", Look(scheme == "dark")))


def labs(chosen: Sequence[str] = ()) -> None:
    """What each lab's card shows of its page."""
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1600, "height": 1000}, color_scheme=scheme, device_scale_factor=1)
            page = context.new_page()
            for name, (link, what) in LABS.items():
                if chosen and name not in chosen:
                    continue
                page.goto(f"{app}/{link}")
                page.locator(what).first.wait_for(timeout=60_000)
                page.wait_for_timeout(1500)  # images arrive, words are measured
                keep(page.locator(what).first.screenshot(), f"{name}-{scheme}.png", CARD)
            context.close()


def pages() -> None:
    """The page of the training."""
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        run = ""
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1180, "height": 860}, color_scheme=scheme, device_scale_factor=1)
            page = context.new_page()
            run = run or _trained(page, app)
            page.goto(f"{app}/{run}")
            page.locator(TRIED).first.wait_for(timeout=60_000)
            page.wait_for_timeout(1500)  # images fade in
            keep(page.locator(TRIED).first.screenshot(), f"train-{scheme}.png", CARD)
            page.set_viewport_size({"width": 1180, "height": 1400})
            page.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 0)")
            page.wait_for_timeout(1500)
            keep(page.locator("[data-testid=stMain]").screenshot(), f"live-{scheme}.png")
            context.close()


def _trained(page: Page, app: str) -> str:
    """Train the default network in the app; returns its page's link."""
    page.goto(f"{app}/train")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Finished", exact=True).first.wait_for(timeout=300_000)
    return "train" + page.url.split("/train", 1)[1]


def keep(data: bytes, name: str, card: tuple[int, int] | None = None) -> None:
    """Write a picture with few colours, so that the repository stays small; for a card without its empty border, at the card's size."""
    picture = Image.open(BytesIO(data)).convert("RGB")
    if card:
        corner = "#%02x%02x%02x" % tuple(np.asarray(picture)[0, 0])  # noqa: UP031
        ground = Image.new("RGB", picture.size, corner)
        box = ImageChops.difference(picture, ground).getbbox() or (0, 0, *picture.size)
        picture = ImageOps.pad(picture.crop(box), card, Image.Resampling.LANCZOS, color=corner)
    picture.quantize(256, dither=Image.Dither.NONE).save(ASSETS / name, optimize=True)
    print(f"{name}: {(ASSETS / name).stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
