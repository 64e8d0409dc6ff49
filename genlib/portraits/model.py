r"""A variational autoencoder of faces that draws one and then bends it.

References:
    Active Appearance Models (Cootes, Edwards & Taylor, 1998), ECCV
    Deforming Autoencoders: Unsupervised Disentangling of Shape and Appearance (Shu et al., 2018), ECCV
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlib.models.nets import Net
from genlib.models.vae import VAE
from genlib.portraits.grid import REACH, spline_basis
from genlib.portraits.photographs import SIDE
from genlib.settings.portraits import PortraitConfig

__all__ = ["Bent", "Portraits", "bend"]

_TURN, _SIZE, _MOVE, _LIGHT, _GREY = 0.06, 0.04, 0.05, 0.1, 0.03  # standard deviations of what is done to photographs


class Portraits(VAE):
    r"""A variational autoencoder whose decoder draws a face and bends it.

    $$\hat x(z)_p = \mathrm{sigmoid}\big(a(z)_{p + v(z)_p}\big), \qquad a(z) = a_0 + A z, \qquad
    v(z) = W\,r \tanh(b_0 + B z)\,W^\top$$

    Every face is the same face, $a_0$, repainted by $A z$ and bent by the field $v(z)$: each pixel $p$ looks up its
    grey where the field points. So eyes lie on eyes, and the mean of two faces is a face and no double exposure. The
    field is a cubic spline through a grid of handles; nobody marks where eyes and mouths are, as the active appearance
    models of Cootes et al. (1998) ask for: both parts are learnt at once, as in Shu et al. (2018).

    Each time a photograph is learnt from, it is turned, moved, scaled and lit a little differently, and mirrored half
    of the time.

    Arguments:
        config: Size of the code, of the grid and of the encoder.

    Metrics:
        loss: Negative bound, nats per image.
        reconstruction: $-\log p(x|z)$, nats per image, a density.
        kl: KL term, nats per image.
        squared_error: Squared error of the face decoded from the mean code, summed over pixels; of unseen people only.
    """

    family = "portraits"
    config_class = PortraitConfig
    config: PortraitConfig

    def make_encoder(self) -> nn.Module:
        c, corner = self.config.channels, SIDE // 8
        rest = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(c, 2 * c, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * c, 2 * c, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * c * corner**2, 256),
            nn.SiLU(),
            nn.Linear(256, 2 * self.config.latent_dim),
        )
        return Net(nn.Conv2d(1, c, 4, stride=2, padding=1), rest, labels=False)

    def make_decoder(self) -> nn.Module:
        return Bent(self.config.latent_dim, self.config.grid if self.config.bends else 0)

    @torch.no_grad()
    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        """Begin with the mean of all photographs and their mirror images."""
        mean = images.float().mean(0) / 255
        mean = ((mean + mean.flip(1)) / 2).clamp(0.02, 0.98)
        for part in (self.decoder, *([self.averages["decoder"]] if self.config.average else [])):
            assert isinstance(part, Bent)
            part.drawing.bias.copy_(mean.logit().flatten())

    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        return super().losses(x if step is None else _varied(x, rng), labels, rng, step)


class Bent(nn.Module):
    """The decoder: from codes (B, D) to logits (B, 1, 64, 64).

    Arguments:
        latent_dim: D.
        grid: Handles along a side; without any the face stays as it is drawn.
    """

    basis: Tensor

    def __init__(self, latent_dim: int, grid: int) -> None:
        super().__init__()
        self.drawing = nn.Linear(latent_dim, SIDE**2)
        self.handles = nn.Linear(latent_dim, 2 * grid**2) if grid else None
        # From the mean face, unbent.
        nn.init.normal_(self.drawing.weight, std=0.05 / math.sqrt(latent_dim))
        if self.handles is not None:
            self.register_buffer("basis", torch.tensor(spline_basis(SIDE, grid)).float(), persistent=False)
            nn.init.normal_(self.handles.weight, std=0.1 / math.sqrt(latent_dim))
            nn.init.zeros_(self.handles.bias)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        drawn: Tensor = self.drawing(z).view(-1, 1, SIDE, SIDE)
        if self.handles is None:
            return drawn
        grid = self.basis.shape[1]
        return bend(drawn, REACH * self.handles(z).view(-1, 2, grid, grid).tanh(), self.basis)


def bend(images: Tensor, handles: Tensor, basis: Tensor) -> Tensor:
    """Let each pixel show what lies where the field points.

    Between pixels it is interpolated linearly; beyond the edge lies what lies at the edge.

    Arguments:
        images: (B, 1, H, H).
        handles: How far right and down each handle of the grid points, in pixels, (B, 2, grid, grid).
        basis: (H, grid), of :func:`genlib.portraits.grid.spline_basis`.

    Returns:
        (B, 1, H, H).
    """
    side = len(basis)
    middles = (torch.arange(side, device=images.device) + 0.5) * 2 / side - 1
    still = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)  # (H, H, 2), x first
    field = (basis @ handles @ basis.T).permute(0, 2, 3, 1) * 2 / side
    return F.grid_sample(images, still + field, padding_mode="border", align_corners=False)


def _varied(x: Tensor, rng: torch.Generator) -> Tensor:
    """Photographs a little turned, scaled, moved and lit, half of them mirrored."""

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng, device=x.device)

    n = len(x)
    turn, size = _TURN * noise(n), 1 + _SIZE * noise(n)
    mirror = torch.randint(0, 2, (n,), generator=rng, device=x.device) * 2 - 1
    cosine, sine = size * turn.cos(), size * turn.sin()
    rows = [torch.stack([mirror * cosine, -sine], 1), torch.stack([mirror * sine, cosine], 1)]
    affine = torch.cat([torch.stack(rows, 1), _MOVE * noise(n, 2, 1)], 2)
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return (moved * (1 + _LIGHT * noise(n, 1, 1, 1)) + _GREY * noise(n, 1, 1, 1)).clamp(0, 1)
