"""What was measured of models that learned the same digits on other numbers: tables, curves and drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

import streamlit as st

from genlib.knobs import Config
from genlib.pixel_study import EPOCHS, GANS, PIXELS, UNBOUNDED, VAES, Contest, Study
from genlib.settings import FAMILY_NAMES, TrainConfig
from pages.ui.figure import figure, pictures, table

__all__ = ["WAYS", "gans", "signed", "vaes"]

WAYS = {"unit": "From 0 to 1", "standardised": "Standardised", "binary": "Black or white"}
_VAES = {
    "binary": "Black or white, Bernoulli",
    "chances": "Greys as chances, Bernoulli",
    "unit": "From 0 to 1, Gaussian",
    "standardised": "Standardised, Gaussian",
    UNBOUNDED: "From 0 to 1, no bounds, Gaussian",
}
_VAE_FORM = {
    "It is a": st.column_config.TextColumn(help="Whether p(x) is a probability, at most 1, or a density."),
    "−log p(x)": st.column_config.TextColumn(
        help="Negative log-likelihood of test images, nats an image; of grey levels in the unit from 0 to 1."
    ),
    "In its own unit": st.column_config.TextColumn(help="The same, in the unit of the pixels that were learnt."),
    "Bits a pixel": st.column_config.TextColumn(help="−log p(x) in bits, divided by the 784 pixels."),
    "Error": st.column_config.TextColumn(help="Squared error of rebuilt test images, thousandths a pixel."),
    "Fréchet": st.column_config.TextColumn(help="Distance of 1,000 drawings from test images, as a classifier sees."),
}
_GAN_FORM = {
    "Fréchet": st.column_config.TextColumn(help="Distance of 1,000 drawings from test images, as a classifier sees."),
    "D(x)": st.column_config.TextColumn(help="How probably real D finds test images, in the pixels it learned from."),
    "D(G(z))": st.column_config.TextColumn(help="How probably real D finds drawings."),
    "Grey": st.column_config.TextColumn(help="Share of drawn pixels that are neither nearly black nor nearly white."),
}


def vaes(study: Study) -> None:
    """What each kind of pixels does to the likelihood of a VAE."""
    st.header("What it does to a VAE's likelihood", anchor=False)
    rows = []
    for kind, title in _VAES.items():
        fit = study.vaes[kind]
        nats, density = fmean(fit.nll), kind not in ("binary", "chances")
        rows.append(
            {
                "Pixels and likelihood": title,
                "It is a": "density" if density else "probability",
                "−log p(x)": said(fit.nll, 1),
                "In its own unit": signed(nats + study.log_scale * (kind == "standardised"), 1),
                "Bits a pixel": signed(nats / PIXELS / math.log(2), 3),
                "Error": said([1000 * error for error in fit.squared_error], 1),
                "Fréchet": said(fit.frechet, 0),
            }
        )
    table(rows, "What VAEs reach on each kind of pixels", column_config=_VAE_FORM)
    st.caption(
        "Lower is better in each column; the mean of three seeds ± their standard deviation, "
        f"{EPOCHS} epochs each. The "
        "first two rows are judged by the same black or white test images, the others by the same grey ones; between "
        "the two groups only the last two columns compare. As many real images have a Fréchet distance of "
        f"{study.floor['unit']:.0f}."
    )
    st.markdown(happened(study))
    sheets(study, "vae", _VAES, VAES)


def happened(study: Study) -> str:
    """What standardising did to the likelihood: how much of it is the unit, and how much the missing bounds."""
    scaled, unit, unbounded = (fmean(study.vaes[kind].nll) for kind in ("standardised", "unit", UNBOUNDED))
    return (
        f"**What happened.** In its own unit the standardised VAE is {compared(scaled + study.log_scale, unit)} than "
        f"the one from 0 to 1. But {-study.log_scale:.0f} nats of that are the unit alone, 784 times the logarithm of "
        f"{study.deviation:.3f}; once they are taken off, it is {compared(scaled, unit)}. "
        "Standardising changes more than the unit: nothing holds what comes out between black and white. So the last "
        f"row has pixels from 0 to 1 without such bounds, and is {compared(unbounded, unit)}: "
        f"{blame((unbounded - unit) / (scaled - unit))}."
    )


def blame(share: float) -> str:
    """Whether the missing bounds make the difference, of which they are this share."""
    if share > 0.8:
        return "it is the missing bounds that matter, not the scale"
    return "the missing bounds are only a part of it" if share > 0.2 else "the missing bounds are not the reason"


def gans(study: Study) -> None:
    """What each kind of pixels does to the training of a GAN."""
    from genlib.plots import seeds_chart

    st.header("What it does to a GAN's training", anchor=False)
    left, right = st.columns(2, gap="large")
    distances = {WAYS[kind]: each.frechet for kind, each in study.gans.items()}
    left.markdown("**How far drawings are from real images**")
    with left:
        figure(seeds_chart(study.steps, distances, "Fréchet distance", study.floor["unit"]), "pixels_frechet")
    apart = {WAYS[kind]: gaps(each) for kind, each in study.gans.items()}
    right.markdown("**How well D tells them apart**")
    with right:
        figure(seeds_chart(study.steps, apart, "D(x) − D(G(z))"), "pixels_apart")
    st.caption(
        "Thick lines are means, thin ones single seeds. On the left lower is better. D(x) and D(G(z)) are how real D "
        "finds real and drawn images: where they differ by 1, D is never wrong; at 0 it can only guess."
    )
    table(
        [
            {
                "Pixels": WAYS[kind],
                "Fréchet": said([seed[-1] for seed in each.frechet], 0),
                "D(x)": said([seed[-1] for seed in each.real], 2),
                "D(G(z))": said([seed[-1] for seed in each.fake], 2),
                "Grey": f"{100 * fmean(each.grey):.0f} %",
            }
            for kind, each in study.gans.items()
        ],
        "What GANs reach on each kind of pixels",
        column_config=_GAN_FORM,
    )
    st.caption(
        f"After {study.steps[-1]} steps, three seeds ± their standard deviation. Of real pixels {100 * study.grey:.0f} "
        f"% are grey. Real images drawn black or white have themselves a Fréchet distance of "
        f"{study.floor['binary']:.0f}, as they are {study.floor['unit']:.0f}."
    )
    sheets(study, "gan", WAYS, GANS)


def gaps(contest: Contest) -> list[list[float]]:
    """How much more real D finds real images than drawn ones, for each seed and step."""
    return [
        [x - g for x, g in zip(real, fake, strict=True)] for real, fake in zip(contest.real, contest.fake, strict=True)
    ]


def sheets(study: Study, family: str, titles: Mapping[str, str], configs: Mapping[str, Config]) -> None:
    """Drawings of each kind, and the way to train one."""
    for column, (kind, config) in zip(st.columns(len(configs)), configs.items(), strict=True):
        with column:
            title = titles[kind]
            st.image(
                study.sheets[f"{family}-{kind}"],
                title,
                width="stretch",
                alt=f"32 drawings of the {FAMILY_NAMES[family]}: {title}",
            )
            told = config.to_text() | TrainConfig(epochs=EPOCHS).to_text() | {"family": family}
            st.page_link(
                "images/train.py", label="Train it yourself", icon=":material/model_training:", query_params=told
            )
    pictures({titles[kind]: study.sheets[f"{family}-{kind}"] for kind in configs}, f"pixels_{family}")


def compared(nats: float, other: float) -> str:
    """How much better or worse a negative log-likelihood is."""
    return f"{abs(nats - other):,.0f} nats {'better' if nats < other else 'worse'}"


def said(values: Sequence[float], digits: int) -> str:
    """A mean and the spread over the seeds."""
    return f"{signed(fmean(values), digits)} ± {stdev(values):.{digits}f}"


def signed(value: float, digits: int) -> str:
    """A number with a minus as wide as a digit."""
    return f"{value:.{digits}f}".replace("-", "−")
