"""What the scale of pixels does to models of images: one digit three ways, and small models that were measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

import numpy as np
import streamlit as st

from genlib.colours import CLASSES
from genlib.data.images import load_images
from genlib.knobs import Config, InputError
from genlib.pixel_study import GANS, PIXELS, VAES, Study, grey_share, load_study, three_ways
from pages.ui.explain import method
from pages.ui.picker import inline, large
from pages.ui.words import unlinked

__all__ = ["pixel_bench"]

_FIRST = 17  # a test image: a 7 that is easy to read
_WAYS = {"unit": "From 0 to 1", "standardised": "Standardised", "binary": "Black or white"}
_VAES = {
    "binary": "Black or white, Bernoulli",
    "chances": "Grey levels as chances, Bernoulli",
    "unit": "From 0 to 1, Gaussian",
    "standardised": "Standardised, Gaussian",
}
_CODE = ("genlib.models.pixels:Standardised", "genlib.models.vae:VAE.likelihood", "genlib.pixel_study:three_ways")
_SHORT = """
- **Standardised** means less the mean and divided by the standard deviation, of all training pixels together. The
  picture stays the same; the numbers that a network sees and puts out do not.
- **A likelihood has a unit.** Of black or white images there are finitely many, so each has a probability, at most 1.
  Of grey levels there is a density: it may exceed 1, grows as far as images are rebuilt exactly, and depends on the
  unit.
- **So never compare** a Bernoulli with a Gaussian likelihood, nor one of standardised pixels with one of pixels from 0
  to 1 before the unit is accounted for. Squared errors and distances of drawings may be compared.
- **A GAN has no likelihood.** What D is shown decides what it learns first: where real pixels are only black or white,
  any grey gives a drawing away.
"""


def pixel_bench() -> None:
    """The view of images."""
    st.markdown(
        "A network never sees a picture, only numbers. **Predict:** the same digits as numbers from 0 to 1, "
        "standardised, or black or white: which makes the better VAE, and which the better GAN?"
    )
    try:
        study = load_study()
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    one_digit(study)
    vaes(study)
    gans(study)
    st.subheader("In short", anchor=False)
    st.markdown(_SHORT)
    with st.expander("How it works"):
        method(*_CODE)


def one_digit(study: Study) -> None:
    """The same image as each kind of numbers."""
    st.subheader("One digit, three ways", anchor=False)
    images = load_images()
    number = st.number_input("Test image", 0, len(images.test) - 1, _FIRST, key="pixels_image", bind="query-params",
                             width=220)  # fmt: skip
    with st.container(horizontal=True, gap="large"):
        for name, x in three_ways(images.test[number], study).items():
            low, high = float(x.min()), float(x.max())
            shown = np.round(255 * (x - low) / max(high - low, 1e-9)).astype(np.uint8)
            with st.container(width=170, gap="small"):
                st.html(inline(large(shown), f"Test image {number}, {_WAYS[name].lower()}", 140))
                middle = f"mean {x.mean():.2f}, standard deviation {x.std():.2f}"
                st.markdown(f"**{_WAYS[name]}**  \n:small[black is {low:.2f}, white {high:.2f}; {middle}]")
    st.caption(
        f"The mean of all training pixels is {study.mean:.3f}, their standard deviation {study.deviation:.3f}. Black "
        "or white is drawn anew at each step, each pixel white with the probability of its grey level."
    )


def vaes(study: Study) -> None:
    """What each kind of pixels does to the likelihood of a VAE."""
    st.subheader("What it does to a VAE's likelihood", anchor=False)
    rows = []
    for kind, title in _VAES.items():
        fit = study.vaes[kind]
        nats, gaussian = fmean(fit.nll), VAES[kind].likelihood == "gaussian"
        rows.append(
            {
                "Pixels and likelihood": title,
                "It is a": "density" if gaussian else "probability",
                "−log p(x), nats": said(fit.nll, 1),
                "in its own unit": f"{nats + study.log_scale:.1f}" if kind == "standardised" else f"{nats:.1f}",
                "bits a pixel": f"{nats / PIXELS / math.log(2):.3f}",
                "Squared error": said([1000 * error for error in fit.squared_error], 1),
                "Fréchet distance": said(fit.frechet, 0),
            }
        )
    st.dataframe(rows, hide_index=True, column_config={"Squared error": "Error, 1/1000", "Fréchet distance": "Fréchet"})
    scaled, unit = fmean(study.vaes["standardised"].nll), fmean(study.vaes["unit"].nll)
    st.caption(
        "Lower is better in each column; the mean of three seeds ± their standard deviation, eight epochs each. The "
        "first two rows are judged by the same black or white test images, the last two by the same grey ones; between "
        "the pairs only the last two columns compare."
    )
    st.markdown(
        f"**What happened.** In its own unit the standardised VAE is {compared(scaled + study.log_scale, unit)} than "
        f"the one from 0 to 1. But {-study.log_scale:.0f} nats of that are the unit alone, 784 times the logarithm of "
        f"{study.deviation:.3f}; once they are taken off, it is {compared(scaled, unit)}. Its pixels know no bounds, "
        "where those of the other end at black and white."
    )
    sheets(study, "vae", _VAES, VAES)


def gans(study: Study) -> None:
    """What each kind of pixels does to the training of a GAN."""
    st.subheader("What it does to a GAN's training", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    rows = [
        {"step": step} | {_WAYS[kind]: fmean(seed[i] for seed in each.frechet) for kind, each in study.gans.items()}
        for i, step in enumerate(study.steps)
    ]
    with left:
        names = [_WAYS[kind] for kind in study.gans]
        st.line_chart(
            rows, x="step", y=names, color=list(CLASSES[: len(names)]), y_label="Fréchet distance", height=300
        )
    with right:
        st.dataframe(
            [
                {
                    "Pixels": _WAYS[kind],
                    "Fréchet": said([seed[-1] for seed in contest.frechet], 0),
                    "D(x)": said([seed[-1] for seed in contest.real], 2),
                    "D(G(z))": said([seed[-1] for seed in contest.fake], 2),
                    "Grey": f"{100 * fmean(contest.grey):.0f} %",
                }
                for kind, contest in study.gans.items()
            ],
            hide_index=True,
        )
        st.caption(
            f"After {study.steps[-1]} steps, three seeds ± their standard deviation. D(x) and D(G(z)) are how real "
            "D finds real and drawn images: far "
            "apart means that D wins. Grey pixels are neither nearly black nor nearly white; of real ones there are "
            f"{100 * grey_share(load_images().test):.0f} %."
        )
    sheets(study, "gan", _WAYS, GANS)


def sheets(study: Study, family: str, titles: dict[str, str], configs: Mapping[str, Config]) -> None:
    """Drawings of each kind, and the way to train one."""
    for column, (kind, title) in zip(st.columns(len(configs)), ((kind, titles[kind]) for kind in configs), strict=True):
        with column:
            st.image(study.sheets[f"{family}-{kind}"], title, width="stretch", alt=f"32 drawings: {title}")
            told = configs[kind].to_text() | {"family": family}
            st.page_link("images/train.py", label="Train it", icon=":material/model_training:", query_params=told)


def compared(nats: float, other: float) -> str:
    """How much better or worse a negative log-likelihood is."""
    return f"{abs(nats - other):,.0f} nats {'better' if nats < other else 'worse'}"


def said(values: Sequence[float], digits: int) -> str:
    """A mean and the spread over the seeds."""
    return f"{fmean(values):.{digits}f} ± {stdev(values):.{digits}f}"
