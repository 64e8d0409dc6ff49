"""The settings of a run as widgets: what the shown run is, what may be changed while it trains, and the next draft."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from genlib.knobs import shown
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig, VAEConfig
from pages.ui.controls import Controls
from pages.ui.notices import tell
from pages.ui.words import differences

__all__ = ["adopt", "ask", "draft"]

_FAMILIES = {"ae": "AE", "vae": "VAE", "both": "Both"}
_FAMILY = "family"
_ECHO = 2.0  # seconds in which a browser hears of what another tab set

Act = Callable[[str, float], None]


def adopt(settings: RunSettings, of: str = "") -> None:
    """Have the widgets show these settings, unless they have shown them before.

    Arguments:
        settings: What a run is trained with now. Of a run that was shown before, the live knobs that changed are.
        of: Name of the run; empty for settings that are no run's.
    """
    before, now = st.session_state.get("adopted"), (of, settings)
    if before == now:
        return
    st.session_state["adopted"] = now
    if before is None or before[0] != of or not of:
        st.session_state[_FAMILY] = settings.family
        for controls, config in (
            (Controls(AutoencoderConfig), settings.model if settings.family == "ae" else AutoencoderConfig()),
            (Controls(VAEConfig), settings.model if settings.family == "vae" else _as_vae(settings.model)),
            (Controls(TrainConfig), settings.train),
        ):
            controls.put(config)
        return
    for knob in settings.live():
        key, value = _owner(knob.name).key(knob.name), settings.value(knob.name)
        if value not in (before[1].value(knob.name), st.session_state[key]):
            # Set in another tab, of which this one's browser has yet to hear.
            st.session_state.setdefault("foreign", []).append((key, st.session_state[key], time.monotonic()))
            st.session_state[key] = value


def ask(addressed: bool, live: DeltaGenerator | None, names: Collection[str], act: Act) -> list[RunSettings]:
    """Draw the widgets; returns what is asked: one run, or an autoencoder and a VAE.

    Arguments:
        addressed: Whether the address tells the settings.
        live: Where the knobs stand that act at once; None if no run is steered.
        names: The live knobs of the shown run.
        act: Called with the name and the new value of one of them that was moved.
    """
    family = _family(addressed)
    model, own = Controls(VAEConfig, addressed=addressed), Controls(AutoencoderConfig, addressed=addressed)
    train = Controls(TrainConfig, addressed=addressed)
    apart = names if live else ()
    if live:
        with live:
            for name in names:
                (model if name == "beta" else train).draw(name, act=partial(_moved, act))
    st.subheader("Model", anchor=False)
    model.draw("latent_dim", "hidden_dim")
    own.values |= {name: model.values[name] for name in ("latent_dim", "hidden_dim")}
    if family != "both":
        (own if family == "ae" else model).draw("likelihood")
    if family != "ae" and "beta" not in apart:
        model.draw("beta")
    st.subheader("Training", anchor=False)
    if "learning_rate" not in apart:
        train.draw("learning_rate")
    train.draw("budget")
    train.draw(str(train.values["budget"]))
    with st.expander("Batch, seed, device"):
        train.draw("batch_size", "seed", "device")
    asked = []
    if family != "vae":
        asked.append(RunSettings("ae", own.config(AutoencoderConfig), train.config(TrainConfig)))
    if family != "ae":
        asked.append(RunSettings("vae", model.config(VAEConfig), train.config(TrainConfig)))
    return asked


def draft(now: RunSettings, asked: list[RunSettings]) -> str:
    """How the next run differs from the shown one, in words; empty if it does not."""
    if len(asked) > 1:
        return "an autoencoder and a VAE"
    found = differences(now, asked[0])
    return ", ".join(f"{title} {new} instead of {old}" for title, (old, new) in found.items())


def _family(addressed: bool) -> str:
    if _FAMILY not in st.session_state:
        asked = st.query_params.get(_FAMILY, "vae") if addressed else "vae"
        if asked not in _FAMILIES:
            tell(f"In the address: the family cannot be {shown(asked)}: choose {', '.join(_FAMILIES)}. A VAE is shown.")
            asked = "vae"
        st.session_state[_FAMILY] = asked
    family = st.segmented_control(
        "Autoencoder (AE), VAE, or both",
        list(_FAMILIES),
        format_func=_FAMILIES.__getitem__,
        key=_FAMILY,
        required=True,
        persist_state="session",
    )
    family = str(family or "vae")
    if family == "vae" or not addressed:
        st.query_params.pop(_FAMILY, None)
    else:
        st.query_params[_FAMILY] = family
    return family


def _moved(act: Act, name: str) -> None:
    """A live knob was moved here; or the browser still told the value from before another tab set it."""
    key = _owner(name).key(name)
    late = time.monotonic() - _ECHO
    st.session_state["foreign"] = [echo for echo in st.session_state.get("foreign", []) if echo[2] > late]
    if (key, st.session_state[key]) in [echo[:2] for echo in st.session_state["foreign"]]:
        st.session_state[key] = st.session_state["adopted"][1].value(name)
    else:
        act(name, st.session_state[key])


def _owner(name: str) -> Controls:
    return Controls(VAEConfig if name in [knob.name for knob in VAEConfig.knobs()] else TrainConfig)


def _as_vae(model: AutoencoderConfig) -> VAEConfig:
    shared: dict[str, Any] = {"latent_dim": model.latent_dim, "hidden_dim": model.hidden_dim}
    return VAEConfig(**shared)
