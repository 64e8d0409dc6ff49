r"""What the two sides of a GAN play for, as functions of the scores that D gives.

A score $s$ is any real number, the larger the more real. $\sigma(s) = 1 / (1 + e^{-s})$ makes it a probability.

References:
    Generative Adversarial Nets (Goodfellow et al., 2014), arXiv:1406.2661
    Improved Techniques for Training GANs (Salimans et al., 2016), arXiv:1606.03498
    Wasserstein GAN (Arjovsky, Chintala & Bottou, 2017), arXiv:1701.07875
    Improved Training of Wasserstein GANs (Gulrajani et al., 2017), arXiv:1704.00028
    Geometric GAN (Lim & Ye, 2017), arXiv:1705.02894
    Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), arXiv:1802.05957
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "PROBABILITIES",
    "discriminator_loss",
    "discriminator_slope",
    "generator_loss",
    "generator_slope",
    "gradient_penalty",
    "hinge",
    "log_loss",
    "lowest_score",
    "minimax",
    "non_saturating",
    "wasserstein",
]

PROBABILITIES = ("minimax", "non-saturating")  # the losses whose D answers with a probability


def discriminator_loss(loss: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """What D makes small, a scalar, by the name of the loss; a gradient penalty comes on top.

    Arguments:
        loss: One of the choices of ``GANConfig``.
        real: D's scores of real images, (B,).
        fake: D's scores of generated images, (B,).
        smoothing: Of the labels, for those losses whose D answers with a probability.
    """
    if loss == "hinge":
        return hinge(real, fake)
    if loss == "wasserstein":
        return wasserstein(real, fake)
    return log_loss(real, fake, smoothing)


def generator_loss(loss: str, fake: Tensor) -> Tensor:
    """What G makes small, a scalar, by the name of the loss and D's scores of generated images, (B,)."""
    return {"minimax": minimax, "non-saturating": non_saturating}.get(loss, lowest_score)(fake)


def discriminator_slope(loss: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    r"""The derivative of :func:`discriminator_loss` with respect to each score, those of real x first, (2B, ...).

    $$\frac{\partial}{\partial s(x)} = \frac{\sigma(s(x)) - (1 - a)}{B}, \qquad
    \frac{\partial}{\partial s(G(z))} = \frac{\sigma(s(G(z)))}{B}$$

    of the logarithmic loss; of the hinge $-1/B$ and $1/B$ within the margins, else 0; and everywhere of the critic.
    """
    if loss == "hinge":
        slopes = [-(real < 1).to(real.dtype), (fake > -1).to(fake.dtype)]
    elif loss == "wasserstein":
        slopes = [-torch.ones_like(real), torch.ones_like(fake)]
    else:
        slopes = [real.sigmoid().sub_(1 - smoothing), fake.sigmoid()]
    return torch.cat(slopes).div_(len(real))


def generator_slope(loss: str, fake: Tensor) -> Tensor:
    r"""The derivative of :func:`generator_loss` with respect to each score, of the shape of the scores.

    $(\sigma(s) - 1) / B$ of the non-saturating loss, $-\sigma(s) / B$ of minimax, $-1 / B$ of the others.
    """
    if loss == "non-saturating":
        return fake.sigmoid().sub_(1).div_(len(fake))
    return (fake.sigmoid() if loss == "minimax" else torch.ones_like(fake)).div_(-len(fake))


def log_loss(real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    r"""D's loss of the game as first written, in nats: the cross-entropy of a classifier of real against generated.

    $$-\mathbb{E}\left[(1 - a) \log D(x) + a \log(1 - D(x))\right] - \mathbb{E} \log(1 - D(G(z)))$$

    with $D = \sigma(s)$; Goodfellow et al. (2014) for $a = 0$. With $a > 0$ D is told that real images are real with
    $1 - a$, and has no reason to be surer than that: one-sided label smoothing, section 3.4 of Salimans et al. (2016).
    """
    sure = F.softplus(-real).mean()
    if smoothing:
        sure = (1 - smoothing) * sure + smoothing * F.softplus(real).mean()
    return sure + F.softplus(fake).mean()


def minimax(fake: Tensor) -> Tensor:
    r"""G's loss of the game as first written, in nats: $\mathbb{E} \log(1 - D(G(z)))$.

    Goodfellow et al. (2014). Its gradient vanishes where D is sure that an image is generated.
    """
    return -F.softplus(fake).mean()


def non_saturating(fake: Tensor) -> Tensor:
    r"""G's loss in practice, in nats: $-\mathbb{E} \log D(G(z))$.

    Section 3 of Goodfellow et al. (2014): the same goal, and a gradient that is strong where G is bad.
    """
    return F.softplus(-fake).mean()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    r"""D's loss with margins: $\mathbb{E} \max(0, 1 - s(x)) + \mathbb{E} \max(0, 1 + s(G(z)))$.

    Lim & Ye (2017); eq. (16) of Miyato et al. (2018). D learns nothing from what it is sure of.
    """
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    r"""The critic's loss: $\mathbb{E}\,s(G(z)) - \mathbb{E}\,s(x)$.

    Arjovsky et al. (2017). For the best $s$ among those of slope 1 at most, its negative is the distance that earth has
    to be moved by to make one heap of images the other.
    """
    return fake.mean() - real.mean()


def lowest_score(fake: Tensor) -> Tensor:
    r"""G's loss against the hinge and the critic: $-\mathbb{E}\,s(G(z))$."""
    return -fake.mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    r"""How far D's slope is from 1 between real and generated images, a scalar with a gradient.

    $$\mathbb{E}\left(\lVert \nabla_{\hat x} s(\hat x) \rVert_2 - 1\right)^2, \qquad
    \hat x = u x + (1 - u) G(z), \quad u \sim U(0, 1)$$

    Eq. (3) of Gulrajani et al. (2017), without its weight.

    Arguments:
        score: D, images (B, ...) to scores (B,), each of its own image alone.
        real: Real images, (B, ...).
        fake: Generated images of that shape.
        rng: Draws one $u$ for each pair.
    """
    u = torch.rand(len(real), *[1] * (real.dim() - 1), generator=rng, device=real.device)
    between = (u * real + (1 - u) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
