"""The settings of a run as widgets: what the shown run is, what may be changed while it trains, and the next draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig, VAEConfig
from pages.ui.controls import Controls
from pages.ui.words import differences

__all__ = ["adopt", "ask", "draft"]

_FAMILIES = {"ae": "Autoencoder", "vae": "VAE", "both": "Both"}
_FAMILY = "family"


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
        if settings.value(knob.name) != before[1].value(knob.name):
            owner = VAEConfig if knob in VAEConfig.knobs() else TrainConfig
            st.session_state[Controls(owner).key(knob.name)] = settings.value(knob.name)


def ask(addressed: bool, act: Callable[[str, str], None] | None) -> list[RunSettings]:
    """Draw the widgets; returns what is asked: one run, or an autoencoder and a VAE.

    Arguments:
        addressed: Whether the address tells the settings.
        act: Called with the name of a live knob that moved, and where the session keeps its value; None if no run
            is listening.
    """
    family = _family(addressed)
    model, own = Controls(VAEConfig, addressed=addressed), Controls(AutoencoderConfig, addressed=addressed)
    train = Controls(TrainConfig, addressed=addressed)

    def acting(controls: Controls) -> Callable[[str], None] | None:
        return None if act is None else lambda name: act(name, controls.key(name))

    st.subheader("Model", anchor=False)
    model.draw("latent_dim", "hidden_dim")
    own.values |= {name: model.values[name] for name in ("latent_dim", "hidden_dim")}
    if family != "both":
        (own if family == "ae" else model).draw("likelihood")
    if family != "ae":
        model.draw("beta", act=acting(model))
    st.subheader("Training", anchor=False)
    train.draw("learning_rate", act=acting(train))
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
        st.session_state[_FAMILY] = asked if asked in _FAMILIES else "vae"
    family = st.segmented_control(
        "Family",
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


def _as_vae(model: AutoencoderConfig) -> VAEConfig:
    shared: dict[str, Any] = {"latent_dim": model.latent_dim, "hidden_dim": model.hidden_dim}
    return VAEConfig(**shared)
