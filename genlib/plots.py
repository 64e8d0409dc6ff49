"""Charts. The only importer of plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genlib.colours import CLASSES, FAMILIES
from genlib.gmm import Selection
from genlib.latent import Width
from genlib.metrics import Verdict
from genlib.portraits import Directions
from genlib.preprocess import Bench, Outcome
from genlib.scoring import Score
from genlib.settings import FAMILY_NAMES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_DRAWN, _MOST_LINES = 1000, 150
MEASURES = {"All right": "accuracy", "Made found": "sensitivity", "Real kept": "specificity"}

__all__ = [
    "MEASURES",
    "criteria_chart",
    "entanglement_chart",
    "filled_chart",
    "held_out_chart",
    "made_chart",
    "samples_chart",
    "scores_chart",
    "verdicts_chart",
    "widths_chart",
]


def criteria_chart(selections: Sequence[Selection]) -> Figure:
    """BIC and AIC over K; the least of each is marked."""
    bic, aic = [each.bic for each in selections], [each.aic for each in selections]
    lines = [
        ("BIC", bic, CLASSES[0], "solid", int(np.argmin(bic))),
        ("AIC", aic, CLASSES[1], "dot", int(np.argmin(aic))),
    ]
    return _over_components(selections, lines, "criterion (lower is better)")


def held_out_chart(selections: Sequence[Selection]) -> Figure:
    """Mean log-likelihood of training and of held-out points over K; the best held-out one is marked."""
    train = [each.train_log_likelihood for each in selections]
    held_out = [each.held_out_log_likelihood for each in selections]
    lines = [
        ("Training points", train, CLASSES[4], "dot", None),
        ("Held-out points", held_out, CLASSES[5], "solid", int(np.argmax(held_out))),
    ]
    return _over_components(selections, lines, "log-likelihood (nats per point)")


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


def filled_chart(bench: Bench, outcome: Outcome, names: Sequence[str]) -> Figure:
    """Rows of the test part: those that are whole, and of the others where they were and where they were put."""
    from plotly.graph_objects import Figure

    figure = Figure()
    gap = np.isnan(bench.test[:, :2]).any(axis=1) & ~np.isnan(bench.truth[:, :2]).any(axis=1)
    whole, truth = (bench.truth[each, :2][:_MOST_DRAWN] for each in (~gap, gap))
    figure.add_scatter(x=whole[:, 0], y=whole[:, 1], mode="markers", name="whole",
                       marker={"size": 4, "color": "#888888", "opacity": 0.4})  # fmt: skip
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
    return _table_plane(figure, bench, names)


def made_chart(bench: Bench, outcome: Outcome, names: Sequence[str]) -> Figure:
    """Points of the mixture over rows that it was not fitted to."""
    from plotly.graph_objects import Figure

    figure = Figure()
    for points, name, colour in ((bench.truth, "never seen", "#888888"), (outcome.samples, "made", CLASSES[2])):
        thin = points[:_MOST_DRAWN]
        figure.add_scatter(x=thin[:, 0], y=thin[:, 1], mode="markers", name=name,
                           marker={"size": 4, "color": colour, "opacity": 0.5})  # fmt: skip
    return _table_plane(figure, bench, names)


def _table_plane(figure: Figure, bench: Bench, names: Sequence[str]) -> Figure:
    """Axes of the first two columns, the same for all pictures of a bench."""
    for update, column in ((figure.update_xaxes, 0), (figure.update_yaxes, 1)):
        update(range=list(bench.reach[column]), title=names[column])
    legend = {"orientation": "h", "y": -0.2, "yanchor": "top", "itemsizing": "constant"}
    figure.update_layout(height=400, margin={"l": 10, "r": 10, "t": 10, "b": 80}, legend=legend)
    return figure


def widths_chart(pca: np.ndarray, models: Sequence[Width]) -> Figure:
    """Reconstruction error over the size of the code: the line of PCA, and a point for every model."""
    from plotly import graph_objects as go

    figure = go.Figure()
    line = {"color": "#7F7F7F", "dash": "dot"}
    figure.add_scatter(x=list(range(1, len(pca) + 1)), y=pca.tolist(), name="PCA", mode="lines", line=line)
    for family, symbol in (("ae", "square"), ("vae", "circle")):
        mine = [each for each in models if each.family == family]
        figure.add_scatter(
            x=[each.latent_dim for each in mine], y=[each.squared_error for each in mine], mode="markers",
            name=FAMILY_NAMES[family], text=[f"{each.name}{', with labels' * each.labels}" for each in mine],
            marker={"color": FAMILIES[family], "size": 11, "symbol": symbol},
        )  # fmt: skip
    figure.update_xaxes(title="latent size D", type="log", tickvals=[1, 2, 5, 10, 20, 50])
    figure.update_yaxes(title="squared error per image", rangemode="tozero")
    figure.update_layout(
        height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend={"orientation": "h", "y": 1.12}
    )
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


def entanglement_chart(directions: Directions, names: Sequence[str]) -> Figure:
    """The entanglement matrix: a row for each slider, a column for each reading."""
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_heatmap(
        z=directions.matrix, x=list(names), y=list(names), zmin=-1, zmax=1, showscale=False,
        colorscale=[(0, CLASSES[0]), (0.5, "#FFFFFF"), (1, CLASSES[1])], customdata=directions.spread,
        text=directions.matrix, texttemplate="%{text:.1f}", textfont={"color": "#000000"}, xgap=2, ygap=2,
        hovertemplate="slider %{y} changes %{x} by %{z:.2f}, give or take %{customdata:.2f} from face to face"
        "<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", title="slider moved by 1")
    figure.update_xaxes(side="top", tickangle=-35)
    figure.update_layout(height=400, margin={"t": 10, "b": 10, "l": 10, "r": 10})
    return figure


def scores_chart(scores: Sequence[Score], titles: Sequence[str]) -> Figure:
    """Fréchet distance over seconds of training, with its standard error; the line is what real images get."""
    from plotly.graph_objects import Figure

    figure = Figure()
    for family in dict.fromkeys(each.family for each in scores):
        some = [(each, title) for each, title in zip(scores, titles, strict=True) if each.family == family]
        figure.add_scatter(
            x=[max(each.cost["seconds"], 1.0) for each, _ in some],
            y=[each.metrics["frechet"] for each, _ in some],
            error_y={"array": [each.stderr["frechet"] for each, _ in some]},
            text=[title for _, title in some],
            mode="markers",
            marker={"color": FAMILIES[family], "size": 11},
            name=FAMILY_NAMES[family],
            hovertemplate="%{text}<br>%{x:,.0f} s, distance %{y:.1f}<extra></extra>",
        )
    real = scores[0].real_vs_real["frechet"]
    seconds = [max(each.cost["seconds"], 1.0) for each in scores]
    ends = [min(seconds) / 2, max(seconds) * 2]
    figure.add_scatter(
        x=ends, y=[real, real], mode="lines", line={"dash": "dot", "color": "#7F7F7F"}, name="Real images"
    )
    figure.update_xaxes(type="log", title="seconds of training", dtick=1)
    figure.update_yaxes(type="log", title="Fréchet distance", dtick=1)
    legend = {"orientation": "h", "y": -0.25, "yanchor": "top"}  # below, where it hides no point on a phone
    figure.update_layout(height=420, margin={"t": 20, "b": 10, "l": 10, "r": 10}, legend=legend)
    return figure


def verdicts_chart(verdicts: Mapping[str, Verdict]) -> Figure:
    """Shares that were sorted rightly, each with its interval, below each other; the line is what guessing gets."""
    from plotly.graph_objects import Figure

    figure = Figure()
    yours, others = iter((CLASSES[0], CLASSES[4])), iter((CLASSES[1], CLASSES[5]))
    for name, verdict in verdicts.items():
        shares = [getattr(verdict, measure) for measure in MEASURES.values()]
        values = [100 * share.value for share in shares]
        ends = [[100 * end for end in share.interval] for share in shares]
        figure.add_scatter(
            x=values,
            y=list(MEASURES),
            name=name,
            mode="markers",
            orientation="h",
            marker={"color": next(yours if name.startswith("You") else others), "size": 10},
            error_x={
                "array": [end[1] - value for end, value in zip(ends, values, strict=True)],
                "arrayminus": [value - end[0] for end, value in zip(ends, values, strict=True)],
            },
            text=[f"{share.hits:,} of {share.n:,}" for share in shares],
            hovertemplate="%{text}: %{x:.0f} %",
        )
    figure.add_vline(x=50, line={"dash": "dot", "color": "#7F7F7F"})
    figure.update_xaxes(range=[-2, 102], ticksuffix=" %")
    figure.update_yaxes(autorange="reversed")
    legend = {"orientation": "h", "y": -0.12, "yanchor": "top"}
    figure.update_layout(
        height=300, scattermode="group", scattergap=0.4, margin={"t": 10, "b": 10, "l": 10, "r": 10}, legend=legend
    )
    return figure
