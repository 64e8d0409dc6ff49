"""What elements in the browser ask the server for themselves, without a run of the page: news and frames of runs, and
decoders, atlases and images of models.

A run's name is all that is needed to watch it, as with the address of its page; nothing here changes anything, but a
run that is asked for is noted as used.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from genlib import archive
from genlib.film import MOST_FRAMES, Film
from genlib.knobs import InputError
from genlib.runs.clearing import touch
from pages.ui import models, watchers
from pages.ui.news import news
from pages.ui.opened import Opened, opened

__all__ = ["CONSTANTS", "ROUTES"]

CONSTANTS = 0xFFFFFFFF  # stands for a step
_FRESH = {"Cache-Control": "no-store"}
_SAME = {"Cache-Control": "no-cache"}  # kept by the browser, which asks whether it is still the same
_AS_IS = {"Content-Encoding": "identity"}


def tell(request: Request) -> Response:
    """Where a run stands, as JSON; that it is gone is news like any other."""
    try:
        shown = opened(request.path_params["name"])
        watchers.note(shown.run.id, request.headers.get("x-film", "")[:16])
        return JSONResponse(news(shown) | {"beat": watchers.beat()}, headers=_FRESH)
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


def numbers(request: Request) -> Response:
    """What is drawn of a run at a step, as :func:`genlib.archive.numbers` packs it."""
    try:
        run = opened(request.path_params["name"]).run
    except InputError as error:
        return JSONResponse({"error": str(error)}, 404, headers=_FRESH)
    asked = request.query_params.get("step", "")[:10]
    step = int(asked) if asked.isascii() and asked.isdecimal() else None
    name = {"Content-Disposition": f'attachment; filename="{run.id}.zip"'}
    return Response(archive.numbers(run, step), media_type="application/zip", headers=_FRESH | _AS_IS | name)


def decoder(request: Request) -> Response:
    """A model's decoder, as :func:`genlib.export.pack_decoder` gives it."""
    return _of_model(request, models.decoder)


def atlas(request: Request) -> Response:
    """A model's atlas, as :func:`genlib.latent.atlas_bytes` gives it."""
    return _of_model(request, models.atlas)


def decode(request: Request) -> Response:
    """Images of codes, 784 bytes each; for browsers that cannot evaluate the decoder."""
    asked = request.query_params
    return _of_model(request, lambda shown: models.images(shown, asked.get("z", ""), asked.get("label", "")))


def _told(request: Request, content: dict[str, Any]) -> Response:
    """What holds now, as JSON."""
    return JSONResponse(content, headers=_FRESH)


def _tagged(request: Request, content: bytes) -> Response:
    """Bytes that the browser keeps while they stay the same."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=_SAME | {"ETag": tag})
    return Response(content, media_type="application/octet-stream", headers=_SAME | _AS_IS | {"ETag": tag})


def _of_model(
    request: Request, make: Callable[[Opened], Any], answer: Callable[[Request, Any], Response] = _tagged
) -> Response:
    """What is made of a model, or one sentence as JSON: 404 if there is no such model, else 422."""
    status = 404
    try:
        shown = opened(request.path_params["name"])
        status = 422
        if not shown.recorded:
            touch(shown.run)
        content = make(shown)
    except InputError as error:
        return JSONResponse({"error": str(error)}, status, headers=_FRESH)
    return answer(request, content)


async def nearest(request: Request) -> Response:
    """The images a model learned from that are most like the one in the body, 784 bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > 784:
            break
    return await run_in_threadpool(_of_model, request, lambda shown: models.neighbours(shown, body), _told)


def tests(request: Request) -> Response:
    """The test images of a model's atlas, in its order: 784 bytes each."""
    return _of_model(request, models.tests)


def portraits(request: Request) -> Response:
    """The model of portraits and all that goes with it, as :func:`genlib.portraits.pack_gallery` gives it."""
    try:
        return _tagged(request, models.portraits())
    except InputError as error:
        return JSONResponse({"error": str(error)}, 404, headers=_FRESH)


def shorten(request: Request) -> Response:
    """From an address below a page, where nothing is, to the page: Streamlit would show a blank one."""
    if request.path_params["rest"].startswith("_stcore"):
        return Response(status_code=404)  # asked there first, then at the root
    return RedirectResponse("/" + request.scope["path"].split("/")[1])


ROUTES = [
    Route("/genlib/runs/{name}/news", tell),
    Route("/genlib/runs/{name}/frames", frames),
    Route("/genlib/runs/{name}/numbers", numbers),
    Route("/genlib/models/{name}/decoder", decoder),
    Route("/genlib/models/{name}/atlas", atlas),
    Route("/genlib/models/{name}/decode", decode),
    Route("/genlib/models/{name}/nearest", nearest, methods=["POST"]),
    Route("/genlib/models/{name}/tests", tests),
    Route("/genlib/portraits", portraits),
    *(
        Route(f"/{page}/{{rest:path}}", shorten)
        for page in ("mixture", "lab", "train", "latent", "labels", "runs", "compare")
    ),
]
