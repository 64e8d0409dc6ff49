"""IDX files, as MNIST has them.

A header of big-endian numbers, then the values, one byte each: two zero bytes, the type (8: unsigned byte), the number
of dimensions, and the size of each dimension in four bytes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError

__all__ = ["parse_idx"]

_Bytes = NDArray[np.uint8]


def parse_idx(name: str, content: bytes, dimensions: int) -> _Bytes:
    """The array in the bytes of an IDX file, without a copy.

    Arguments:
        name: What to call it in front of people.
        content: The bytes, uncompressed.
        dimensions: 3 for images, 1 for labels.

    Raises:
        InputError: If they are no such file, or not as many as it declares.
    """
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, 8, dimensions]):
        kind = "images" if dimensions == 3 else "labels"
        raise InputError(f"The file {name} is no IDX file of {kind}: it must begin with 00 00 08 {dimensions:02d}.")
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    # Python's integers do not overflow, and nothing is allocated by what a header declares.
    if math.prod(shape) != len(content) - start:
        raise InputError(
            f"The file {name} declares {' x '.join(map(str, shape))} bytes but holds {len(content) - start}: "
            "copy it again from its source."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
