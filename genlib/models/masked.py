r"""Autoencoders that are shown images with holes, and asked for the whole.

References:
    Context Encoders: Feature Learning by Inpainting (Pathak et al., 2016), CVPR, arXiv:1604.07379
    U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger, Fischer & Brox, 2015), MICCAI,
    arXiv:1505.04597
    Identity Mappings in Deep Residual Networks (He et al., 2016), ECCV, arXiv:1603.05027
    Group Normalization (Wu & He, 2018), ECCV, arXiv:1803.08494
    Is the Deconvolution Layer the Same as a Convolutional Layer? (Shi et al., 2016), arXiv:1609.07009, for reading
    four pixels as one place
"""

from __future__ import annotations

import math
from typing import ClassVar, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlib.knobs import InputError
from genlib.models.base import Descent
from genlib.settings import MaskedConfig

__all__ = ["MaskedAutoencoder", "random_masks"]

_SIDE = 28
_PIXELS = _SIDE**2
_MOSTLY_BLACK = -2.0  # logit of a pixel before anything is learnt
_FAINT = 0.1  # of the usual size: weights whose output is added to what was there before


class MaskedAutoencoder(Descent):
    r"""An autoencoder that fills holes: it is given what is seen and where that is, and learns what is missing.

    $$\min_\theta \; \mathbb{E}_{x, m} \frac{1}{|\bar m|} \sum_{i \in \bar m} (x_i - \hat x_i)^2, \qquad
    \hat x = f_\theta(m \odot x,\, m)$$

    where $m$ is 1 at seen pixels and $\bar m$ are the missing ones (Pathak et al., 2016, without their adversary). The
    masks are drawn anew for each image from a family of many shapes, so that none is special. The best answer to this
    question is the mean of all that may be missing, so where more than one digit fits, it is blurred.

    The network goes down to 7 x 7 places, where a few blocks see the whole image, and up again, adding what it saw on
    the way down (Ronneberger et al., 2015).

    Arguments:
        config: Channels and number of blocks.

    Metrics:
        loss: Squared error of the missing pixels, times 784: what an image would have if all were missing so.
    """

    family: ClassVar[str] = "masked"
    config_class = MaskedConfig
    can_sample: ClassVar[bool] = False
    can_encode: ClassVar[bool] = False
    config: MaskedConfig

    def __init__(self, config: MaskedConfig) -> None:
        super().__init__(config)
        self.net = _UNet(config.channels, config.layers)
        self.average("net")

    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        mask = random_masks(len(x), rng)
        missing = (~mask).to(x).unsqueeze(1)
        errors = (missing * (self.fill(x, mask) - x).square()).sum((1, 2, 3))
        return {"loss": _PIXELS * (errors / missing.sum((1, 2, 3)).clamp(min=1)).mean()}

    def fill(self, x: Tensor, mask: Tensor) -> Tensor:
        """What the model takes for the whole image, seen pixels too; of ``x`` it looks at the seen pixels only.

        Arguments:
            x: Images, (B, 1, 28, 28).
            mask: True where a pixel is seen, (28, 28) or (B, 28, 28).

        Returns:
            (B, 1, 28, 28), in [0, 1].
        """
        seen = mask.expand(len(x), _SIDE, _SIDE).unsqueeze(1).to(x)
        logits: Tensor = self.part("net")(torch.cat([x * seen, seen], 1))
        return logits.sigmoid()

    def encode(self, x: Tensor, labels: Tensor | None = None) -> NoReturn:
        raise InputError(
            "A masked autoencoder fills holes and has no codes: choose an autoencoder, a VAE or a mixture."
        )

    def decode(self, z: Tensor, labels: Tensor | None = None) -> NoReturn:
        raise InputError("A masked autoencoder fills holes and draws no codes: choose a VAE, a GAN or a mixture.")


class _UNet(nn.Module):
    """From image and mask, (B, 2, 28, 28), to one number per pixel, (B, 1, 28, 28): 14 x 14 - 7 x 7 - 14 x 14."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        c = channels
        self.first = nn.Conv2d(8, c, 3, padding=1)  # four pixels and their masks at each of 14 x 14 places
        self.before, self.after = _Block(c), _Block(c)
        self.down, self.up = nn.Conv2d(c, 2 * c, 2, stride=2), nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.places = nn.Parameter(torch.zeros(2 * c, 7, 7))  # digits stand in the middle
        self.blocks = nn.Sequential(*(_Block(2 * c) for _ in range(blocks)))
        paint = nn.Conv2d(c, 4, 3, padding=1)
        self.last = nn.Sequential(_norm(c), nn.SiLU(), paint)
        with torch.no_grad():
            paint.weight.mul_(_FAINT)
            paint.bias.fill_(_MOSTLY_BLACK)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        # On processors convolutions are faster where the channels of a place lie side by side.
        h = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        fine = self.before(self.first(h))
        coarse = self.blocks(self.down(fine) + self.places)
        logits: Tensor = F.pixel_shuffle(self.last(self.after(fine + self.up(coarse))), 2)
        return logits


class _Block(nn.Module):
    """Two convolutions, added to what goes in; at first they add little (He et al., 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        convolutions = [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)]
        self.change = nn.Sequential(_norm(channels), nn.SiLU(), convolutions[0], nn.SiLU(), convolutions[1])
        with torch.no_grad():
            for parameter in convolutions[1].parameters():
                parameter.mul_(_FAINT)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.change(x)
        return y


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(4, channels)


def random_masks(n: int, rng: torch.Generator) -> Tensor:
    """Masks of one of four kinds each, alike often: boxes, half planes, single pixels, and blobs.

    Places, sizes and directions are drawn, from almost nothing missing to almost all.

    Returns:
        (n, 28, 28), true where a pixel is seen; at least one pixel of each is missing.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=rng, device=rng.device)

    places = torch.arange(_SIDE, device=rng.device) + 0.5
    size = 4 + 25 * uniform(2)
    start = uniform(2) * (36 - size) - 4  # some of a box may lie outside
    within = (places >= start.unsqueeze(2)) & (places < (start + size).unsqueeze(2))  # (n, 2, 28)
    boxes = within[:, 0].unsqueeze(2) & within[:, 1].unsqueeze(1)
    angle, offset = 2 * math.pi * uniform(1, 1), 6 * torch.randn(n, 1, 1, generator=rng, device=rng.device)
    along = (places - 14).unsqueeze(1) * angle.sin() + (places - 14) * angle.cos()
    pixels = uniform(_SIDE, _SIDE) < 0.05 + 0.9 * uniform(1, 1)
    coarse = torch.randn(n, 1, 4, 4, generator=rng, device=rng.device)
    field = F.interpolate(coarse, size=_SIDE, mode="bilinear", align_corners=False).flatten(1)
    level = field.sort(1).values.gather(1, ((0.05 + 0.65 * uniform(1)) * _PIXELS).long())
    blobs = (field < level).view(n, _SIDE, _SIDE)
    kinds = torch.stack([boxes, along > offset, pixels, blobs], 1)
    kind = torch.randint(4, (n,), generator=rng, device=rng.device)
    hole = kinds[torch.arange(n, device=rng.device), kind]
    hole[:, _SIDE // 2, _SIDE // 2] |= ~hole.flatten(1).any(1)
    return ~hole
