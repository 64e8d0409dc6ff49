"""The settings of a run as widgets: what the shown run is, what may be changed while it trains, and the next draft."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from genlib.knobs import Config, InputError
from genlib.presets import PRESETS, named, presets_of, suited
from genlib.settings import FAMILIES, MNIST, MODEL_CONFIGS, AutoencoderConfig, RunSettings, TrainConfig
from pages.ui import presenting
from pages.ui.address import anyhow, belong, choice, choose
from pages.ui.controls import Controls, place
from pages.ui.families import swatches
from pages.ui.own import choose_data, one_kind, trained_on
from pages.ui.steering import button
from pages.ui.words import differences, unlinked

__all__ = ["ADOPTED", "adopt", "ask", "draft", "family"]

_FAMILIES = {"ae": "AE", "vae": "VAE", "gan": "GAN", "mixture": "Mixture", "all": "All"}
_FAMILY, _PRESET, _USUAL, ADOPTED = "family", "preset", "vae", "adopted"
_FIRST = ("network", "latent_dim", "components", "loss", "beta", "noise", "labels")  # others are folded away
_TOGETHER = {"ae": "ae-sharp", "vae": "vae-sharp", "gan": "gan", "mixture": "mixture"}  # presets of equal length
_WIDTH = 16  # numbers an image, where all have as many
_CONFIGS: list[type[Config]] = [TrainConfig, *MODEL_CONFIGS.values()]
_KNOWN = {knob.name for config in _CONFIGS for knob in config.knobs()}

Act = Callable[[str, float], None]


def family() -> str:
    """The family whose settings are asked for, or "all"."""
    return str(st.session_state.get(_FAMILY, _USUAL))


def adopt(settings: RunSettings, of: str = "") -> None:
    """Have the widgets show these settings, unless they have shown them before.

    Arguments:
        settings: What a run is trained with now. Of a run that was shown before, the live knobs that changed are.
        of: Name of the run; empty for settings that are no run's.
    """
    before, now = st.session_state.get(ADOPTED), (of, settings)
    if before == now:
        return
    st.session_state[ADOPTED] = now
    if before is None or before[0] != of or not of:
        _put(settings)
        st.session_state["data"] = settings.data
        return
    for knob in settings.live():
        owner, value = _owner(settings.family, knob.name), settings.value(knob.name)
        if value not in (before[1].value(knob.name), owner.values[knob.name]):
            owner.renew(knob.name, value)  # set in another tab, of which this one's browser has yet to hear


def ask(
    key: str | None, addressed: bool, live: DeltaGenerator | None, names: Collection[str], act: Act
) -> list[RunSettings]:
    """Draw the widgets; returns what is asked: one run, one of each family, or none if that cannot be.

    Arguments:
        key: The visitor's, whose images may be learned from.
        addressed: Whether the address tells the settings.
        live: Where the knobs stand that act at once; None if no run is steered.
        names: The live knobs of the shown run.
        act: Called with the name and the new value of one of them that was moved.
    """
    data = choose_data(key, addressed, _other_images)
    chosen = _choose(addressed)
    if chosen == "all":
        return _all(addressed, data)
    train = Controls(TrainConfig, addressed=addressed, always=anyhow(_first(chosen)))
    model = Controls(MODEL_CONFIGS[chosen], addressed=addressed)
    _presets(chosen, model, train)
    if live:
        with live:
            for name in names:
                _owner(chosen, name, addressed).draw(name, act=partial(_moved, act))
    hidden = {*(names if live else ()), *_unused(model), *(("labels",) if one_kind(data) else ())}
    known = [knob.name for knob in model.cls.knobs() if knob.name not in hidden]
    model.draw(*sorted(set(known) & set(_FIRST), key=_FIRST.index))
    with presenting.fold("More about the model"):
        model.draw(*(name for name in known if name not in _FIRST))
    presenting.section("Training")
    train.draw(*(name for name in ("learning_rate",) if name not in hidden), "budget")
    train.draw(str(train.values["budget"]))
    with presenting.fold("Batch, seed, device"):
        train.draw(*(name for name in ("batch_size", "schedule", "seed", "device") if name not in hidden))
    try:
        return [RunSettings(chosen, model.config(MODEL_CONFIGS[chosen]), train.config(TrainConfig), data)]
    except InputError as error:
        st.error(unlinked(str(error)), icon=":material/block:")
        return []


def draft(now: RunSettings, asked: list[RunSettings]) -> str:
    """How the next run differs from the shown one, in words; empty if it does not."""
    if len(asked) != 1:
        return "one of each family" if asked else "settings that cannot be"
    if now.family != asked[0].family:
        return f"{_FAMILIES[asked[0].family]} instead of {_FAMILIES.get(now.family, now.family)}"
    found = differences(now, asked[0])
    return ", ".join(f"{title} {new} instead of {old}" for title, (old, new) in found.items())


def _choose(addressed: bool) -> str:
    belong(_FAMILY, ADOPTED, "run")
    if _FAMILY not in st.session_state:
        asked = choice(_FAMILY, _FAMILIES, _USUAL) if addressed else _USUAL
        st.session_state[_FAMILY] = asked
        if addressed and asked in MODEL_CONFIGS and not _KNOWN & set(st.query_params):
            # An address that says nothing else.
            _put(_first(asked))
    swatches(_FAMILY, _FAMILIES)
    return str(
        choose(st.pills, "Family", _FAMILIES, _FAMILY, _USUAL, key=_FAMILY, names=_FAMILIES.__getitem__,
               addressed=addressed, required=True, wrap=True, on_change=_begin)
    )  # fmt: skip


def _first(family: str) -> RunSettings:
    """With what a family begins."""
    return suited(next(iter(presets_of(family).values())).settings, trained_on(_data()))


def _begin() -> None:
    """Another family was chosen: it begins with its first preset."""
    chosen = family()
    first = PRESETS[_TOGETHER["vae"]] if chosen == "all" else next(iter(presets_of(chosen).values()))
    _take(first.settings)
    st.session_state[_FAMILY] = chosen
    if chosen == "all":
        st.session_state[place(AutoencoderConfig, "latent_dim")] = _WIDTH


def _take(settings: RunSettings) -> None:
    """Have the widgets show these settings, and the address forget what was there before."""
    for name in _KNOWN:
        st.query_params.pop(name, None)
    _put(suited(settings, trained_on(_data())))


def _data() -> str:
    return str(st.session_state.get("data", MNIST))


def _other_images() -> None:
    """Other images were chosen: a preset is to be as long with them."""
    if preset := PRESETS.get(st.session_state.get(f"{_PRESET}_{family()}") or ""):
        _take(preset.settings)


def _presets(chosen: str, model: Controls, train: Controls) -> None:
    """Settings by name; what was changed by hand has none."""
    known = presets_of(chosen)
    try:
        shown = RunSettings(chosen, model.config(MODEL_CONFIGS[chosen]), train.config(TrainConfig))
        now = named(shown, trained_on(_data()))
    except InputError:
        now = None
    key = f"{_PRESET}_{chosen}"
    st.session_state[key] = now or ""  # it follows the settings, not the other way round
    with presenting.setting(_PRESET, key) as there:
        if not there:
            return
        st.selectbox(
            "Preset",
            [*known, ""],
            format_func=lambda name: known[name].title if name else "Settings of your own",
            key=key,
            on_change=_pick,
            args=(key,),
        )
        if now:
            st.caption(known[now].aim)
            if cure := known[now].cure:
                button("Show the cure", "healing", _take, PRESETS[cure].settings, help=PRESETS[cure].aim)


def _pick(key: str) -> None:
    if preset := PRESETS.get(st.session_state[key]):
        _take(preset.settings)


def _put(settings: RunSettings) -> None:
    st.session_state[_FAMILY] = settings.family
    Controls(type(settings.model), addressed=False).put(settings.model)
    Controls(TrainConfig, addressed=False).put(settings.train)


def _unused(model: Controls) -> frozenset[str]:
    try:
        return model.config(MODEL_CONFIGS[family()]).unused()
    except InputError:
        return frozenset()  # all are shown, so that the one that is wrong can be found


def _all(addressed: bool, data: str) -> list[RunSettings]:
    """One run of each family, for the same time and with as many numbers for an image."""
    st.caption("All four on the same images, one after the other if this machine has no room for more, then compared.")
    if "latent_dim" not in st.query_params:
        st.session_state.setdefault(place(AutoencoderConfig, "latent_dim"), _WIDTH)
    width = Controls(AutoencoderConfig, addressed=addressed, always=("latent_dim",))
    train = Controls(TrainConfig, addressed=addressed)
    width.draw("latent_dim")
    train.draw("seconds", "seed")
    asked = []
    for name in FAMILIES:
        settings = PRESETS[_TOGETHER[name]].settings
        model = replace(settings.model, latent_dim=width.values["latent_dim"])
        time_and_seed = {name: train.values[name] for name in ("seconds", "seed")}
        asked.append(RunSettings(name, model, replace(settings.train, budget="seconds", **time_and_seed), data))
    return asked


def _moved(act: Act, name: str, key: str) -> None:
    """A live knob was moved."""
    act(name, st.session_state[key])


def _owner(chosen: str, name: str, addressed: bool = True) -> Controls:
    """The widgets among which that of a knob is."""
    model: type[Config] = MODEL_CONFIGS[chosen]
    return Controls(model if name in [knob.name for knob in model.knobs()] else TrainConfig, addressed=addressed)
