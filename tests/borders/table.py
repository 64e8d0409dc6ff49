"""All borders."""

from tests.borders import asked, elements, files, folders, pages, routes

__all__ = ["BORDERS"]

BORDERS = [*asked.BORDERS, *files.BORDERS, *elements.BORDERS, *folders.BORDERS, *routes.BORDERS, *pages.BORDERS]
