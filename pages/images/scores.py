"""The scoreboard: whether what models draw matches the data."""

from __future__ import annotations

import streamlit as st

from genlib.knobs import InputError
from genlib.library import find_model
from genlib.plots import scores_chart
from genlib.runs import RunFolder, saved_digest
from genlib.scoring import FEATURES, Score, stored
from genlib.settings import FAMILIES, FAMILY_NAMES
from pages.ui import cached
from pages.ui.address import choice
from pages.ui.explain import method
from pages.ui.notices import show, tell
from pages.ui.opened import mine, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.scores import anatomy, meanings, table
from pages.ui.words import unlinked

COUNTS = (10_000, 1_000)
FIRST = "gan"
CODE = ("genlib.metrics.gaussians:frechet", "genlib.metrics.balls:Manifolds", "genlib.scoring.figures:copies")


def main() -> None:
    st.title("Scoreboard")
    st.markdown(
        "Do the drawings match the data? All families, the same digits, the same number of drawings, between what real "
        "digits get and what noise gets. **Predict:** which family is nearest to real, and which leaves something out? "
        "Then change the eyes that compare."
    )
    key = visitor_key()
    notices = st.container()
    scores = chosen(key)
    if scores:
        titles = {each.model: title(each.model) for each in scores}
        table(scores, list(titles.values()))
        st.plotly_chart(scores_chart(scores, list(titles.values())), key="scores_chart")
        st.caption("Nearer to the bottom is better, nearer to the left is cheaper. The line is what real digits get.")
        closer(scores, titles)
    with st.expander("How it is computed"):
        method(*CODE)
    with notices:
        show(keep=key is None)
    ask_key()


def chosen(key: str | None) -> list[Score]:
    """The stored scores at one n, in the same features; runs of the visitor's are scored beside them."""
    n, features = choice("n", COUNTS, COUNTS[0]), choice("features", FEATURES, "classifier")
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        count = st.pills("Drawings of each", COUNTS, default=int(n), format_func="{:,}".format, key="scores_n",
                         required=True, persist_state="session",
                         help="Fewer are quicker, and make every distance larger.")  # fmt: skip
        text = "Scores depend on the eyes: a classifier that knows digits, or plain axes."
        by = st.pills("Compared by", list(FEATURES), default=features, format_func=FEATURES.__getitem__,
                      key="scores_features", required=True, persist_state="session", help=text)  # fmt: skip
        own = runs(key)
    st.query_params.update({"n": str(count), "features": str(by)})
    try:
        found = [each for each in stored() if (each.n, each.features) == (count, by)]
    except InputError as error:
        tell(str(error))
        return []
    for run in own:
        try:
            found.append(scored(run, count, str(by)))
        except InputError as error:
            st.warning(unlinked(str(error)))
    return found


def runs(key: str | None) -> list[RunFolder]:
    """The runs of the address, which the visitor may change among those that are at hand."""
    at_hand = {each.run.id: each.run for each in mine(key) if each.settings.family in FAMILIES and not each.own}
    if not at_hand:
        return []
    asked = [name for name in st.query_params.get("runs", "").split(",") if name in at_hand]
    names = st.multiselect("Your runs", list(at_hand), default=asked, format_func=title, key="scores_own",
                           placeholder="Score a run", persist_state="session",
                           help="With 1,000 drawings it takes a few seconds, with 10,000 about half a minute, with the "
                           "likelihood of a large VAE more.")  # fmt: skip
    if names:
        st.query_params["runs"] = ",".join(names)
    else:
        st.query_params.pop("runs", None)
    return [at_hand[name] for name in names]


def scored(run: RunFolder, n: int, features: str) -> Score:
    """The score of a run, and on the way to it how far it is."""
    place = st.empty()
    for each in cached.scoring(run, n, features):
        place.progress(each.done, f"Scoring {title(run.id)}: {each.what} …")
    place.empty()
    assert each.score is not None
    return each.score


def title(name: str) -> str:
    """What to call a model in a narrow column: the names of bundled ones tell their size."""
    try:
        found = opened(name)
    except InputError:
        return name
    return f"{FAMILY_NAMES[found.settings.family]} ({name})" if found.recorded else found.label


def closer(scores: list[Score], titles: dict[str, str]) -> None:
    """One model, taken apart."""
    st.subheader("One model closer", anchor=False)
    first = choice("model", titles, FIRST if FIRST in titles else next(iter(titles)))
    name = st.selectbox("Model", list(titles), index=list(titles).index(first), format_func=titles.__getitem__,
                        key="scores_model", persist_state="session")  # fmt: skip
    st.query_params["model"] = str(name)
    score = next(each for each in scores if each.model == name)
    try:
        with st.spinner("Drawing …"):
            path = find_model(name).path
            look = cached.looked(path, saved_digest(path), score.features)
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    anatomy(score, titles[name], look)
    meanings(score)


main()
