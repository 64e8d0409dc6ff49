"""The runs that a page shows: kept in the session and in the address; begun, begun anew, and left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from genlib.knobs import InputError
from genlib.runs import ACTIVE
from genlib.settings import RunSettings
from pages.ui import presenting
from pages.ui.notices import tell
from pages.ui.opened import Opened, opened
from pages.ui.steering import button, steer, steer_knob, submit
from pages.ui.words import plain, unlinked

_OTHERS = "Started in another browser or on the command line: here you can watch it, there it can be steered."


@dataclass(frozen=True)
class Begun:
    """What one page shows.

    Arguments:
        run: Where the session keeps the names of the runs.
        adopted: Where it keeps whose settings the widgets show.
        most: How many runs the page can show.
        several: Where the session keeps the names of more of them, for a page that can; empty if this is one.
    """

    run: str
    adopted: str
    most: int = 1
    several: str = ""

    def asked(self, find: Callable[[str], Opened]) -> list[Opened]:
        """The runs that the address names, else those that were shown before, as far as there are any."""
        found: list[Opened] = []
        if names := st.query_params.get("run") or st.session_state.get(self.run):
            for name in dict.fromkeys(names.split(",")[: self.most]):
                try:
                    found.append(find(name))
                except InputError as error:
                    tell(str(error))
            self._keep([each.run.id for each in found]) if found else self.close()
        if not found:
            st.session_state.pop(self.adopted, None)
        return found

    def start(self, wanted: Sequence[RunSettings], key: str) -> None:
        """Queue new runs, unless a second click follows the first."""
        if self.several and self.several in st.session_state:
            return
        before: list[Opened] = []
        with suppress(InputError):  # there is none before it, or it was deleted
            before = [opened(name) for name in (st.session_state.get(self.run) or "").split(",")]
        same = [each.wished for each in before] == list(wanted)
        if not same or not all(each.run.may_steer(key) and each.run.status.state in ACTIVE for each in before):
            self._begin(wanted, key)

    def restart(self, shown: Opened, key: str) -> None:
        """The same from the beginning."""
        if shown.run.status.state in ACTIVE:
            steer(shown.run, key, "stop")
        self._begin([shown.wished], key)

    def close(self) -> None:
        st.session_state.pop(self.run, None)
        st.query_params.pop("run", None)

    def note(self, runs: Sequence[Opened], difference: str) -> None:
        """Whose settings the widgets show."""
        if difference:
            st.info(f"A draft of your next run: {unlinked(difference)}.", icon=":material/edit:")
            button("Back to this run's settings", "undo", st.session_state.pop, self.adopted, None)
        elif len(runs) == 1 and not presenting.without_controls():
            st.caption("The settings of the run shown; an edit drafts the next one.")

    def _begin(self, wanted: Sequence[RunSettings], key: str) -> None:
        names = submit(wanted, key)
        if len(names) > self.most:
            st.session_state[self.several] = ",".join(names)
        elif names:
            self._keep(names)

    def _keep(self, names: Sequence[str]) -> None:
        st.session_state[self.run] = st.query_params["run"] = ",".join(names)


def turn(shown: Opened | None, key: str | None, name: str, value: float) -> None:
    """A live knob of the shown run was moved."""
    if shown:
        steer_knob(shown.run, shown.wished, key, name, value)


def only_watched(runs: Sequence[Opened], key: str | None) -> bool:
    """Whether the link shows runs of others and leaves nothing to change: then nothing is to be pressed."""
    return presenting.without_controls() and bool(runs) and not any(each.run.may_steer(key) for each in runs)


def named(shown: Opened | None) -> None:
    """The name that a run was given."""
    if shown and shown.run.name:
        st.markdown(f"## {plain(shown.run.name)}")


def watched(shown: Opened | None, key: str | None) -> None:
    """Say so if the run is another's."""
    if shown and not shown.run.may_steer(key) and not shown.recorded:
        st.caption(_OTHERS)
