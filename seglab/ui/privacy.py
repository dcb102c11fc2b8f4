"""The privacy note: what is stored where, for how long and for whose eyes. Its numbers are those of clean-up; its lists are held to a
browser's own account by `tests/test_keeping.py`."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from seglab.data.keeping import keeping
from seglab.ui.kept import days, kept_runs, kept_uploads, size

COOKIES = {"_streamlit_xsrf": "a random number with which the server knows your browser's uploads from those that another site slips in"}
# What a browser stores, by how its name begins.
STORED = {
    "seglab-owner": "a random number by which this server knows your runs as yours; it keeps a fingerprint of it (SHA-256)",
    "seglab-progress": "stops seen, questions solved, where you left off",
    "seglab-playlist": "the pages that you put into your playlist, with their titles",
    "stActiveTheme": "whether you chose light or dark",
    "sidebarWidth": "how wide you made the sidebar",
    "stSidebarCollapsed": "whether the sidebar is folded",
}


@dataclass(frozen=True)
class Kind:
    """Something that a person leaves on a server: what it is, for how long, and who can see it."""

    title: str
    icon: str
    what: str
    kept: str
    seen: str


def kinds() -> tuple[Kind, ...]:
    """All that is left on a server, with the limits that hold there."""
    limits = keeping()
    return (
        Kind(
            "A training, a “run”",
            "model_training",
            "Its settings and name, its curves, up to 60 moments with a few validation images and their masks, and the network's weights.",
            f"{kept_runs()} Beyond {size(limits.snapshot_megabytes)} of such moments the oldest runs keep only their first and last.",
            "Anybody who has its link can watch it and use its network. Only your browser can pause, rename or delete it.",
        ),
        Kind(
            "Pictures to train on",
            "photo_library",
            "Your images, masks and class names, under a name made of their contents, and what was found in them: numbers, sizes, shares.",
            kept_uploads(),
            "No other visitor can open them. A run's link shows those few validation images.",
        ),
        Kind(
            "A picture to try",
            "image_search",
            "One that you give a network on Use, Inside or another page, and what the network makes of it.",
            "Until you choose another or close the tab. The server lets go of a closed tab some minutes later; a quiet one when the next"
            " visitor leaves.",
            "Only you.",
        ),
        Kind(
            "Networks that labs train",
            "neurology",
            "The same for everybody: made from the page's settings, with nothing of yours in them.",
            f"{days(limits.network_days)} from their training.",
            "Every visitor who chooses the same settings.",
        ),
    )


def privacy_note() -> None:
    """The whole note."""
    st.header("On this server")
    told = kinds()
    for first in range(0, len(told), 2):
        for column, kind in zip(st.columns(2), told[first : first + 2], strict=False):
            with column.container(border=True, height="stretch"):
                st.markdown(
                    f":material/{kind.icon}: **{kind.title}**\n\n{kind.what}\n\n*How long?* {kind.kept}\n\n*Who sees it?* {kind.seen}"
                )
    st.markdown(
        "Whoever runs this server can read all of it, and may have chosen other limits than seglab's own; the ones above are this server's."
        " So bring no picture that you may not show."
    )
    st.header("In your browser")
    st.markdown(_listed("Its **local storage**, until you clear it:", STORED))
    st.markdown(_listed("Its **tab**, until you close it:", {"seglab-played": "which playlist is shown in it, and how far"}))
    st.markdown(_listed("One **cookie**, until you close the browser:", COOKIES))
    st.header("Not at all")
    st.markdown(
        "- No account, no name, no e-mail address.\n"
        "- No counting of visitors, no telemetry; Streamlit's is switched off.\n"
        "- No third party: every script, font and picture comes from this server, and no page asks any other one. If you press the button"
        " that fetches photographs of pets, the server fetches them, not your browser.\n"
        "- seglab's log has no addresses and no pictures: it tells of starts, errors, refusals, and which runs and uploads clean-up took,"
        " by their ids. A proxy before it may keep a log of its own."
    )
    st.header("To delete it")
    st.markdown(
        "- **A run**: stop it, then Delete under *Runs of this browser* on [A U-Net, live](./train).\n"
        "- **Pictures to train on**: *Delete these pictures* there, under *Your own*, *Uploaded before*; runs on them go first.\n"
        "- **Your progress**: *Forget* at the foot of [Start](./). Whoever clears the browser's storage also gives up the runs: then nobody"
        " can delete them but the server's owner, and time.\n"
        "- **The server's owner** deletes runs with `seglab runs delete ID`, and what is past its time goes by itself, or at once with"
        " `seglab runs clean`."
    )


def _listed(title: str, told: dict[str, str]) -> str:
    return f"{title}\n\n" + "".join(f"- `{name}`: {what}\n" for name, what in told.items())
