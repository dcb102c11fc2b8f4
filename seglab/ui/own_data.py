"""A person's own images and masks: upload them, see how they were understood, and mend what is wrong before anything starts."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seglab.data.crops import split
from seglab.data.folder import MOST_PAIRS, SUFFIXES
from seglab.data.summary import Summary
from seglab.data.uploads import MOST_TOGETHER, File, is_upload, title_of
from seglab.data.zips import unpacked
from seglab.infer.pictures import data_url, shown_colours
from seglab.train.asked.pictures import inspect_set
from seglab.train.failure import sentence
from seglab.train.housekeeping import discard_upload, keep_upload
from seglab.train.store import Store
from seglab.ui.kept import kept_uploads
from seglab.ui.legend import legend
from seglab.ui.plain import plain
from seglab.ui.runs import refusal, refuse
from seglab.ui.uploaded import ARCHIVE, NAMES, PICTURE, one_file, several_files
from seglab.ui.waiting import arrived, asked

FILES, ZIP, EARLIER = "Files", "One zip", "Uploaded before"
LISTED = 12  # problems that are shown by name
TYPES = sorted(suffix.removeprefix(".") for suffix in SUFFIXES)
_KEPT = "own.kept"  # what was uploaded in this session: the name, or why it is refused, by the files' identities

Upload = tuple[tuple[str, ...], Callable[[], list[File]], str]  # the files' identities, their contents, and what to call them together


def own_data(store: Store, token: str | None) -> str | None:
    """Let a person choose pictures of their own; the set's name for `TrainConfig.data` once it can be trained on, else None."""
    earlier = _earlier(store, token)
    with st.container(border=True):
        _explain()
        st.session_state.setdefault("own.way", EARLIER if earlier else FILES)
        way = st.segmented_control("Where they come from", [FILES, ZIP, EARLIER], key="own.way", required=True)
        if way == EARLIER:
            name = _choose(store, earlier)
        else:
            upload = _zip() if way == ZIP else _files()
            name = _kept(store, upload) if upload else None
        summary = _look(store, name) if name else None
    return name if summary is not None and not summary.problems else None


def _explain() -> None:
    st.markdown(
        f"**Images with a mask each**, of the same name and size: `leaf.jpg` and `leaf.png`. Save masks as PNG: black and white, where the"
        f" object is white, or index or palette, where a pixel's value is the number of its class. A `classes.txt` may name the classes, a"
        f" line each, the first for 0. Sizes may differ between images; up to 4 megapixels each, {MOST_PAIRS} pairs and {MOST_TOGETHER} MB"
        " in all."
    )
    st.caption(
        f"{kept_uploads()} No other visitor can open them; whoever has the run's link sees a few of its validation images and their masks."
    )


def _files() -> Upload | None:
    left, right = st.columns(2)
    images = several_files("Images", TYPES, PICTURE, "own.images", left)
    masks = several_files("Masks", TYPES, PICTURE, "own.masks", right)
    names = one_file("classes.txt, if there is one", ["txt"], NAMES, "own.classes")
    if not (images and masks):
        if images or masks:
            st.caption(f"Now the {'masks' if images else 'images'}.")
        return None
    given = [("images", file) for file in images] + [("masks", file) for file in masks] + ([("classes", names)] if names else [])
    stem = min(file.name for file in images).rpartition(".")[0]
    title = stem + (f" and {len(images) - 1} more" if len(images) > 1 else "")
    return _identity(given), lambda: [(kind, file.name, file.getvalue()) for kind, file in given], title


def _zip() -> Upload | None:
    file = one_file("A zip with the folders images and masks in it, perhaps classes.txt", ["zip"], ARCHIVE, "own.zip")
    return (_identity([("zip", file)]), lambda: unpacked(file.getvalue()), file.name.removesuffix(".zip")) if file else None


def _identity(given: list[tuple[str, UploadedFile]]) -> tuple[str, ...]:
    return tuple(f"{kind}/{file.file_id}" for kind, file in given)


def _choose(store: Store, earlier: list[str]) -> str | None:
    if not earlier:
        st.caption("Nothing was uploaded in this session yet.")
        return None
    titles = [title_of(name) for name in earlier]
    # A choice comes back by what it is called, so no two may be called the same.
    called = {name: f"{title} ({name[-4:]})" if titles.count(title) > 1 else title for name, title in zip(earlier, titles, strict=True)}
    name = st.selectbox("Pictures", earlier, format_func=called.__getitem__, key="own.earlier")
    st.button("Delete these pictures", icon=":material/delete:", key="own.delete", on_click=_discard, args=(store, name))
    return name


def _discard(store: Store, name: str) -> None:
    """Delete an upload and what is remembered of it, unless a run is there that learned from it."""
    try:
        discard_upload(store, name)
    except (ValueError, OSError) as error:
        refuse(error)
        return
    kept: dict[tuple[str, ...], tuple[str, str]] = st.session_state.get(_KEPT, {})
    st.session_state[_KEPT] = {files: told for files, told in kept.items() if told[0] != name}
    st.session_state["own.way"] = FILES


def _earlier(store: Store, token: str | None) -> list[str]:
    """Sets of this session, and of this browser's runs, the newest first."""
    session = [name for name, _ in reversed(st.session_state.get(_KEPT, {}).values()) if name]
    runs = [run.config.data for run in store.runs(token) if is_upload(run.config.data)] if token else []
    return list(dict.fromkeys(session + runs))


def _kept(store: Store, upload: Upload) -> str | None:
    """The name under which an upload is kept; a sentence on the page where it is refused."""
    files, contents, title = upload
    known: dict[tuple[str, ...], tuple[str, str]] = st.session_state.setdefault(_KEPT, {})
    if files not in known:
        try:
            known[files] = keep_upload(store, contents(), title), ""
        except ValueError as error:
            known[files] = "", str(error)
        except OSError as error:
            st.error(f"The files cannot be kept on this server: {refusal(error)}", icon=":material/hard_drive:")
            return None
    name, refused = known[files]
    if refused:
        st.error(plain(sentence(refused)), icon=":material/broken_image:")
    return name or None


def _look(store: Store, name: str) -> Summary | None:
    """What a worker finds in a set, shown once it is there; the page is not held up meanwhile."""
    found = arrived(asked("own", name, lambda: inspect_set(store, name)), "A worker is looking at the pictures…")
    if found is None:
        return None
    summary, pictures = found
    if summary.problems:
        _tell_problems(summary.problems)
    else:
        _show(summary, pictures)
    return summary


def _tell_problems(problems: tuple[str, ...]) -> None:
    more = len(problems) - LISTED
    lines = [f"- {plain(problem)}" for problem in problems[:LISTED]] + ([f"- and {more} more"] if more > 0 else [])
    st.error("**These pictures cannot be trained on yet:**\n\n" + "\n".join(lines), icon=":material/broken_image:")


def _show(summary: Summary, pictures: dict[str, bytes]) -> None:
    training, held_out = (len(part) for part in split(list(range(summary.pairs))))
    sizes = [f"{width} × {height}" for height, width in dict.fromkeys((summary.smallest, summary.largest))]
    st.markdown(
        f":material/check_circle: **{summary.pairs} pairs**, {'in colour' if summary.channels == 3 else 'grey'}, of"
        f" {' to '.join(sizes)} pixels: {training} to train on, {held_out} to test on."
    )
    st.image(data_url(pictures["images"]), caption="The first images", alt="The first images", width="content")
    st.image(
        data_url(pictures["masks"]), caption="Their masks, as they were understood", alt="The masks of the first images", width="content"
    )
    told = [f"{name}: {_percent(share)}" for name, share in zip(summary.classes, summary.shares, strict=True)]
    legend(told, shown_colours(summary.colours))
    for note in summary.notes:
        st.caption(f":material/info: {plain(note)}")


def _percent(share: float) -> str:
    """A share of all pixels as people read it.

    >>> _percent(0.25), _percent(0.0004), _percent(0.0)
    ('25%', 'less than 0.1%', 'none')
    """
    if not share:
        return "none"
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
