"""The mixture of Gaussians as a distribution: its density, its groups, its samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.knobs import InputError

__all__ = ["Mixture", "log_sum_exp", "positive_definite"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mixture:
    r"""A mixture of K Gaussians in D dimensions.

    $$p(x) = \sum_{k=1}^K \alpha_k \, \mathcal{N}(x; \mu_k, \Sigma_k), \qquad \sum_k \alpha_k = 1$$

    Attributes:
        weights: $\alpha_k$, shape (K,).
        means: $\mu_k$, shape (K, D).
        covariances: $\Sigma_k$, always as full matrices, shape (K, D, D).
    """

    weights: Array
    means: Array
    covariances: Array

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log-density $\log p(x)$ of each point, in nats.

        Arguments:
            x: Points, shape (N, D).

        Returns:
            Shape (N,).
        """
        return log_sum_exp(self.log_joint(x))

    def log_joint(self, x: ArrayLike) -> Array:
        r"""Log of $\alpha_k \, \mathcal{N}(x_n; \mu_k, \Sigma_k)$, in nats: shape (N, D) to (N, K)."""
        x = np.asarray(x, dtype=np.float64)
        factors = np.linalg.cholesky(self.covariances)
        whitening = np.linalg.inv(factors)  # (K, D, D)
        half_log_det = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)  # (K,)
        joint = np.empty((len(x), len(self.weights)))
        for k, mean in enumerate(self.means):
            white = (x - mean) @ whitening[k].T  # (N, D)
            joint[:, k] = -0.5 * np.einsum("nd,nd->n", white, white)
        with np.errstate(divide="ignore"):  # a weight of 0 is a log-weight of minus infinity
            log_weights = np.log(self.weights)
        return joint + (log_weights - half_log_det - 0.5 * x.shape[1] * math.log(2 * math.pi))

    def responsibilities(self, x: ArrayLike) -> Array:
        r"""How much each component answers for each point: $r_{nk} = p(k \mid x_n)$.

        $$r_{nk} = \frac{\alpha_k \, \mathcal{N}(x_n; \mu_k, \Sigma_k)}{p(x_n)}$$

        Arguments:
            x: Points, shape (N, D).

        Returns:
            Shape (N, K); each row sums to 1.
        """
        joint = self.log_joint(x)
        return np.exp(joint - log_sum_exp(joint)[:, None])

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
        r"""Draw a component by its weight, then a point from its Gaussian: $x = \mu_k + L_k \epsilon$.

        Here $L_k L_k^\top = \Sigma_k$ (Cholesky) and $\epsilon \sim \mathcal{N}(0, I)$.

        Returns:
            Points, shape (n, D), and the component of each, shape (n,).
        """
        groups = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        x = rng.normal(size=(n, self.means.shape[1]))
        for k, factor in enumerate(np.linalg.cholesky(self.covariances)):
            x[groups == k] = self.means[k] + x[groups == k] @ factor.T
        return x, groups

    def to_json(self) -> dict[str, Any]:
        """The parameters as nested lists; :meth:`from_json` reads them back exactly."""
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }

    @classmethod
    def from_json(cls, values: Any) -> Mixture:
        """Read what :meth:`to_json` wrote.

        Raises:
            InputError: If these are not the parameters of a mixture.
        """
        names = ("weights", "means", "covariances")
        if not isinstance(values, Mapping) or set(values) != set(names):
            raise InputError("A mixture is a JSON object with weights, means and covariances, and nothing else.")
        weights, means, covariances = (_numbers(name, values[name]) for name in names)
        k, d = means.shape if means.ndim == 2 else (0, 0)
        if k * d == 0 or weights.shape != (k,) or covariances.shape != (k, d, d):
            raise InputError(
                "The sizes in this mixture do not fit together: with K components in D dimensions it needs K weights, "
                "K means of D numbers and K covariances of D rows of D numbers."
            )
        if weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
            raise InputError("The weights of a mixture must be 0 or more and add up to 1: divide them by their sum.")
        if not positive_definite(covariances):
            raise InputError(
                "A covariance of this mixture is not symmetric and positive definite: "
                "take each as the covariance matrix of some points that fill their space."
            )
        return cls(weights, means, covariances)


def log_sum_exp(joint: Array) -> Array:
    """Log of the sum of exponentials along each row, safe where every exponential underflows: (N, K) to (N,)."""
    top = joint.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))


def _numbers(name: str, values: Any) -> Array:
    refusal = InputError(
        f"The {name} of a mixture must be lists of finite numbers, each list as long as its neighbours."
    )
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise refusal from None
    # Texts and ragged lists arrive as other kinds of array; float() would quietly read some of them.
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise refusal
    return array.astype(np.float64)


def positive_definite(covariances: Array) -> bool:
    """Whether these matrices, shape (K, D, D), are covariances that a density can be computed with."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    # Beyond these bounds the inverse or a squared distance is no longer a finite number.
    if variances.min() < 1e-200 or np.abs(covariances).max() > 1e200:
        return False
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return False
    # Fitted far from the origin, a covariance is symmetric only up to rounding of squares much larger than itself.
    scale = np.sqrt(variances[:, :, None] * variances[:, None, :])
    return bool((np.abs(covariances - covariances.transpose(0, 2, 1)) <= 1e-3 * scale).all())
