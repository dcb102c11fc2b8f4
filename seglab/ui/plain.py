"""What a person has typed or named, on a page that reads Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """Text without a meaning in Markdown.

    >>> print(plain("a_*b*.png"))
    a\\_\\*b\\*\\.png
    """
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)
