"""Why a training failed, in a sentence for its page."""

from __future__ import annotations

from seglab.train.limits import GIB, NO_ROOM, memory_limit

_NO_ROOM_TOLD = ("No space left on device", "Disk quota exceeded")  # by libraries that keep no number
_NO_MEMORY_TOLD = ("can't allocate memory", "Cannot allocate memory", "std::bad_alloc", "out of memory")


def reason(error: BaseException) -> str:
    """What went wrong: the sentence of a ValueError as it is, ours for a lack of memory or room, else the error's type and text.

    >>> reason(OSError(28, "No space left on device"))
    'the disk is full: what was saved before is kept, and room is needed to go on'
    >>> reason(ValueError("depth=9 is out of range: 1 to 5")), reason(KeyError("x"))
    ('depth=9 is out of range: 1 to 5', "KeyError: 'x'")
    """
    text = str(error)
    if no_memory(error):
        limit = memory_limit()
        where = " on the graphics card" if "CUDA" in text or "MPS" in text else f" (limit {limit / GIB:.1f} GiB)" if limit else ""
        return f"there is not enough memory for this training{where}: a smaller crop, batch, width or depth needs less"
    if (isinstance(error, OSError) and error.errno in NO_ROOM) or any(told in text for told in _NO_ROOM_TOLD):
        return "the disk is full: what was saved before is kept, and room is needed to go on"
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


def no_memory(error: BaseException) -> bool:
    """Whether it was memory that was wanting."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(told in str(error) for told in _NO_MEMORY_TOLD))


def sentence(text: str) -> str:
    """A reason as it stands alone on a page.

    >>> sentence("the disk is full")
    'The disk is full.'
    """
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def message(error: BaseException) -> str:
    """What a run that failed says of itself: a sentence, but for an error that is ours the bare error."""
    told = reason(error)
    return told if told.startswith(f"{type(error).__name__}:") else sentence(told)
