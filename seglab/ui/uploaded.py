"""Files that people bring: each kind with the most that it may have, said at the uploader, held to in the browser and again here.

The server takes what the largest of them needs: `server.maxUploadSize` in `.streamlit/config.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seglab.data.uploads import MOST_TOGETHER

MIB = 2**20
# Megabytes, as Streamlit counts them: 2 ** 20 bytes.
PICTURE = 10  # of 4 megapixels, also without compression
LARGE = 64  # of 67 megapixels, and its mask
WEIGHTS = 64  # a network of a million parameters takes 12
ARCHIVE = MOST_TOGETHER
NAMES = 1
PLAYLIST = 1
PICTURES = ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp"]


def one_file(
    label: str, types: Sequence[str], most: int, key: str | None = None, where: DeltaGenerator | None = None, disabled: bool = False
) -> UploadedFile | None:
    """A file of at most `most` megabytes; None while there is none, or where it is larger, which the page says."""
    place = where or st.container()
    file = place.file_uploader(label, list(types), key=key, max_upload_size=most, disabled=disabled)
    return file if file is not None and not _refused(place, [file], most) else None


def several_files(label: str, types: Sequence[str], most: int, key: str, where: DeltaGenerator) -> list[UploadedFile]:
    """Files of at most `most` megabytes each; none where one is larger, which the page says."""
    files = where.file_uploader(label, list(types), accept_multiple_files=True, key=key, max_upload_size=most)
    return [] if _refused(where, files, most) else files


def earlier(key: str, most: int) -> UploadedFile | None:
    """The file of an uploader that stands further down the page, as it was when the page last ran."""
    file: UploadedFile | None = st.session_state.get(key)
    return file if file is not None and not _refused(st.container(), [file], most) else None


def _refused(where: DeltaGenerator, files: Sequence[UploadedFile], most: int) -> bool:
    """Whether one of them is too large, whatever the browser let through."""
    large = [file for file in files if file.size > most * MIB]
    if large:
        where.error(f"A file has {large[0].size / MIB:.1f} MB: at most {most} are taken here.", icon=":material/error:")
    return bool(large)
