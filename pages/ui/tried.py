"""How each way of preparing a table did: in pictures, as figures, and in words."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.preprocess import COMPLETE, WAYS, Bench, Outcome, Tried
from genlib.settings import BenchConfig, MixtureConfig
from pages.ui import cached
from pages.ui.address import choose
from pages.ui.cards import awaited
from pages.ui.figure import figure, table
from pages.ui.words import unlinked


def results(
    tried: Tried, origin: cached.Rows, config: BenchConfig, mixture: MixtureConfig, names: tuple[str, ...]
) -> None:
    """One way in pictures, all of them as figures, and what scaling does."""
    if tried.unequal:
        st.warning(tried.unequal, icon=":material/straighten:")
    found = {name: each for name, each in tried.outcomes.items() if isinstance(each, Outcome)}
    pictures(tried.bench, found, names)
    st.header("All ways", anchor=False)
    table([row(title(name), each) for name, each in tried.outcomes.items()], "How each way does", column_config=FORM,
          placeholder="–")  # fmt: skip
    for name, each in tried.outcomes.items():
        if isinstance(each, str):
            st.caption(unlinked(f"{title(name)}: {each}"))
    st.caption(verdict(tried.bench, found, len(cached.rows(origin))))
    scaled(origin, config, mixture)


def pictures(bench: Bench, found: dict[str, Outcome], names: tuple[str, ...]) -> None:
    """Where values were put, and what the mixture then makes."""
    from genlib.plots import filled_chart, made_chart

    if not found:
        return
    ways = list(found)
    first = "mixture_mean" if "mixture_mean" in found else ways[0]
    way = choose(st.pills, "Look at", ways, "way", first, key="bench_way", names=title, required=True, wrap=True)
    left, right = st.columns(2)
    left.markdown("**Where values went**")
    with left:
        figure(filled_chart(bench, found[way], names), "bench_filled")
    right.markdown("**What the mixture then makes**")
    with right:
        figure(made_chart(bench, found[way], names), "bench_made")
    if (outside := bench.outside(found[way].samples)) > 0.05:
        right.caption(f"{100 * outside:.0f} % of what it makes lies outside this picture.")
    st.caption(
        WAYS[way].how
        if way in WAYS
        else "What would be if nothing were missing. Outliers stay, so a way that drops rows may do better."
    )


FORM = {
    "Way": st.column_config.TextColumn(width=150),
    "Error": st.column_config.NumberColumn(
        format="%.3f", help="Root mean squared error of what was put in, in standard deviations of the column."
    ),
    "log p(x)": st.column_config.NumberColumn(
        format="%.3f", help="Mean log-density of rows that were not fitted, in nats and in the unit of the table."
    ),
    "±": st.column_config.NumberColumn(format="%.3f", help="Standard error of log p(x)."),
    "Energy distance": st.column_config.NumberColumn(
        format="%.4f", help="Between points of the mixture and rows that were not fitted; 0 only if they are alike."
    ),
    "Rows fitted": st.column_config.NumberColumn(format="localized"),
}


def title(way: str) -> str:
    return "Nothing missing" if way == COMPLETE else WAYS[way].title


def row(name: str, each: Outcome | str) -> dict[str, object]:
    if isinstance(each, str):
        return {"Way": name}
    figures = {"Error": each.error, "log p(x)": each.log_likelihood, "±": each.stderr, "Energy distance": each.energy}
    return {"Way": name, **figures, "Rows fitted": each.rows}


def verdict(bench: Bench, found: dict[str, Outcome], there: int) -> str:
    """Which way comes nearest, and which makes the best model, in words."""
    missing = int(np.isnan(bench.train).sum() + np.isnan(bench.test).sum())
    told = (
        f"Learned from {len(bench.train):,} rows, judged by {len(bench.test):,} others; {missing:,} values are "
        f"missing, {len(bench.strays):,} rows have an outlier."
    )
    if len(bench.train) + len(bench.test) < there:
        told += f" The table has {there:,} rows: so many were drawn at random."
    put = {name: each.error for name, each in found.items() if each.error is not None}
    models = {name: each.log_likelihood for name, each in found.items() if name != COMPLETE}
    if not put or not models:
        return told
    nearest, best = min(put, key=lambda name: put[name]), max(models, key=lambda name: models[name])
    if put.get(best) == put[nearest]:  # "EM on what is there" completes rows as "Mixture, mean" does
        return f"{told} Nearest values, and the best model of those rows: {title(best)}."
    end = "not the same way"
    if best in put:
        end += ": values that are nearest one by one lie too close together"
    return f"{told} Nearest values: {title(nearest)}. Best model of those rows: {title(best)}; {end}."


def scaled(origin: cached.Rows, config: BenchConfig, mixture: MixtureConfig) -> None:
    """The same fit after each scaling."""
    st.header("What scaling does", anchor=False)
    with awaited("Scaling", "scaled", 240):
        *_, tried = cached.scalings(origin, config, mixture)
    found = tried.outcomes
    titles = BenchConfig.knob("scaling").names
    table([row(titles[name], each) | {"Error": None} for name, each in found.items()], "How each scaling does",
          column_config=FORM | {"Error": None, "Way": st.column_config.TextColumn("Scaling", width=240)},
          placeholder="–")  # fmt: skip
    st.caption(
        "EM on what is there, after each scaling; log p(x) is in the unit of the table, so the rows may be compared."
    )
