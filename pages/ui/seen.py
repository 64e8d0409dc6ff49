"""What is seen on each page, in the field's words: how to read its figures, and what to find in them."""

from __future__ import annotations

__all__ = ["MIXTURE"]

MIXTURE = """
- **Points** take the colours of the components that probably made them: the share of each is its *responsibility*.
- **Ellipses** are the components: one and two standard deviations, σ. The bar below them is their *weights*, the share
  of all points that each claims.
- **The curve** is the mean *log-likelihood*: how probable the points are under the mixture, in nats (1 nat = 1.44
  bits). EM never lets it fall, and stops where it no longer rises: at a top, which need not be the highest.
- **Your prediction.** Components share what is near them, and none jumps over another. So where they start decides
  where they end: look at *Several starts*. And more components always raise the curve: look at *How many components?*
"""
