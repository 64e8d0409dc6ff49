"""All borders."""

from tests.borders import asked, elements, files, folders, routes

__all__ = ["BORDERS"]

BORDERS = [*asked.BORDERS, *files.BORDERS, *elements.BORDERS, *folders.BORDERS, *routes.BORDERS]
