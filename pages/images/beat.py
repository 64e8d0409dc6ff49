"""Beat the discriminator: sort images into real and made, and see how a network does."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from genlib.knobs import InputError
from genlib.library import bundled
from genlib.metrics import Share, Verdict, verdict
from genlib.plots import MEASURES, verdicts_chart
from genlib.recipe import rival_recipe
from genlib.runs import ACTIVE, RunFolder, saved_digest
from genlib.scoring import Deck, Taught, deal
from genlib.settings import FAMILIES, RunSettings
from pages.ui import cached, seen
from pages.ui.address import choose, count
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards, empty
from pages.ui.explain import method
from pages.ui.figure import figure, table
from pages.ui.notices import show, tell
from pages.ui.opened import filmed, mine, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.sorter import sorter
from pages.ui.tools import heading
from pages.ui.words import unlinked

FIRST = "gan-labels"
MOST_ROUNDS = 999
CODE = ("genlib.scoring.rival:teach", "genlib.metrics.shares:Verdict", "genlib.metrics.shares:Share.interval")


def main() -> None:
    heading(
        "Real or made?",
        "Twenty images: some are real, the others a model drew.",
        "mark those that you think are made, and beat a network that learned nothing else.",
        "which family fools you, and which one fools the network?",
    )
    key = visitor_key()
    notices = st.container()
    run = opponent(key)
    try:
        play(run)
    except InputError as error:
        empty(unlinked(str(error)), "person_search")
    number = int(st.session_state["round"])
    cards(
        {
            SEE: lambda: st.markdown(seen.BEAT),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(rival_recipe(run.id, number, marked(run, number)), "python"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()


def opponent(key: str | None) -> RunFolder:
    """The model of the address, whose drawings are to be found out; the visitor may change it among those at hand."""
    runs = {run.id: run for run in bundled() if RunSettings.from_json(run.settings).family in FAMILIES}
    still = "It is still being trained, and what it draws changes: stop it or wait, and play against another meanwhile."
    able = [each for each in mine(key) if each.settings.family in FAMILIES and each.run.status.state not in ACTIVE]
    runs |= {each.run.id: each.run for each in able}
    asked = st.query_params.get("model", FIRST)
    if asked not in runs:
        try:
            run = filmed(asked).run
            if run.status.state in ACTIVE:
                raise InputError(still)
            runs[asked] = run
        except InputError as error:
            tell(str(error))
            st.query_params.pop("model")
    left, right = st.columns([3, 1])
    with left:
        name = choose(st.selectbox, "Drawn by", runs, "model", next(each for each in (FIRST, *runs) if each in runs),
                      key="beat_model", names=title)  # fmt: skip
    text = "Each round has other images; of one model, the same round has the same images for everybody."
    with right:
        count("Round", MOST_ROUNDS, "round", 1, key="round", least=1, help=text)
    return runs[name]


def title(name: str) -> str:
    return opened(name).label


def sorted_of(run: RunFolder) -> dict[int, NDArray[np.bool_]]:
    """What the visitor took for made, by round."""
    kept: dict[int, NDArray[np.bool_]]
    kept = st.session_state.setdefault("sorted", {}).setdefault((run.id, saved_digest(run.path)), {})
    return kept


def marked(run: RunFolder, number: int) -> list[bool] | None:
    """The same of one round; None before it was checked."""
    found = sorted_of(run).get(number)
    return None if found is None else found.tolist()


def play(run: RunFolder) -> None:
    """One round, and what came of it."""
    digest = saved_digest(run.path)
    with awaited("Drawing", "beat", 560):
        whole = cached.dealt(run.path, digest)
    number = int(st.session_state["round"])
    chosen = deal(whole, number)
    rounds = sorted_of(run)
    board, beside = st.columns([6, 5], gap="large")
    network = cached.taught(run)
    with board:
        ask(whole, chosen, f"{run.id}-{digest[:8]}-{number}", rounds, number, network)
    with beside:
        if number in rounds:
            results(whole, rounds, number, network)
        else:
            st.markdown(
                "**How to tell?** Look at ends and edges, at grey smears, at lines that stop or double. Whatever "
                "you leave unmarked counts as real. A coin decided for each image, so counting does not help."
            )
        learn(run, waited_for=number in rounds and network is None)


def ask(
    whole: Deck,
    chosen: NDArray[np.int64],
    name: str,
    rounds: dict[int, NDArray[np.bool_]],
    number: int,
    network: Taught | None,
) -> None:
    """The images; once they were sorted, with what they are."""
    over, truth = number in rounds, None
    if over:
        truth = {"made": whole.made[chosen], "marked": rounds[number]}
        if network is not None and network.called is not None:
            truth["rival"] = network.called[chosen]
    try:
        answer = sorter(whole.images[chosen], key="sorter", deal=name, truth=truth)
    except InputError as error:
        tell(str(error))
        return
    if answer is not None and not over:
        rounds[number] = answer
        st.rerun()
    if over:
        st.button("Next round", icon=":material/arrow_forward:", type="primary", on_click=another, key="next",
                  disabled=number == MOST_ROUNDS)  # fmt: skip


def another() -> None:
    st.session_state["round"] += 1


def results(whole: Deck, rounds: dict[int, NDArray[np.bool_]], number: int, network: Taught | None) -> None:
    """The visitor beside the network."""
    chosen = deal(whole, number)
    own = verdict(whole.made[chosen], rounds[number])
    rows = {f"You ({own.accuracy.n})": own}
    if len(rounds) > 1:
        places = np.concatenate([deal(whole, each) for each in rounds])
        own_all = verdict(whole.made[places], np.concatenate(list(rounds.values())))
        rows[f"You, all rounds ({own_all.accuracy.n})"] = own_all
    you, rival = rows.copy(), None
    if network is not None and network.called is not None:
        rival = verdict(whole.made[chosen], network.called[chosen])
        rows[f"Network ({rival.accuracy.n})"] = rival
        rows[f"Network ({len(whole.made):,})"] = verdict(whole.made, network.called)
    st.header(headline(own, rival), anchor=False)
    figure(verdicts_chart(rows), "verdicts")
    with st.expander("The same as a table"):
        table([{"Who": name} | row(each) for name, each in rows.items()], "How many each sorted rightly")
    low, high = list(you.values())[-1].accuracy.interval
    guess = (
        "Guessing gets one half right, which lies within your interval: play more rounds to be sure."
        if low <= 0.5 <= high
        else "Guessing gets one half right, which lies outside your interval."
    )
    st.caption(
        "Made found is the sensitivity, real kept the specificity; in brackets how many images. Each bar tells where "
        f"the true share lies with 95 % confidence (Wilson, 1927). {guess} Your answers stay in this visit: nobody "
        "else sees them, and nothing is stored."
    )


def headline(own: Verdict, rival: Verdict | None) -> str:
    mine, n = own.accuracy.hits, own.accuracy.n
    if rival is None:
        return f"You: {mine} of {n} right"
    other = rival.accuracy.hits
    end = "you win" if mine > other else "a draw" if mine == other else "the network wins"
    return f"You {mine}, the network {other} of {n}: {end}"


def row(each: Verdict) -> dict[str, str]:
    return {title: said(getattr(each, name)) for title, name in MEASURES.items()}


def said(share: Share) -> str:
    low, high = share.interval
    return f"{share.hits:,} of {share.n:,} ({100 * low:.0f} to {100 * high:.0f} %)"


def learn(run: RunFolder, waited_for: bool) -> None:
    """Let the network learn while the visitor sorts."""
    place = st.empty()
    for taught in cached.teaching(run):
        place.progress(taught.done, "The network is learning the same, from other images …")
    place.caption(
        f"The network has learned from {taught.lessons:,} training images and as many other drawings, seed 0."
    )
    if waited_for:
        st.rerun()


main()
