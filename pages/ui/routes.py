"""What elements in the browser ask the server for themselves, without a run of the page: news and frames of runs.

A run's name is all that is needed to watch it, as with the address of its page; nothing here changes anything.
"""

from __future__ import annotations

import struct

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from genlib.film import MOST_FRAMES, Film
from genlib.knobs import InputError
from pages.ui.news import news
from pages.ui.opened import opened

__all__ = ["CONSTANTS", "ROUTES"]

CONSTANTS = 0xFFFFFFFF  # stands for a step
_FRESH = {"Cache-Control": "no-store"}
_AS_IS = {"Content-Encoding": "identity"}


def tell(request: Request) -> Response:
    """Where a run stands, as JSON; that it is gone is news like any other."""
    try:
        return JSONResponse(news(opened(request.path_params["name"])), headers=_FRESH)
    except InputError as error:
        return JSONResponse({"error": str(error)}, headers=_FRESH)


def frames(request: Request) -> Response:
    """Frames of a run by their steps: each as step and length, four bytes each, and the file.

    Those that were thinned away meanwhile are left out. The constants that belong to all count as a step.
    """
    try:
        film = Film(opened(request.path_params["name"]).run.path / "frames")
    except InputError:
        return Response(status_code=204, headers=_FRESH)  # it is gone, of which the news tell
    parts = []
    for name in dict.fromkeys(request.query_params.get("steps", "").split(",")[: MOST_FRAMES + 1]):
        if name.isascii() and name.isdecimal() and int(name[:10]) <= CONSTANTS:
            step = int(name[:10])
            if content := film.file(None if step == CONSTANTS else step):
                parts.append(struct.pack("<II", step, len(content)) + content)
    # Packed they would be 60 % of the size, and take the server longer than most networks take for the rest.
    return Response(b"".join(parts), media_type="application/octet-stream", headers=_FRESH | _AS_IS)


def shorten(request: Request) -> Response:
    """From an address below a page, where nothing is, to the page: Streamlit would show a blank one."""
    if request.path_params["rest"].startswith("_stcore"):
        return Response(status_code=404)  # asked there first, then at the root
    return RedirectResponse("/" + request.url.path.split("/")[1])


ROUTES = [
    Route("/genlib/runs/{name}/news", tell),
    Route("/genlib/runs/{name}/frames", frames),
    *(Route(f"/{page}/{{rest:path}}", shorten) for page in ("mixture", "train", "labels", "runs", "compare")),
]
