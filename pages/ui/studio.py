"""The latent studio: a digit that follows the hand, from a decoder that runs in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from genlib.colours import CLASSES
from genlib.knobs import InputError
from genlib.runs import saved_step
from genlib.settings import FAMILIES
from pages.ui.address import told, words, write
from pages.ui.element import element, markup
from pages.ui.opened import Opened

__all__ = ["Code", "Model", "code_from_text", "code_text", "explore", "keep", "latent_studio", "push", "usable"]

_FARTHEST = 1e4  # of any coordinate: an autoencoder's codes may lie far out, though not so far
_DECIMALS = 3
_AXES, _SHEETS, _USUAL_SHEET = ("direction", "coordinate"), ("8", "12", "16", "20"), "12"
_studio = element(
    "latent_studio", "draw.js", "tensors.js", "decoder.js", "latent.js", "studio_map.js", "studio.js",
    html=markup("studio.html"),
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A model in the studio, and the step at which it was saved."""

    shown: Opened
    step: int

    @property
    def name(self) -> str:
        return self.shown.run.id

    @property
    def family(self) -> str:
        return self.shown.settings.family

    @property
    def data(self) -> str:
        """What it learned from."""
        return self.shown.settings.data

    @property
    def latent_dim(self) -> int:
        return self.shown.settings.model.latent_dim

    @property
    def labels(self) -> bool:
        # A mixture is told labels while it learns, but its codes alone say what they decode to.
        return self.shown.settings.model.labels and self.family != "mixture"

    @property
    def encodes(self) -> bool:
        return self.family != "gan"

    @property
    def prior(self) -> bool:
        """Whether its codes have the prior N(0, I)."""
        return self.family in ("vae", "gan")


@dataclass(frozen=True)
class Code:
    """A code (D,), none if it is empty, and the class that is asked for, or was."""

    z: tuple[float, ...]
    label: int = 0


def usable(shown: Opened) -> Model | None:
    """The run as a model of the studio; None if it draws nothing or has saved nothing yet."""
    if shown.settings.family not in FAMILIES:
        return None
    step = saved_step(shown.run.path)
    return None if step is None else Model(shown, step)


def explore(shown: Opened) -> None:
    """The way from a run to its codes, which is open once it has saved any."""
    label, icon, text = "Explore", ":material/tune:", "Drag through what it has learned, once it is saved."
    if usable(shown):
        query = {"model": shown.run.id}
        st.page_link("images/latent.py", label=label, icon=icon, query_params=query, help=text)
    elif shown.settings.family in FAMILIES:  # its place is kept, so that nothing jumps
        st.button(label, icon=icon, key=f"explore_{shown.run.id}", type="tertiary", disabled=True, help=text)


def latent_studio(model: Model, first: Code, fresh: bool, *, key: str) -> Code | None:
    """Show the studio; returns the code that the visitor came to, once there is one.

    Arguments:
        model: What decodes.
        first: Where to begin; at the mean code of a class if it is empty.
        fresh: Whether it was not there in the run of the page before.
        key: Name of the element on its page.
    """
    pushed = st.session_state.get("studio_pushed") or {}
    if fresh or pushed.get("model") != model.name:
        push(model, first)
        pushed = st.session_state["studio_pushed"]
    about = {name: getattr(model, name) for name in ("name", "step", "family", "prior", "encodes")}
    own = model.shown.own
    about |= {"thing": "image" if own else "digit", "kind": "class" if own else "digit"}
    about |= {"classes": model.shown.classes, "train": model.shown.learned}
    data = {"palette": CLASSES} | pushed | {"model": about}
    answer = _studio(key=key, data=data | _look(model), on_z_change=lambda: None)
    _looked(answer.get("look"), model)
    return checked_code(answer.get("z"), model, st.session_state["studio_pushed"]["sent"])


def _look(model: Model) -> dict[str, Any]:
    """Along what the sliders move, and the size of the sheet, as the address asks for them."""
    axes, sheet = words("axes", _AXES, model.name) or _AXES, words("sheet", _SHEETS) or [_USUAL_SHEET]
    return {"look": {"axes": axes[0], "sheet": sheet[0]}}


def _looked(look: Any, model: Model) -> None:
    """Have the address tell them, if they are news."""
    if isinstance(look, dict) and look.get("of") == model.name:
        told("axes", _AXES[1] if look.get("axes") == _AXES[1] else "", model.name)
        told("sheet", sheet if (sheet := look.get("sheet")) in _SHEETS and sheet != _USUAL_SHEET else "")


def push(model: Model, code: Code, spread: Sequence[float] | None = None) -> None:
    """Have the studio go to a code, and the address tell it; with the spread of its posterior, that is drawn too."""
    keep(model, code)
    st.session_state["studio_pushed"] = {
        "model": model.name,
        "z": list(code.z) or None,
        "label": code.label,
        "seen": None if spread is None else {"z": list(code.z), "spread": list(spread)},
        "sent": (st.session_state.get("studio_pushed") or {}).get("sent", 0) + 1,
    }


def keep(model: Model, code: Code) -> None:
    """Have the address tell where the visitor is."""
    if code.z:
        write("z", code_text(code.z))
    if model.labels:
        write("digit", str(code.label))


def checked_code(answer: Any, model: Model, sent: int) -> Code | None:
    """What the element says, if it is a code of this model, told after it was last sent elsewhere."""
    if not isinstance(answer, dict) or answer.get("model") != model.name or answer.get("sent") != sent:
        return None
    z, label = answer.get("z"), answer.get("label")
    if not isinstance(z, list) or type(label) is not int or not 0 <= label < len(model.shown.classes):
        return None
    if len(z) != model.latent_dim or not all(_usual(value) for value in z):
        return None
    return Code(tuple(float(value) for value in z), label)


def _usual(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= _FARTHEST  # nor is it where it is no number


def code_text(z: Sequence[float]) -> str:
    """A code as an address has it."""
    return ",".join(f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".") for value in z)


def code_from_text(text: str, latent_dim: int) -> tuple[float, ...]:
    """The code in an address.

    Raises:
        InputError: If it is of another length, or has what is no number.
    """
    parts = text.split(",")
    if len(parts) != latent_dim:
        raise InputError(
            f"In the address: z has {len(parts)} number{'s' * (len(parts) != 1)}, this model's codes have "
            f"{latent_dim}: another code is shown."
        )
    try:
        z = tuple(float(part) for part in parts)
    except ValueError:
        z = (float("inf"),)
    if not all(_usual(value) for value in z):
        raise InputError(
            f"In the address: z must be {latent_dim} numbers between {-_FARTHEST:,.0f} and {_FARTHEST:,.0f}, with "
            "commas between them: another code is shown."
        )
    return z
