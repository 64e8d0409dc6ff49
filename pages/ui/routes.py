"""What elements in the browser ask the server for themselves, without a run of the page: news and frames of runs.

A run's name is all that is needed to watch it, as with the address of its page; nothing here changes anything.
"""

from __future__ import annotations

import struct

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from genlib.film import MOST_FRAMES, Film
from genlib.knobs import InputError
from pages.ui.news import news
from pages.ui.words import open_run

__all__ = ["CONSTANTS", "ROUTES"]

CONSTANTS = 0xFFFFFFFF  # stands for a step
_FRESH = {"Cache-Control": "no-store"}


def tell(request: Request) -> Response:
    """Where a run stands, as JSON; that it is gone is news like any other."""
    try:
        return JSONResponse(news(open_run(request.path_params["name"])[0]), headers=_FRESH)
    except InputError as error:
        return JSONResponse({"error": str(error)}, headers=_FRESH)


def frames(request: Request) -> Response:
    """Frames of a run by their steps: each as step and length, four bytes each, and the file.

    Those that were thinned away meanwhile are left out. The constants that belong to all count as a step.
    """
    try:
        film = Film(open_run(request.path_params["name"])[0].path / "frames")
    except InputError as error:
        return JSONResponse({"error": str(error)}, status_code=404, headers=_FRESH)
    parts = []
    for name in request.query_params.get("steps", "").split(",")[: MOST_FRAMES + 1]:
        if name.isascii() and name.isdecimal() and int(name[:10]) <= CONSTANTS:
            step = int(name[:10])
            if content := film.file(None if step == CONSTANTS else step):
                parts.append(struct.pack("<II", step, len(content)) + content)
    return Response(b"".join(parts), media_type="application/octet-stream", headers=_FRESH)


ROUTES = [Route("/genlib/runs/{name}/news", tell), Route("/genlib/runs/{name}/frames", frames)]
