"""Nearly 300 files that nobody should have sent: each is taken or refused in a sentence, nothing lies about, and memory stays bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import fuzzed
import pytest

from seglab.data.decode import decode


def test_what_is_spoilt_is_refused_in_a_sentence(tmp_path: Path) -> None:
    home, scratch, place = (tmp_path / name for name in ("home", "tmp", "place"))
    for folder in (home, scratch, place):
        folder.mkdir()
    environment = {**os.environ, "SEGLAB_HOME": str(home), "TMPDIR": str(scratch)}
    command = [sys.executable, fuzzed.__file__, "0", "60", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=place)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    assert told["refused"] > 200
    assert told["taken"] > 20, "what was hardly touched can still be read"
    assert told["grown"] < 120, "megabytes, for zips that unpack to 250 and pictures that say they have 3.6 gigapixels"
    assert list(scratch.iterdir()) == list(place.iterdir()) == []
    assert {path.name for path in home.iterdir()} == {"sets"}
    sets = list((home / "sets").iterdir())
    assert sets
    assert all(
        len(path.name) == 12 and {part.name for part in path.iterdir()} <= {"images", "masks", "classes.txt", "title.txt"} for path in sets
    )


def test_the_net_has_no_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that lets another error through is noticed."""
    monkeypatch.setattr(fuzzed, "decode", lambda data: decode(data) if len(data) != 1 else {}["hole"])
    monkeypatch.setattr(fuzzed, "zip_cases", lambda *_: iter(()))
    monkeypatch.setattr(fuzzed, "weight_cases", lambda *_: iter(()))
    cases = [("one byte", lambda: fuzzed.decode(b"x")), *fuzzed.picture_cases(Random(1), 3)]
    monkeypatch.setattr(fuzzed, "picture_cases", lambda *_: iter(cases))
    assert fuzzed.main(1, 3, tmp_path)["wrong"] == ["one byte: KeyError: 'hole'"]
