"""Decoders as lists of plain operations with arrays, which any language can evaluate: a browser's, too."""

from genlib.export.files import read_decoder, write_decoder
from genlib.export.operations import Decoder, Operation, evaluate
from genlib.export.translation import operations

__all__ = ["Decoder", "Operation", "evaluate", "operations", "read_decoder", "write_decoder"]
