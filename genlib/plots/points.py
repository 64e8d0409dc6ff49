"""Charts of points in the plane, and of the mixtures that are fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genlib.colours import CLASSES, PLAIN
from genlib.gmm import Selection
from genlib.plots.chart import Chart
from genlib.preprocess import Bench, Outcome

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["criteria_chart", "filled_chart", "held_out_chart", "made_chart", "samples_chart"]

_MOST_DRAWN, _MOST_LINES = 1000, 150


def criteria_chart(selections: Sequence[Selection]) -> Chart:
    """BIC and AIC over K; the least of each is marked."""
    bic, aic = [each.bic for each in selections], [each.aic for each in selections]
    lines = [
        ("BIC", bic, CLASSES[0], "solid", int(np.argmin(bic))),
        ("AIC", aic, CLASSES[1], "dot", int(np.argmin(aic))),
    ]
    told = " and ".join(f"{name} is least at K = {selections[i].components} ({values[i]:,.1f})"
                        for name, values, _, _, i in lines if i is not None)  # fmt: skip
    figure = _over_components(selections, lines, "criterion (lower is better)")
    return Chart(figure, f"{told}, of {len(selections)} numbers of components.")


def held_out_chart(selections: Sequence[Selection]) -> Chart:
    """Mean log-likelihood of training and of held-out points over K; the best held-out one is marked."""
    train = [each.train_log_likelihood for each in selections]
    held_out = [each.held_out_log_likelihood for each in selections]
    lines = [
        ("Training points", train, CLASSES[4], "dot", None),
        ("Held-out points", held_out, CLASSES[5], "solid", best := int(np.argmax(held_out))),
    ]
    k, last = selections[best].components, selections[-1]
    return Chart(
        _over_components(selections, lines, "log-likelihood (nats per point)"),
        f"Held-out points are the most likely at K = {k}, {_signed(held_out[best])} nats each, where training points "
        f"have {_signed(train[best])}; at K = {last.components} these have {_signed(train[-1])}, and held-out ones "
        f"{_signed(held_out[-1])}.",
    )


def samples_chart(real: np.ndarray, new: np.ndarray, groups: np.ndarray) -> Chart:
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
        name="real",
        marker={"size": size, "color": PLAIN, "opacity": 0.6},
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
    return Chart(figure, f"Real points lie {_where(real)}; new ones, of {len(np.unique(groups))} components, "
                         f"{_where(new)}.")  # fmt: skip


def filled_chart(bench: Bench, outcome: Outcome, names: Sequence[str]) -> Chart:
    """Rows of the test part: those that are whole, and of the others where they were and where they were put."""
    from plotly.graph_objects import Figure

    figure = Figure()
    gap = np.isnan(bench.test[:, :2]).any(axis=1) & ~np.isnan(bench.truth[:, :2]).any(axis=1)
    whole, truth = (bench.truth[each, :2][:_MOST_DRAWN] for each in (~gap, gap))
    figure.add_scatter(x=whole[:, 0], y=whole[:, 1], mode="markers", name="whole",
                       marker={"size": 4, "color": PLAIN, "opacity": 0.4})  # fmt: skip
    if outcome.filled is not None:
        put = outcome.filled[gap, :2][:_MOST_DRAWN]
        # Of a few only, or the picture is all lines.
        ways = np.stack([truth, put, np.full_like(put, np.nan)], axis=1)[:_MOST_LINES].reshape(-1, 2)
        figure.add_scatter(x=ways[:, 0], y=ways[:, 1], mode="lines", showlegend=False, opacity=0.35, hoverinfo="skip",
                           line={"color": CLASSES[1], "width": 1})  # fmt: skip
        figure.add_scatter(x=put[:, 0], y=put[:, 1], mode="markers", name="put",
                           marker={"size": 5, "color": CLASSES[1], "opacity": 0.8})  # fmt: skip
    figure.add_scatter(x=truth[:, 0], y=truth[:, 1], mode="markers", name="was",
                       marker={"size": 5, "color": CLASSES[0], "symbol": "circle-open", "opacity": 0.6})  # fmt: skip
    told = f"{int(gap.sum()):,} of {gap.size:,} rows have a gap in these two columns"
    if outcome.filled is None or outcome.error is None:
        return Chart(_table_plane(figure, bench, names), f"{told}; nothing is put in.")
    off = f"values were put {outcome.error:.2f} standard deviations from where they were, root mean squared"
    return Chart(_table_plane(figure, bench, names), f"{told}; {off}.")


def made_chart(bench: Bench, outcome: Outcome, names: Sequence[str]) -> Chart:
    """Points of the mixture over rows that it was not fitted to."""
    from plotly.graph_objects import Figure

    figure = Figure()
    for points, name, colour in ((bench.truth, "never seen", PLAIN), (outcome.samples, "made", CLASSES[2])):
        thin = points[:_MOST_DRAWN]
        figure.add_scatter(x=thin[:, 0], y=thin[:, 1], mode="markers", name=name,
                           marker={"size": 4, "color": colour, "opacity": 0.5})  # fmt: skip
    return Chart(
        _table_plane(figure, bench, names),
        f"Rows that were never seen lie {_where(bench.truth[:, :2])}; made ones {_where(outcome.samples[:, :2])}. "
        f"Energy distance of all columns: {outcome.energy:.4f}.",
    )


def _table_plane(figure: Figure, bench: Bench, names: Sequence[str]) -> Figure:
    """Axes of the first two columns, the same for all pictures of a bench."""
    for update, column in ((figure.update_xaxes, 0), (figure.update_yaxes, 1)):
        update(range=list(bench.reach[column]), title=names[column])
    legend = {"orientation": "h", "y": -0.2, "yanchor": "top", "itemsizing": "constant"}
    figure.update_layout(height=400, margin={"l": 10, "r": 10, "t": 10, "b": 80}, legend=legend)
    return figure


def _over_components(
    selections: Sequence[Selection], lines: Sequence[tuple[str, list[float], str, str, int | None]], y: str
) -> Figure:
    """Lines over K, each given by name, values, colour, dash and the index of its marked value."""
    from plotly import graph_objects as go

    figure = go.Figure()
    components = [each.components for each in selections]
    for name, values, colour, dash, marked in lines:
        sizes = [13 if i == marked else 6 for i in range(len(values))]
        line, marker = {"color": colour, "dash": dash}, {"size": sizes}
        figure.add_scatter(x=components, y=values, name=name, mode="lines+markers", line=line, marker=marker)
    figure.update_xaxes(title="components K", dtick=1)
    figure.update_yaxes(title=y)
    figure.update_layout(
        height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend={"orientation": "h", "y": 1.12}
    )
    return figure


def _reach(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low or 1.0)
    return [low - margin, high + margin]


def _where(points: np.ndarray) -> str:
    """Around which place points lie, and how far."""
    (x, y), (a, b) = points.mean(axis=0), points.std(axis=0)
    return f"around ({_signed(x)}, {_signed(y)}), give or take ({a:,.2f}, {b:,.2f})"


def _signed(value: float) -> str:
    return f"{value:,.2f}".replace("-", "−")
