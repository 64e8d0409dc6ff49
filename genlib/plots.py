"""Charts. The only importer of plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genlib.colours import CLASSES
from genlib.gmm import Selection

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["criteria_chart", "held_out_chart", "samples_chart"]


def criteria_chart(selections: Sequence[Selection]) -> Figure:
    """BIC and AIC over K; the least of each is marked."""
    from plotly import graph_objects as go

    figure = go.Figure()
    components = [selection.components for selection in selections]
    for name, values, dash in (
        ("BIC", [selection.bic for selection in selections], "solid"),
        ("AIC", [selection.aic for selection in selections], "dot"),
    ):
        _line(figure, components, values, name, CLASSES[0 if name == "BIC" else 1], dash, int(np.argmin(values)))
    return _framed(figure, "components K", "criterion (lower is better)")


def held_out_chart(selections: Sequence[Selection]) -> Figure:
    """Mean log-likelihood of training and of held-out points over K; the best held-out one is marked."""
    figure_values = {
        "Training points": [selection.train_log_likelihood for selection in selections],
        "Held-out points": [selection.held_out_log_likelihood for selection in selections],
    }
    from plotly import graph_objects as go

    figure = go.Figure()
    components = [selection.components for selection in selections]
    for i, (name, values) in enumerate(figure_values.items()):
        best = int(np.nanargmax(values)) if i else None
        _line(figure, components, values, name, CLASSES[5 if i else 4], "solid" if i else "dot", best)
    return _framed(figure, "components K", "log-likelihood (nats per point)")


def samples_chart(real: np.ndarray, new: np.ndarray, groups: np.ndarray) -> Figure:
    """Real points on the left and new ones on the right, on the same axes; new ones by component."""
    from plotly.subplots import make_subplots

    titles = (f"{len(real):,} real points", f"{len(new):,} new points")
    figure = make_subplots(1, 2, subplot_titles=titles, shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.03)
    size = float(np.clip(220 / np.sqrt(len(real)), 3, 7))
    thin = real[:: -(-len(real) // 3000)]
    figure.add_scatter(
        x=thin[:, 0],
        y=thin[:, 1],
        mode="markers",
        marker={"size": size, "color": "#888888", "opacity": 0.6},
        row=1,
        col=1,
    )
    for k in np.unique(groups):
        mine = new[groups == k]
        marker = {"size": size + 1, "color": CLASSES[k % len(CLASSES)], "opacity": 0.8}
        figure.add_scatter(
            x=mine[:, 0], y=mine[:, 1], mode="markers", name=f"component {k + 1}", marker=marker, row=1, col=2
        )
    both = np.concatenate([real, new])
    figure.update_xaxes(range=_reach(both[:, 0]))
    figure.update_yaxes(range=_reach(both[:, 1]))
    figure.update_layout(showlegend=False, height=440, margin={"l": 10, "r": 10, "t": 40, "b": 10})
    return figure


def _line(figure: Figure, x: list[int], y: list[float], name: str, colour: str, dash: str, marked: int | None) -> None:
    sizes = [13 if i == marked else 6 for i in range(len(x))]
    figure.add_scatter(
        x=x, y=y, name=name, mode="lines+markers", line={"color": colour, "dash": dash}, marker={"size": sizes}
    )


def _framed(figure: Figure, x: str, y: str) -> Figure:
    figure.update_xaxes(title=x, dtick=1)
    figure.update_yaxes(title=y)
    figure.update_layout(
        height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend={"orientation": "h", "y": 1.12}
    )
    return figure


def _reach(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low or 1.0)
    return [low - margin, high + margin]
