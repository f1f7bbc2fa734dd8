"""The server's own routes: known assets, map tiles, pictures and layer data of the assessments in the store."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coverage.assessment import Assessment
from maps import assets, landmarks, language, layers, masts
from maps.contrast.layers import changes
from maps.store import STORE, Entry
from maps.tiles import mobile
from maps.tilesets import tiles_of

# An address with a digest never changes its content. Nothing is kept by proxies between server and reader.
_KEEP: Final = {"Cache-Control": "private, max-age=604800, immutable", "X-Content-Type-Options": "nosniff"}
_ASK: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_CLEAR_TILE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
_DATA: Final[dict[str, Callable[[Assessment], layers.Collection]]] = {
    "municipalities": layers.municipalities,
    "routes": layers.routes,
}
# Layers with words in them: their addresses name the language.
_WORDED: Final[dict[str, Callable[[Assessment], layers.Collection]]] = {
    "areas": layers.areas,
    "served": masts.areas,
    "masts": masts.signs,
    "fundedmasts": masts.funded_signs,
    "hubs": landmarks.hubs,
    landmarks.CORRECTED: landmarks.corrected,
}


def routes() -> list[Route]:
    """Return the routes that stand beside Streamlit's own."""
    return [
        Route("/assets/{name:path}", _asset),
        Route("/tiles/{key}/{theme}/{filter}/{z:int}/{x:int}/{y:int}.png", _in_thread(_tile)),
        Route("/overlay/{key}/{layer}.png", _in_thread(_overlay)),
        Route("/data/{key}/{layer}.json", _in_thread(_data)),
        Route("/data/{key}/{language}/{layer}.json", _in_thread(_worded)),
    ]


def _in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Draw outside the event loop, so that a slow picture never holds up a click."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _missing() -> Response:
    return Response("not found", 404, media_type="text/plain", headers=_ASK)


async def _asset(request: Request) -> Response:
    asset = assets.known().get(request.path_params["name"])
    if asset is None:
        return _missing()
    return _packed(request, asset.path.read_bytes(), asset.media_type, _ASK)


def _tile(request: Request) -> Response:
    params = request.path_params
    entry = STORE.get(params["key"])
    tiles = None if entry is None else tiles_of(entry, params["theme"], params["filter"])
    if tiles is None:
        return _missing()
    drawn = tiles.png(params["z"], params["x"], params["y"])
    return Response(drawn or _CLEAR_TILE, media_type="image/png", headers=_KEEP)


def _overlay(request: Request) -> Response:
    entry = STORE.get(request.path_params["key"])
    if entry is None:
        return _missing()
    found = {choice.id: choice for choice in mobile.choices(entry.assessment.mobile)}
    choice = found.get(request.path_params["layer"])
    if choice is None:
        return _missing()

    def draw(given: Assessment) -> bytes:
        bounds = mobile.mercator_bounds(given.municipalities)
        return mobile.png(choice.layers, policy=given.policy, bounds=bounds)

    return Response(entry.derive(f"overlay/{choice.id}", draw), media_type="image/png", headers=_KEEP)


def _data(request: Request) -> Response:
    entry, layer = STORE.get(request.path_params["key"]), request.path_params["layer"]
    if entry is None or layer not in _DATA:
        return _missing()
    body = entry.derive(f"data/{layer}", lambda given: layers.compact(_DATA[layer](given)).encode())
    return _packed(request, body, "application/json", _KEEP)


def _worded(request: Request) -> Response:
    entry, spoken, layer = (STORE.get(request.path_params["key"]), *map(request.path_params.get, ("language", "layer")))
    draw = None if entry is None else _worded_layer(entry, str(layer))
    if entry is None or draw is None or spoken not in language.LANGUAGES:
        return _missing()
    with language.using(spoken):
        body = entry.derive(f"data/{spoken}/{layer}", lambda given: layers.compact(draw(given)).encode())
    return _packed(request, body, "application/json", _KEEP)


def _worded_layer(entry: Entry, layer: str) -> Callable[[Assessment], layers.Collection] | None:
    """Return what draws a layer with words in it: of a comparison that is what changes, else one of _WORDED."""
    if (found := entry.contrast) is not None:
        return (lambda given: changes(given, found)) if layer == "changes" else None
    return _WORDED.get(layer)


def _packed(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Answer, packed with gzip where the browser takes it."""
    if (
        len(body) > 1000
        and not media_type.startswith("image/")
        and "gzip" in request.headers.get("accept-encoding", "")
    ):
        body = gzip.compress(body, compresslevel=6, mtime=0)
        headers = headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(body, media_type=media_type, headers=headers)
