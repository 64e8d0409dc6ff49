"""Who started a run: of the key of a browser only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

__all__ = ["NOBODY", "key_hash", "owner_of", "owns"]

NOBODY = ""  # who started the runs of the command line


def key_hash(key: str) -> str:
    """What is kept of the key of an owner."""
    return hashlib.sha256(_bytes(key)).hexdigest()


def owner_of(asked: Mapping[str, Any]) -> str:
    """The hash in what a run was asked; ``NOBODY`` if there is none, or it was altered."""
    owner = asked.get("owner")
    return owner if isinstance(owner, str) else NOBODY


def owns(asked: Mapping[str, Any], key: str | None) -> bool:
    """Whether the holder of ``key`` asked for this run."""
    return bool(key) and hmac.compare_digest(_bytes(owner_of(asked)), _bytes(key_hash(key or "")))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
