"""The settings of a run on points in the plane as widgets: which points, which family, and the next draft."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from genlib.data.cloud import load_cloud
from genlib.knobs import Config, InputError
from genlib.presets import PLANE_PRESETS, SIDE_BY_SIDE, named, presets_of, suited
from genlib.settings import (
    PLANE_CONFIGS,
    PlanePoints,
    RunSettings,
    TrainConfig,
)
from pages.ui import presenting
from pages.ui.address import anyhow, belong, choice, choose
from pages.ui.controls import Controls
from pages.ui.families import swatches
from pages.ui.plane_points import SPACE, Chosen, put_points
from pages.ui.steering import button
from pages.ui.words import differences, of_points, unlinked

__all__ = ["ADOPTED", "RUN", "adopt", "ask", "draft", "first"]

_FAMILIES = {"gan2d": "GAN", "vae2d": "VAE", "ae2d": "AE", "mixture2d": "Mixture", "all": "All four"}
_FAMILY, ADOPTED, RUN = (f"{SPACE}{name}" for name in ("family", "adopted", "run"))
_COUNT = f"{SPACE}count"  # of the points chosen: a preset is to be as long with them
_FIRST = ("loss", "beta", "components", "latent_dim", "noise", "packing")  # others are folded away
_CONFIGS: list[type[Config]] = [TrainConfig, *PLANE_CONFIGS.values()]
_KNOWN = {knob.name for config in _CONFIGS for knob in config.knobs()}

Act = Callable[[str, float], None]


def first(family: str) -> RunSettings:
    """With what a family begins."""
    return next(iter(presets_of(family).values())).settings


def adopt(settings: RunSettings, of: str = "") -> None:
    """Have the widgets show these settings of the run ``of``, unless they have shown them before."""
    before, now = st.session_state.get(ADOPTED), (of, settings)
    if before == now:
        return
    st.session_state[ADOPTED] = now
    st.session_state.pop(_COUNT, None)
    if before is None or before[0] != of:
        _put(settings)
        put_points(settings.points or PlanePoints())
        return
    for knob in settings.live():
        owner, value = _owner(settings.family, knob.name), settings.value(knob.name)
        if value not in (before[1].value(knob.name), owner.values[knob.name]):
            owner.renew(knob.name, value)  # set in another tab, of which this one's browser has yet to hear


def ask(
    chosen: Chosen, addressed: bool, live: DeltaGenerator | None, names: Collection[str], act: Act
) -> list[RunSettings]:
    """Draw the widgets; returns what is asked: one run, one of each family, or none if that cannot be.

    Arguments:
        chosen: What is to be learnt from.
        addressed: Whether the address tells the settings.
        live: Where the knobs stand that act at once; None if no run is steered.
        names: The live knobs of the shown run.
        act: Called with the name and the new value of one of them that was moved.
    """
    presenting.section("Model")
    before, now = st.session_state.get(_COUNT), len(load_cloud(chosen.points).train) if chosen.points else None
    st.session_state[_COUNT] = now or before
    family = _choose(addressed)
    if family != "all" and before and now and before != now and (name := _named(family, before)):
        _put(suited(PLANE_PRESETS[name].settings, now))
    if family == "mixture2d" and chosen.groups:
        _owner(family, "components", addressed).renew("components", chosen.groups)
    try:
        asked = _all(addressed) if family == "all" else [_one(family, addressed, live, names, act)]
    except InputError as error:
        st.error(unlinked(str(error)), icon=":material/block:")
        return []
    return [replace(each, points=chosen.points) for each in asked] if chosen.points else []


def draft(now: RunSettings, asked: list[RunSettings]) -> str:
    """How the next run differs from the shown one, in words; empty if it does not."""
    if len(asked) != 1:
        return "one of each family" if asked else "settings that cannot be"
    if now.family != asked[0].family:
        return f"{_FAMILIES[asked[0].family]} instead of {_FAMILIES[now.family]}"
    return ", ".join(f"{title} {new} instead of {old}" for title, (old, new) in differences(now, asked[0]).items())


def _choose(addressed: bool) -> str:
    belong(_FAMILY, ADOPTED, RUN, _COUNT)
    if _FAMILY not in st.session_state:
        asked = choice("family", _FAMILIES, "gan2d") if addressed else "gan2d"
        st.session_state[_FAMILY] = asked
        if addressed and asked != "all" and not _KNOWN & set(st.query_params):
            _put(suited(first(asked), st.session_state.get(_COUNT)))  # an address that says nothing else
    swatches(_FAMILY, _FAMILIES)
    return str(
        choose(st.pills, "Family", _FAMILIES, "family", "gan2d", key=_FAMILY, names=_FAMILIES.__getitem__,
               addressed=addressed, required=True, wrap=True, on_change=_begin, label_visibility="collapsed")
    )  # fmt: skip


def _begin() -> None:
    """Another family was chosen: it begins with its first preset."""
    chosen = str(st.session_state[_FAMILY] or "gan2d")
    _take(first("gan2d" if chosen == "all" else chosen))
    st.session_state[_FAMILY] = chosen


def _take(settings: RunSettings) -> None:
    """Have the widgets show these settings, and the address forget what was there before."""
    for name in _KNOWN:
        st.query_params.pop(name, None)
    _put(suited(settings, st.session_state.get(_COUNT)))


def _put(settings: RunSettings) -> None:
    if st.session_state.get(_FAMILY) != settings.family:  # once its widget is drawn it may not be set, even to the same
        st.session_state[_FAMILY] = settings.family
    Controls(type(settings.model), addressed=False).put(settings.model)
    _train(False).put(settings.train)


def _train(addressed: bool, always: tuple[str, ...] = ()) -> Controls:
    return Controls(TrainConfig, addressed=addressed, space=SPACE, words=of_points, always=always)


def _owner(family: str, name: str, addressed: bool = True) -> Controls:
    """The widgets among which that of a knob is."""
    if name in [knob.name for knob in PLANE_CONFIGS[family].knobs()]:
        return Controls(PLANE_CONFIGS[family], addressed=addressed, words=of_points)
    return _train(addressed)


def _one(family: str, addressed: bool, live: DeltaGenerator | None, names: Collection[str], act: Act) -> RunSettings:
    """One run; raises InputError if its settings do not go together."""
    always = anyhow(suited(first(family), st.session_state.get(_COUNT)))
    model, train = _owner(family, "latent_dim", addressed), _train(addressed, always)
    _presets(family)
    if live is not None:
        with live:
            for name in names:
                _owner(family, name, addressed).draw(name, act=partial(_moved, act))
    hidden = {*(names if live is not None else ()), *_unused(family, model)}
    known = [knob.name for knob in model.cls.knobs() if knob.name not in hidden]
    model.draw(*sorted(set(known) & set(_FIRST), key=_FIRST.index))
    if more := [name for name in known if name not in _FIRST]:
        with presenting.fold("More about the model"):
            model.draw(*more)
    presenting.section("Training")
    train.draw(*(name for name in ("learning_rate",) if name not in hidden), "budget")
    train.draw(str(train.values["budget"]))
    with presenting.fold("Batch, seed, device"):
        train.draw(*(name for name in ("batch_size", "schedule", "seed", "device") if name not in hidden))
    return RunSettings(family, model.config(PLANE_CONFIGS[family]), train.config(TrainConfig))


def _unused(family: str, model: Controls) -> frozenset[str]:
    try:
        return model.config(PLANE_CONFIGS[family]).unused()
    except InputError:
        return frozenset()  # all are shown, so that the one that is wrong can be found


def _all(addressed: bool) -> list[RunSettings]:
    """One run of each family, for the same time."""
    st.caption("All four on the same points for the same time, one after the other if this machine has no more room.")
    train = _train(addressed)
    train.draw("seconds", "seed")
    told = {name: train.values[name] for name in ("seconds", "seed")}
    return [replace(each, train=replace(each.train, **told)) for each in SIDE_BY_SIDE.values()]


def _presets(family: str) -> None:
    """Settings by name; what was changed by hand has none."""
    known, key, now = presets_of(family), f"{SPACE}preset_{family}", _named(family, st.session_state.get(_COUNT))
    st.session_state[key] = now or ""  # it follows the settings, not the other way round
    with presenting.setting("preset", key) as there:
        if not there:
            return
        st.selectbox("Preset", [*known, ""], key=key, on_change=_pick, args=(key,),
                     format_func=lambda name: known[name].title if name else "Settings of your own")  # fmt: skip
        if now:
            st.caption(known[now].aim)
            if cure := known[now].cure:
                button("Show the cure", "healing", _take, PLANE_PRESETS[cure].settings, help=PLANE_PRESETS[cure].aim)


def _named(family: str, n: int | None) -> str | None:
    """The preset that the widgets show, for ``n`` points."""
    model, train = _owner(family, "latent_dim", False), _train(False)
    try:
        shown = RunSettings(family, model.config(PLANE_CONFIGS[family]), train.config(TrainConfig))
    except InputError:
        return None
    return named(shown, n)


def _pick(key: str) -> None:
    if preset := PLANE_PRESETS.get(st.session_state[key]):
        _take(preset.settings)


def _moved(act: Act, name: str, key: str) -> None:
    """A live knob was moved."""
    act(name, st.session_state[key])
