"""What each figure of a score means, when it misleads, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEANINGS", "POINT_MEANINGS", "Meaning"]

_NAEEM = "Naeem et al., Reliable Fidelity and Diversity Metrics for Generative Models, 2020"
_KYNKAANNIEMI = "Kynkäänniemi et al., Improved Precision and Recall Metric, 2019"


@dataclass(frozen=True)
class Meaning:
    """One figure for the reader.

    Arguments:
        title: What to call it.
        digits: Shown behind the point.
        better: "low", "high", or "real" where it should be what real images get.
        means: What it says, in a sentence.
        misleads: When not to believe it, in a sentence.
        source: Author, title, year.
    """

    title: str
    digits: int
    better: str
    means: str
    misleads: str
    source: str


MEANINGS = {
    "frechet": Meaning(
        "Fréchet distance",
        2,
        "low",
        "How far the cloud of what was drawn is from that of real images, by means and covariances of their features.",
        "It is too large for few images, so it compares only at one n; it sees no shape beyond a bell curve; in other "
        "features the order may turn round; and in ours it is no FID.",
        "Dowson & Landau, 1982; Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017; its bias: Chong & "
        "Forsyth, 2020",
    ),
    "precision": Meaning(
        "Precision",
        3,
        "real",
        "Share of what was drawn that lies where real images lie.",
        "One stray real image has a huge ball, in which even noise lies; and copies are perfectly precise.",
        _KYNKAANNIEMI,
    ),
    "recall": Meaning(
        "Recall",
        3,
        "real",
        "Share of the real images that lie where drawn ones lie.",
        "A few wild drawings have huge balls that reach everything.",
        _KYNKAANNIEMI,
    ),
    "density": Meaning(
        "Density",
        3,
        "real",
        "How many real images a drawing has around it, 1 if as many as a real one.",
        "It may be above 1 for a model that draws only what is usual.",
        _NAEEM,
    ),
    "coverage": Meaning(
        "Coverage",
        3,
        "real",
        "Share of the real images that have a drawing next to them.",
        "It falls with fewer drawings, and does not see whether all are alike next to the image.",
        _NAEEM,
    ),
    "classes": Meaning(
        "Digits found",
        0,
        "high",
        "How many of the ten digits are drawn at least a tenth as often as they are in the data.",
        "The classifier must call a scribble some digit, too.",
        "Srivastava et al., VEEGAN, 2017: modes counted by a classifier",
    ),
    "histogram_distance": Meaning(
        "Off in digits",
        3,
        "low",
        "Share of the drawings that would have to become another digit to have all as often as in the data.",
        "It is above zero for few images; models that are told the digit get it for nothing.",
        "Total variation distance",
    ),
    "copied": Meaning(
        "Nearer to training",
        3,
        "real",
        "Share of the drawings whose nearest training image is nearer than their nearest test image; blur does not "
        "change it. There are 5.5 times as many training images, so real images are far above one half. Well above "
        "real images means learnt by heart.",
        "By pixels, so a copy moved by one pixel escapes.",
        "After Meehan et al., A Non-Parametric Test to Detect Data-Copying, 2020",
    ),
    "nearer": Meaning(
        "Closer than unseen",
        3,
        "real",
        "How often a drawing is nearer to its nearest training image than a test image is: one half for a fresh "
        "real image, 1 for copies.",
        "Blurred drawings are near to everything and look like copies here.",
        "Meehan et al., A Non-Parametric Test to Detect Data-Copying, 2020",
    ),
    "squared_error": Meaning(
        "Rebuilding error",
        4,
        "low",
        "Mean squared error a pixel of test images rebuilt from their codes.",
        "More numbers a code rebuild better and say nothing about new images.",
        "The quantity that an autoencoder is trained by; Hinton & Salakhutdinov, Reducing the Dimensionality of Data "
        "with Neural Networks, 2006",
    ),
    "nll": Meaning(
        "−log p(x)",
        1,
        "low",
        "Nats a test image costs under the model, of a tenth as many test images as drawings: exact for a pixel "
        "mixture, for a VAE by importance samples, one for every 20 drawings.",
        "A VAE counts black and white pixels, a mixture densities of grey levels: never compare the two; and a good "
        "likelihood may draw badly, and the other way round.",
        "Wu et al., On the Quantitative Analysis of Decoder-Based Generative Models, 2017; Theis et al., A Note on the "
        "Evaluation of Generative Models, 2016",
    ),
    "nll_gap": Meaning(
        "Gap to the bound",
        1,
        "low",
        "How far the bound that the VAE is trained by lies above: what its importance samples win back.",
        "With more samples it would be a little larger.",
        "Burda et al., Importance Weighted Autoencoders, 2016",
    ),
}

POINT_MEANINGS = {
    "modes": Meaning(
        "Modes found",
        0,
        "real",
        "How many of the true groups have a made point within three standard deviations of their centre.",
        "One stray point finds a mode; read it with the share of good points.",
        "Lin et al., PacGAN, 2018",
    ),
    "high_quality": Meaning(
        "Good points",
        3,
        "real",
        "Share of the made points that lie within three standard deviations of the centre of some true group.",
        "A model that makes one group only may have all of its points good.",
        "Srivastava et al., VEEGAN, 2017, who call it the high-quality share",
    ),
    "energy": Meaning(
        "Energy distance",
        4,
        "low",
        "How much farther made points are from real ones than points of one kind are from each other, in the unit of "
        "the points; 0 only for equal distributions.",
        "Far groups count the most: small faults within one hardly change it; and with few points it is never 0.",
        "Székely & Rizzo, Energy Statistics, 2013",
    ),
    "told_apart": Meaning(
        "Told apart",
        3,
        "real",
        "Share of points that a nearest-neighbour classifier, which has seen others, calls rightly real or made; one "
        "half means that it has to guess.",
        "It sees what near neighbours show; a fault spread thinly over the plane escapes it.",
        "Lopez-Paz & Oquab, Revisiting Classifier Two-Sample Tests, 2017",
    ),
    "told_apart_p": Meaning(
        "Chance of that",
        3,
        "real",
        "How probable it is to tell so many apart, or more, where both are of one distribution; below 0.05 doubt it.",
        "A large one proves nothing: with more points smaller faults show.",
        "Lopez-Paz & Oquab, Revisiting Classifier Two-Sample Tests, 2017",
    ),
    "log_likelihood": Meaning(
        "log p(x)",
        3,
        "high",
        "Mean log-density of real points that were not fitted, in nats; the truth itself has the highest there is.",
        "It forgives points made where nothing is, as long as the real ones are likely, too.",
        "Theis et al., A Note on the Evaluation of Generative Models, 2016",
    ),
    "rand": Meaning(
        "Right groups",
        3,
        "high",
        "Agreement of the components with the true groups, the adjusted Rand index: 1 the same, 0 as by chance.",
        "Two components for one group cost as much as a mistake; where groups overlap not even the truth gets 1.",
        "Hubert & Arabie, Comparing Partitions, 1985",
    ),
}
