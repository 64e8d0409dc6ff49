"""Charts of what models are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from genlib.colours import CLASSES, FAMILIES, PLAIN
from genlib.latent import Width
from genlib.metrics import Verdict
from genlib.plots.chart import Chart
from genlib.portraits import Directions
from genlib.scoring import Score
from genlib.settings import FAMILY_NAMES

__all__ = [
    "MEASURES",
    "entanglement_chart",
    "scores_chart",
    "seeds_chart",
    "shares_chart",
    "verdicts_chart",
    "widths_chart",
]

MEASURES = {"All right": "accuracy", "Made found": "sensitivity", "Real kept": "specificity"}


def widths_chart(pca: np.ndarray, models: Sequence[Width]) -> Chart:
    """Reconstruction error over the size of the code: the line of PCA, and a point for every model."""
    from plotly import graph_objects as go

    figure = go.Figure()
    line = {"color": PLAIN, "dash": "dot"}
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
    told = f"PCA is off by {pca[0]:.1f} with one number and by {pca[-1]:.1f} with {len(pca)}"
    if models:
        best = min(models, key=lambda each: each.squared_error)
        told += f"; of {len(models)} models the best is {best.name}, off by {best.squared_error:.1f} with "
        told += f"{best.latent_dim} number{'s' * (best.latent_dim > 1)}"
    return Chart(figure, f"{told}.")


def entanglement_chart(directions: Directions, names: Sequence[str]) -> Chart:
    """The entanglement matrix: a row for each slider, a column for each reading."""
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_heatmap(
        z=directions.matrix, x=list(names), y=list(names), zmin=-1, zmax=1, showscale=False,
        colorscale=[(0, CLASSES[4]), (0.5, "#FFFFFF"), (1, CLASSES[1])], customdata=directions.spread,
        text=directions.matrix, texttemplate="%{text:.1f}", textfont={"color": "#000000"}, xgap=2, ygap=2,
        hovertemplate="slider %{y} changes %{x} by %{z:.2f}, give or take %{customdata:.2f} from face to face"
        "<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", title="slider moved by 1")
    figure.update_xaxes(side="top", tickangle=-35)
    figure.update_layout(height=400, margin={"t": 10, "b": 10, "l": 10, "r": 10})
    own = np.eye(len(names), dtype=bool)
    others = np.where(own, 0.0, directions.matrix)
    slider, reading = (int(i) for i in np.unravel_index(np.abs(others).argmax(), others.shape))
    return Chart(
        figure,
        f"A slider changes its own reading by {directions.matrix[own].mean():.2f} on average, and others by "
        f"{np.sqrt(np.square(others[~own]).mean()):.2f}, root mean squared. The most: {names[slider]} changes "
        f"{names[reading]} by {others[slider, reading]:.2f}.".replace("-", "−"),
    )


def scores_chart(scores: Sequence[Score], titles: Sequence[str]) -> Chart:
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
    figure.add_scatter(
        x=[min(seconds) / 2, max(seconds) * 2],
        y=[real, real],
        mode="lines",
        line={"dash": "dot", "color": PLAIN},
        name="Real images",
    )
    figure.update_xaxes(type="log", title="seconds of training", dtick=1)
    figure.update_yaxes(type="log", title="Fréchet distance", dtick=1)
    legend = {"orientation": "h", "y": -0.25, "yanchor": "top"}  # below, where it hides no point on a phone
    figure.update_layout(height=420, margin={"t": 20, "b": 10, "l": 10, "r": 10}, legend=legend)
    order = sorted(zip(titles, scores, strict=True), key=lambda pair: pair[1].metrics["frechet"])
    ends = [
        f"{title} with {each.metrics['frechet']:.1f}, after {each.cost['seconds']:,.0f} seconds of training"
        for title, each in (order[0], order[-1])
    ]
    far = f" Farthest is {ends[1]}." if len(scores) > 1 else ""
    return Chart(figure, f"Nearest to real images is {ends[0]}.{far} Other real images get {real:.1f}.")


def verdicts_chart(verdicts: Mapping[str, Verdict]) -> Chart:
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
    figure.add_vline(x=50, line={"dash": "dot", "color": PLAIN})
    figure.update_xaxes(range=[-2, 102], ticksuffix=" %")
    figure.update_yaxes(autorange="reversed")
    legend = {"orientation": "h", "y": -0.12, "yanchor": "top"}
    figure.update_layout(
        height=300, scattermode="group", scattergap=0.4, margin={"t": 10, "b": 10, "l": 10, "r": 10}, legend=legend
    )
    told = []
    for name, verdict in verdicts.items():
        share = verdict.accuracy
        low, high = (100 * end for end in share.interval)
        told.append(f"{name}: {100 * share.value:.0f} % right, between {low:.0f} and {high:.0f} %")
    return Chart(figure, f"{'; '.join(told)}. Guessing gets 50 %.")


def seeds_chart(
    steps: Sequence[int], curves: Mapping[str, Sequence[Sequence[float]]], y: str, floor: float | None = None
) -> Chart:
    """Figures over steps of training: a thick line for the mean of each kind, a thin one for each of its seeds.

    Arguments:
        steps: Where they were measured.
        curves: By kind, for each seed a figure after each of the steps.
        y: What is measured.
        floor: What real images get, if that is to be drawn.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    for i, (name, seeds) in enumerate(curves.items()):
        colour = CLASSES[i]
        for seed in seeds:
            figure.add_scatter(x=list(steps), y=list(seed), mode="lines", showlegend=False, hoverinfo="skip",
                               legendgroup=name, opacity=0.4, line={"color": colour, "width": 1})  # fmt: skip
        figure.add_scatter(x=list(steps), y=np.mean(seeds, axis=0).tolist(), name=name, mode="lines+markers",
                           legendgroup=name, line={"color": colour, "width": 3},
                           marker={"symbol": i, "size": 8})  # fmt: skip
    if floor is not None:
        figure.add_scatter(x=[steps[0], steps[-1]], y=[floor, floor], mode="lines", name="Real images",
                           line={"dash": "dot", "color": PLAIN})  # fmt: skip
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title=y, rangemode="tozero")
    legend = {"orientation": "h", "y": -0.25, "yanchor": "top"}  # below, where it hides nothing on a phone
    figure.update_layout(height=360, margin={"t": 10, "b": 10, "l": 10, "r": 10}, legend=legend)
    told = [f"{name} {np.mean([seed[-1] for seed in seeds]):.2f}" for name, seeds in curves.items()]
    real = "" if floor is None else f" Real images get {floor:.2f}."
    return Chart(figure, f"{y} after step {steps[-1]:,}, mean over seeds: {', '.join(told)}.{real}")


def shares_chart(drawn: Sequence[float], real: Sequence[float]) -> Chart:
    """How often each digit is drawn, beside how often it is among real ones."""
    from plotly.graph_objects import Figure

    figure, digits = Figure(), [str(digit) for digit in range(len(drawn))]
    for name, shares, colour in (("drawn", drawn, CLASSES[5]), ("real", real, PLAIN)):
        figure.add_bar(x=digits, y=list(shares), name=name, marker={"color": colour})
    figure.update_xaxes(title="digit", type="category")
    figure.update_yaxes(title="share", tickformat=".0%")
    legend = {"orientation": "h", "y": 1.15}
    figure.update_layout(height=260, margin={"t": 10, "b": 10, "l": 10, "r": 10}, legend=legend, barmode="group")
    most, least = int(np.argmax(drawn)), int(np.argmin(drawn))
    return Chart(
        figure,
        f"Digit {most} is drawn most often, {100 * drawn[most]:.1f} % (real: {100 * real[most]:.1f} %), and digit "
        f"{least} most rarely, {100 * drawn[least]:.1f} % (real: {100 * real[least]:.1f} %).",
    )
