"""The scoreboard: whether what models draw matches the data."""

from __future__ import annotations

import streamlit as st

from genlib.data.images import data_of, load_images
from genlib.knobs import InputError
from genlib.library import find_model
from genlib.plots import scores_chart
from genlib.recipe import evaluate_command, score_recipe
from genlib.runs import RunFolder, saved_digest
from genlib.scoring import FEATURES, Score, check_score, stored
from genlib.settings import FAMILIES, FAMILY_NAMES, MNIST
from pages.ui import cached, seen
from pages.ui.address import choose
from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS, awaited, cards, empty
from pages.ui.explain import method
from pages.ui.figure import figure
from pages.ui.notices import show, tell
from pages.ui.opened import mine, opened
from pages.ui.own import whose
from pages.ui.owner import ask_key, visitor_key
from pages.ui.scores import anatomy, meanings, table
from pages.ui.tools import heading
from pages.ui.words import unlinked

COUNTS = (10_000, 1_000)
FIRST = "gan"
CODE = ("genlib.metrics.gaussians:frechet", "genlib.metrics.balls:Manifolds", "genlib.scoring.figures:copies")


def main() -> None:
    heading(
        "Scoreboard",
        "Do the drawings match the data? All families beside each other, between real images and noise.",
        "change the eyes that compare, and look which model rises and which one falls.",
        "which family is nearest to real, and which leaves something out?",
    )
    key = visitor_key()
    notices = st.container()
    scores = chosen(key)
    if scores:
        titles = {each.model: title(each.model) for each in scores}
        things = opened(scores[-1].model).things
        table(scores, list(titles.values()), things)
        figure(scores_chart(scores, list(titles.values())), "scores_chart")
        st.caption("Nearer to the bottom is better, nearer to the left is cheaper. The line is what real images get.")
        closer(scores, titles, things)
    names = [each.model for each in scores] or [FIRST]
    n, by = (scores[0].n, scores[0].features) if scores else (COUNTS[0], next(iter(FEATURES)))
    cards(
        {
            SEE: lambda: st.markdown(seen.SCORES),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(score_recipe(names, n, by), "python"),
            COMMAND: lambda: st.code(evaluate_command(names, n, by), "bash"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()


def chosen(key: str | None) -> list[Score]:
    """The stored scores at one n, in the same features; runs of the visitor's are scored beside them."""
    at_hand = [each for each in mine(key) if each.settings.family in FAMILIES]
    data = whose((each.settings.data for each in at_hand), "Models are scored beside others that learned from such.")
    try:
        most = len(load_images(data).test)
        check_score(min(most, COUNTS[0]), 0, "pca", data)
    except InputError as error:
        empty(unlinked(str(error)), "leaderboard")
        return []
    counts = [count for count in COUNTS if count <= most] or [most]
    eyes = FEATURES if data == MNIST else {"pca": FEATURES["pca"]}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        count = choose(st.pills, "Drawings of each", counts, "n", counts[0], key=f"scores_n_{most}",
                       names="{:,}".format, required=True,
                       help="Fewer are quicker, and make every distance larger.")  # fmt: skip
        text = "Scores depend on the eyes: a classifier that knows digits alone, or plain axes, which any images have."
        by = choose(st.pills, "Compared by", eyes, "features", next(iter(eyes)), key=f"scores_features_{len(eyes)}",
                    names=FEATURES.__getitem__, required=True, help=text)  # fmt: skip
        own = runs([each.run for each in at_hand if each.settings.data == data])
    try:
        kept = stored() if data == MNIST else []
        found = [each for each in kept if (each.n, each.features) == (count, by)]
    except InputError as error:
        tell(str(error))
        return []
    for run in own:
        try:
            found.append(scored(run, count, by))
        except InputError as error:
            st.warning(unlinked(str(error)))
    if not own and data != MNIST:
        empty("Choose one or more of your runs above: they are scored beside real images and noise.", "leaderboard")
    return found


def runs(found: list[RunFolder]) -> list[RunFolder]:
    """The runs of the address, which the visitor may change among those that are at hand."""
    if not found:
        return []
    at_hand = {run.id: run for run in found}
    suffix = "" if (data := data_of(found[0].path)) == MNIST else f"_{data}"
    asked = [name for name in st.query_params.get("runs", "").split(",") if name in at_hand]
    names = st.multiselect("Your runs", list(at_hand), default=asked, format_func=title, key=f"scores_own{suffix}",
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
    with awaited(f"Scoring {title(run.id)}", f"scored_{run.id}", 460) as progress:
        for each in cached.scoring(run, n, features):
            progress(each.done, f"Scoring {title(run.id)}: {each.what}")
    assert each.score is not None
    return each.score


def title(name: str) -> str:
    """What to call a model in a narrow column: the names of bundled ones tell their size."""
    try:
        found = opened(name)
    except InputError:
        return name
    family = FAMILY_NAMES[found.settings.family]
    if found.recorded:
        return f"{family} ({name})"
    model = found.settings.model  # what it learned from is the same for all
    told = " with labels" if model.labels else ""
    return f"{found.run.name or f'{family}{told}, D = {model.latent_dim}'} ({found.run.id[:6]})"


def closer(scores: list[Score], titles: dict[str, str], things: str) -> None:
    """One model, taken apart."""
    st.header("One model closer", anchor=False)
    name = choose(st.selectbox, "Model", titles, "model", FIRST if FIRST in titles else next(iter(titles)),
                  key="scores_model", names=titles.__getitem__)  # fmt: skip
    score = next(each for each in scores if each.model == name)
    try:
        with awaited("Drawing", "looked", 480):
            path = find_model(name).path
            look = cached.looked(path, saved_digest(path), score.features, score.n)
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    anatomy(score, titles[name], look, opened(name).learned)
    meanings(score, things)


main()
