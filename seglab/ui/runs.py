"""The runs of a server as a visitor meets them: the one in the link, those of this browser, and what went wrong with a button."""

from __future__ import annotations

import streamlit as st

from seglab.data.colours import class_colours
from seglab.data.labels import TWO
from seglab.data.sets import classes_of
from seglab.train.failure import reason, sentence
from seglab.train.housekeeper import keep_house, make_room
from seglab.train.jobs import take_up
from seglab.train.limits import NO_ROOM
from seglab.train.store import NotFoundError, NotOwnerError, Run, Store
from seglab.ui.kept import kept_runs
from seglab.ui.links import kept, remember
from seglab.ui.plain import plain
from seglab.ui.seen import Classes

STATUS = {
    "queued": ("waiting", "hourglass_top"),
    "starting": ("waiting for a worker", "hourglass_top"),
    "running": ("training", "play_arrow"),
    "paused": ("paused", "pause"),
    "stopped": ("stopped", "stop"),
    "finished": ("finished", "check_circle"),
    "failed": ("failed", "error"),
    "lost": ("cut off", "warning"),
}


@st.cache_resource
def open_store() -> Store:
    """The run store of this server; runs that an earlier server left open are marked, and those that wait go on."""
    store = Store()
    take_up(store)
    keep_house(store)
    return store


def chosen_run(store: Store) -> Run | None:
    """The run in this page's link; a sentence on the page where it is not there."""
    identity = st.query_params.get("run")
    remember("train", {"run": identity} if identity else {})
    if not identity:
        return None
    try:
        return store.run(identity)
    except NotFoundError as error:
        st.warning(sentence(str(error)), icon=":material/link_off:")
        return None


def known_classes(run: Run) -> Classes:
    """The classes of a run's masks, with their colours."""
    told = run.results
    if "classes" in told:
        return told["classes"], [(red, green, blue) for red, green, blue in told["colours"]]
    try:
        return classes_of(run.config.data)
    except ValueError:  # a folder that is gone, from before runs kept their classes: masks had two then
        return TWO, class_colours(2)


def open_run(identity: str | None) -> None:
    """Put a run into this page's link, or none. For a button's callback."""
    st.query_params.from_dict({**({"run": identity} if identity else {}), **kept()})


def refuse(error: Exception) -> None:
    """Keep why a button does nothing, for the page. For a button's callback."""
    st.session_state["runs.refused"] = refusal(error)


def refusal(error: Exception) -> str:
    """An error as a sentence; those of ours are sentences already. Where it was a full disk, what may go does."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        make_room()
    return sentence(str(error) if isinstance(error, (NotOwnerError, NotFoundError)) else reason(error))


def tell_refusal() -> None:
    """Say why the last button did nothing."""
    refused = st.session_state.pop("runs.refused", None)
    if refused:
        st.warning(refused, icon=":material/block:")


def explain() -> None:
    """What the curves and pictures say, in words."""
    with st.expander("What the curves say", icon=":material/help:"):
        st.markdown(
            "- **Cross-entropy** is the loss: how surprised the network is by the truth, averaged over all pixels. 0 is certain and right;"
            " ln 2 = 0.693 is guessing between two classes, ln 5 = 1.609 between five.\n"
            "- **Mean IoU** compares masks class by class: the pixels that prediction and truth both give a class, divided by those that"
            " either of them does; then the mean over the classes. 1 is perfect. It is measured on images that are never trained on.\n"
            "- **Learning rate** is how far a step goes along the gradient: it rises during the first steps, then falls.\n"
            "- **Otsu’s threshold and a watershed** is the handcrafted way to find cells: one grey value parts them from the background,"
            " then touching cells are cut apart. The dashed line is its mean IoU on the same images."
        )


def _delete(store: Store, identity: str, token: str | None) -> None:
    try:
        store.delete(identity, token)
    except (OSError, NotFoundError) as error:
        refuse(error)


def _rename(store: Store, identity: str, token: str | None) -> None:
    try:
        store.rename(identity, st.session_state[f"name.{identity}"], token)
    except (ValueError, OSError, NotFoundError) as error:
        refuse(error)


def own_runs(store: Store, token: str | None, current: Run | None) -> None:
    """The runs of this browser, and for how long they are kept."""
    mine = store.runs(token) if token else []
    with st.expander(f"Runs of this browser ({len(mine)})", icon=":material/history:"):
        st.caption(
            f"A run's link lets anybody watch it; only this browser can pause, stop or delete it. {kept_runs()} A picture that you try a"
            " network on is not kept; pictures that you train on are kept as long as their runs, and whoever has a run's link sees a few of"
            " them. More under [Privacy](./privacy)."
        )
        if current and store.owns(current.id, token):
            st.text_input(
                "Name of the run that is open",
                current.name,
                key=f"name.{current.id}",
                max_chars=60,
                on_change=_rename,
                args=(store, current.id, token),
            )
        for run in mine[:20]:
            with st.container(horizontal=True, vertical_alignment="center"):
                iou = run.results.get("mean_iou")
                score = f" · mean IoU {iou:.3f}" if iou is not None else ""
                here = " · open here" if current and current.id == run.id else ""
                st.markdown(
                    f"{plain(run.name)} · {STATUS[run.status][0]} · depth {run.config.depth}, width {run.config.width}{score}{here}",
                    width="stretch",
                )
                st.button("Open", key=f"open.{run.id}", on_click=open_run, args=(run.id,))
                if not run.open:
                    st.button("Delete", key=f"delete.{run.id}", on_click=_delete, args=(store, run.id, token))
