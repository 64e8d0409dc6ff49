"""The data bench: what scaling, outliers and missing values do to a model."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.data.toy2d import DATASETS
from genlib.gmm import fill, fit_incomplete
from genlib.knobs import InputError
from genlib.preprocess import COMPLETE, WAYS, Bench, Outcome, Tried
from genlib.recipe import bench_recipe
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig
from pages.ui import cached, presenting, seen
from pages.ui.address import choice, choose
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.figure import figure, table
from pages.ui.notices import show
from pages.ui.owner import ask_key, visitor_key
from pages.ui.pixels import pixel_bench
from pages.ui.tables import OWN_TABLE, own_table
from pages.ui.tools import heading
from pages.ui.words import unlinked

MOST_COLUMNS = 20
FIRST = "stretched"
OF = {"tables": "Tables", "images": "Images"}
HEADS = {
    "tables": (
        "Before a model sees a table, somebody has scaled its columns and put something where values were missing.",
        "leave more gaps, then stretch the second column a thousand times and choose spherical components.",
        "which way puts in the nearest values, and which one gives the best model? Is it the same?",
    ),
    "images": (
        "A network never sees a picture, only numbers.",
        "choose another digit, then train one of these models yourself: each has a link.",
        "from 0 to 1, standardised, or black or white: which makes the better VAE, and which the better GAN?",
    ),
}
CODE = (fit_incomplete, fill, "genlib.preprocess.gaps:lose", "genlib.preprocess.bench:try_ways")
Origin = PointsConfig | tuple[str, ...]


def main() -> None:
    first = choice("of", OF, "tables")
    heading("Data bench", *HEADS[str(st.session_state.get("bench_of", first))])
    of = choose(st.segmented_control, "What is prepared", OF, "of", "tables", key="bench_of", names=OF.__getitem__,
                required=True, label_visibility="collapsed")  # fmt: skip
    notices = st.container()
    pixel_bench() if of == "images" else table_bench()
    with notices:
        show(keep=visitor_key() is None)
    ask_key()


def table_bench() -> None:
    """The view of tables."""
    result, panel = st.columns([2.7, 1], gap="large")
    with panel:
        origin, names, mixture = origin_of()
        presenting.section("What is wrong with it")
        wrong = Controls(BenchConfig)
        wrong.draw("share", "gaps", "stretch", "outliers")
        presenting.section("What is done about it")
        wrong.draw("scaling")
        with presenting.fold("Components, covariance, seed"):
            mixture.draw("components", "covariance", "regularisation")
            wrong.draw("bench_seed")
    config = wrong.config(BenchConfig)
    with result:
        try:
            tried = try_all(origin, config, mixture.config(MixtureConfig))
            results(tried, origin, config, mixture.config(MixtureConfig), names)
        except InputError as error:
            st.error(unlinked(str(error)))
    own = () if isinstance(origin, PointsConfig) else origin[1:]
    points = origin if isinstance(origin, PointsConfig) else PointsConfig()
    cards(
        {
            SEE: lambda: st.markdown(seen.BENCH),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(bench_recipe(points, config, mixture.config(MixtureConfig), own), "python"),
        }
    )


def origin_of() -> tuple[Origin, tuple[str, ...], Controls]:
    """The rows, the names of their columns, and the controls of the mixture."""
    # Neither begins with the usual value, so that the address tells even that.
    data, mixture = (
        Controls(PointsConfig, "data_", always=("dataset",)),
        Controls(MixtureConfig, always=("components",)),
    )
    presenting.section("The table")
    box = st.container()
    with st.expander("Own table from a file"):
        own = own_columns()
    with box:
        if own is not None:
            st.caption(OWN_TABLE)
            return own, own[1:], mixture
        fresh = "bench_dataset" not in st.session_state
        if fresh and "data_dataset" not in st.query_params:
            st.session_state[data.key("dataset")] = data.values["dataset"] = FIRST
        data.draw("dataset")
        chosen = str(data.values["dataset"])
        if st.session_state.get("bench_dataset") != chosen and not (fresh and "components" in st.query_params):
            # A data set brings its number of groups; what the visitor then sets stays.
            st.session_state[mixture.key("components")] = mixture.values["components"] = DATASETS[chosen].groups
        st.session_state["bench_dataset"] = chosen
        with presenting.fold("Size, noise, seed"):
            data.draw("n", "noise", "seed")
    return data.config(PointsConfig), ("x", "y"), mixture


def own_columns() -> tuple[str, ...] | None:
    """The digest of the visitor's file and the columns that are used, if it can be read."""
    found = own_table("bench_file", "CSV with two columns of numbers or more; cells may be empty", gaps=True)
    if found is None:
        return None
    digest, read = found
    flat = [
        name for name, values in zip(read.names, read.values.T, strict=True) if np.nanmin(values) == np.nanmax(values)
    ]
    usable = [name for name in read.names if name not in flat]
    left_out = [(read.left_out, "hold no number"), (flat, "hold one value only")]
    for names, why in left_out:
        if names:
            st.caption(unlinked(f"Left out, since they {why}: {', '.join(names)}."))
    if len(usable) < 2:
        st.error("The table needs at least two columns whose numbers differ: add some.")
        return None
    chosen = st.multiselect(
        "Columns", usable, usable[:MOST_COLUMNS], max_selections=MOST_COLUMNS, key="bench_columns",
        help="All are fitted; the first two are drawn, and the second is the one that is stretched.",
    )  # fmt: skip
    if len(chosen) < 2:
        st.info("Choose at least two columns.")
        return None
    return digest, *chosen


def try_all(origin: Origin, config: BenchConfig, mixture: MixtureConfig) -> Tried:
    """All ways, and on the way there how far they are."""
    with awaited("Trying all ways", "bench", 520) as progress:
        for tried in cached.trying(origin, config, mixture):
            progress(tried.done, "Trying all ways")
    return tried


def results(tried: Tried, origin: Origin, config: BenchConfig, mixture: MixtureConfig, names: tuple[str, ...]) -> None:
    """One way in pictures, all of them as figures, and what scaling does."""
    if tried.unequal:
        st.warning(tried.unequal, icon=":material/straighten:")
    found = {name: each for name, each in tried.outcomes.items() if isinstance(each, Outcome)}
    pictures(tried.bench, found, names)
    st.subheader("All ways", anchor=False)
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


def scaled(origin: Origin, config: BenchConfig, mixture: MixtureConfig) -> None:
    """The same fit after each scaling."""
    st.subheader("What scaling does", anchor=False)
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


main()
