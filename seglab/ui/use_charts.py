"""What the charts of the page Use have in common."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.ui.charts import ink
from seglab.ui.links import in_lecture

GRID: dict[str, Any] = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False}
BARE = "rgba(0,0,0,0)"


def show_chart(figure: go.Figure, key: str, alt: str) -> None:
    """Show a figure on the page's ground, its legend above it, with one button: a PNG."""
    figure.update_layout(
        height=340,
        font={"color": ink(), "size": 18 if in_lecture() else 14},
        legend={"orientation": "h", "y": 1.15, "x": 0},
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        paper_bgcolor=BARE,
        plot_bgcolor=BARE,
    )
    config = {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": {"filename": key, "scale": 2}}
    st.plotly_chart(figure, key=key, config=config, alt=alt)
