"""Portraits: 400 photographs of 40 people, a model that draws and bends faces, and what can be learnt from it."""

from genlib.portraits.gallery import Gallery, load_gallery, pack_gallery
from genlib.portraits.mending import HOLES, METHODS, Mended, hole, mend
from genlib.portraits.photographs import LEARNT, PEOPLE, SHOTS, SIDE, load_photographs, photograph
from genlib.portraits.readings import READINGS, read
from genlib.portraits.steering import Directions
from genlib.portraits.way import way_file

__all__ = [
    "HOLES",
    "LEARNT",
    "METHODS",
    "PEOPLE",
    "READINGS",
    "SHOTS",
    "SIDE",
    "Directions",
    "Gallery",
    "Mended",
    "hole",
    "load_gallery",
    "load_photographs",
    "mend",
    "pack_gallery",
    "photograph",
    "read",
    "way_file",
]
