"""Files that are written a band of rows at a time, so that a result need never be in memory whole.

Sources: the PNG specification, third edition, chapters 5, 9 and 11; NumPy's format version 1.0.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0
from numpy.typing import NDArray

from seglab.data.domains import Colour

GREY, RGB, PALETTE = 0, 2, 3
LEVEL = 4  # of compression: one more is slower than it is smaller


class Png:
    """A PNG file of `size` (height, width) that grows by bands (h, W) or (h, W, 3) of bytes, or (h, W) of 16 bits."""

    def __init__(self, path: Path, size: tuple[int, int], kind: int = GREY, bits: int = 8, palette: Sequence[Colour] = ()) -> None:
        self._file: BinaryIO = open(path, "wb")  # noqa: SIM115, closed by __exit__
        self._packer = zlib.compressobj(LEVEL)
        self._file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", size[1], size[0], bits, kind, 0, 0, 0))
        if palette:
            self._chunk(b"PLTE", bytes(part for colour in palette for part in colour))

    def write(self, band: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        """Add rows below those that are there."""
        rows = np.ascontiguousarray(band.astype(">u2") if band.dtype == np.uint16 else band).view(np.uint8).reshape(len(band), -1)
        unfiltered = np.zeros((len(rows), 1), np.uint8)  # filter type 0 in front of every row
        self._data(self._packer.compress(np.hstack([unfiltered, rows]).tobytes()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._file:
            if error is None:
                self._data(self._packer.flush())
                self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        if packed:
            self._chunk(b"IDAT", packed)

    def _chunk(self, name: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


class Npz:
    """A compressed .npz file with one array `name` of `shape` that grows by bands along its first axis, in half precision."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...]) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._file = self._zip.open(f"{name}.npy", "w", force_zip64=True)
        told = header_data_from_array_1_0(np.empty((0,), np.float16))
        write_array_header_1_0(self._file, {**told, "shape": shape})

    def write(self, band: NDArray[np.floating]) -> None:
        """Add a band to those that are there."""
        self._file.write(np.ascontiguousarray(band, np.float16).tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._zip.close()
