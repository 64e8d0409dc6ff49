"""Decoders as lists of plain operations with arrays, which any language can evaluate: a browser's, too."""

from genlib.export.files import is_exported, read_decoder, write_decoder
from genlib.export.operations import Decoder, Operation, evaluate
from genlib.export.packing import pack_decoder, pack_model
from genlib.export.translation import operations

__all__ = [
    "Decoder",
    "Operation",
    "evaluate",
    "is_exported",
    "operations",
    "pack_decoder",
    "pack_model",
    "read_decoder",
    "write_decoder",
]
