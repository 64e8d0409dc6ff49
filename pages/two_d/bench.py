"""The data bench: what scaling, outliers and missing values do to a model."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.data.toy2d import DATASETS
from genlib.gmm import fill, fit_incomplete
from genlib.knobs import InputError
from genlib.preprocess import Tried
from genlib.recipe import bench_recipe
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig
from pages.ui import cached, presenting, seen
from pages.ui.address import choice, choose
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.notices import show
from pages.ui.owner import ask_key, visitor_key
from pages.ui.pixels import pixel_bench
from pages.ui.tables import OWN_TABLE, own_table
from pages.ui.tools import heading
from pages.ui.tried import results
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
    result, panel = presenting.sides()
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


def origin_of() -> tuple[cached.Rows, tuple[str, ...], Controls]:
    """The rows, the names of their columns, and the controls of the mixture."""
    # Neither begins with the usual value, so that the address tells even that.
    data, mixture = (
        Controls(PointsConfig, "data_", always=("dataset",)),
        Controls(MixtureConfig, always=("components",)),
    )
    presenting.section("The table")
    box, own = st.container(), None
    if not presenting.without_controls():
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


def try_all(origin: cached.Rows, config: BenchConfig, mixture: MixtureConfig) -> Tried:
    """All ways, and on the way there how far they are."""
    with awaited("Trying all ways", "bench", 520) as progress:
        for tried in cached.trying(origin, config, mixture):
            progress(tried.done, "Trying all ways")
    return tried


main()
