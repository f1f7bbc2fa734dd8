"""The server's own routes: known assets, map tiles, pictures and layer data of the assessments in the store."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coverage.assessment import Assessment
from maps import assets, background, hover, lacking, landmarks, language, layers, masts, ranking
from maps.contrast.layers import changes
from maps.payload import Payload, picture
from maps.store import STORE
from maps.tiles import mobile, shade
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
    "water": layers.water,
}
_AT: Final = "/{z:int}/{x:int}/{y:int}/{px:int}/{py:int}/{spoken}.json"
# Layers with words in them: their addresses name the language.
_WORDED: Final[dict[str, Callable[[Assessment], layers.Collection]]] = {
    "areas": layers.areas,
    "ranked": ranking.areas,
    "served": masts.areas,
    "masts": masts.signs,
    "fundedmasts": masts.funded_signs,
    "hubs": landmarks.hubs,
    "lackingland": lacking.land,
    "lackingroads": lacking.roads,
    landmarks.CORRECTED: landmarks.corrected,
}


def routes() -> list[Route]:
    """Return the routes that stand beside Streamlit's own."""
    return [
        Route("/assets/{name:path}", _asset),
        Route("/tiles/{key}/{theme}/{filter}/{z:int}/{x:int}/{y:int}.png", _in_thread(_tile)),
        Route("/overlay/{key}/{layer}.png", _in_thread(_overlay)),
        Route("/data/{key}/{layer}.json", _in_thread(_data)),
        Route("/data/{key}/{language}/{layer}.json", _in_thread(_data)),
        Route("/drawn/{key}/{layer}/{form}/{z:int}/{x:int}/{y:int}.png", _in_thread(_drawn)),
        Route("/drawn/{key}/{language}/{layer}/{form}/{z:int}/{x:int}/{y:int}.png", _in_thread(_drawn)),
        # What is said at a pixel of a tile: its address, then the pixel and the reader's language.
        Route("/tiles/{key}/{theme}/{filter}" + _AT, _in_thread(_said_of_places)),
        Route("/drawn/{key}/{language}/{layer}/{form}" + _AT, _in_thread(_said_of_shapes)),
    ]


def _in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Draw outside the event loop, so that a slow picture never holds up a click."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _missing() -> Response:
    return Response("not found", 404, media_type="text/plain", headers=_ASK)


async def _asset(request: Request) -> Response:
    """Answer with an asset, by its name or with the version before it, which a browser may keep."""
    name = request.path_params["name"]
    kept = name.startswith(f"{assets.version()}/")
    name = name.partition("/")[2] if kept else name
    asset = assets.known().get(name)
    if asset is None:
        return _missing()
    headers = _KEEP if kept else _ASK
    if asset.media_type.startswith("image/"):
        return Response(asset.data(), media_type=asset.media_type, headers=headers)
    return _packed(request, assets.packed(name), asset.media_type, headers)


def _tile(request: Request) -> Response:
    params = request.path_params
    entry = STORE.get(params["key"])
    tiles = None if entry is None else tiles_of(entry, params["theme"], params["filter"])
    if tiles is None:
        return _missing()
    return Response(tiles.png(*_position(request)) or _CLEAR_TILE, media_type="image/png", headers=_KEEP)


def _overlay(request: Request) -> Response:
    entry = STORE.get(request.path_params["key"])
    if entry is None:
        return _missing()
    if request.path_params["layer"] == background.HILLSHADE and entry.assessment.terrain:
        relief = entry.derive("overlay/relief", _relief)
        return Response(relief, media_type="image/png", headers=_KEEP)
    found = {choice.id: choice for choice in mobile.choices(entry.assessment.mobile, policy=entry.assessment.policy)}
    choice = found.get(request.path_params["layer"])
    if choice is None:
        return _missing()

    def draw(given: Assessment) -> bytes:
        bounds = mobile.mercator_bounds(given.municipalities)
        shown = partial(mobile.png, choice.layers, policy=given.policy, bounds=bounds)
        return picture(lambda side: shown(most=side), most=mobile.MAX_SIDE)

    return Response(entry.derive(f"overlay/{choice.id}", draw), media_type="image/png", headers=_KEEP)


def _relief(given: Assessment) -> bytes:
    return picture(lambda side: shade.png(given.terrain, land=given.municipalities, most=side), most=shade.MAX_SIDE)


def _data(request: Request) -> Response:
    found = _layer(request)
    if found is None:
        return _missing()
    return _packed(request, found.packed, "application/json", _KEEP)


def _drawn(request: Request) -> Response:
    found = _layer(request)
    tiles = None if found is None else found.tiles.get(request.path_params["form"])
    if tiles is None:
        return _missing()
    return Response(tiles.png(*_position(request)) or _CLEAR_TILE, media_type="image/png", headers=_KEEP)


def _layer(request: Request) -> Payload | None:
    """Return a layer of shapes as it is handed over, made at the first call; None where nobody knows it.

    Of a comparison of policies there is one alone: what changes.
    """
    params = request.path_params
    entry, spoken, layer = STORE.get(params["key"]), params.get("language"), params["layer"]
    if entry is None or spoken not in (None, *language.LANGUAGES):
        return None
    compared = entry.contrast
    draw: Callable[[Assessment], layers.Collection] | None
    if spoken is None:
        draw = _DATA.get(layer)
    elif compared is None:
        draw = _WORDED.get(layer)
    else:
        draw = (lambda given: changes(given, compared)) if layer == "changes" else None
    if draw is None:
        return None
    with language.using(spoken or language.DEFAULT):
        return entry.derive(f"data/{spoken}/{layer}", lambda given: Payload.of(draw(given), layer=layer))


def _said_of_places(request: Request) -> Response:
    params = request.path_params
    entry = STORE.get(params["key"])
    return _said(
        request,
        lambda **at: None if entry is None else hover.of_places(entry, params["theme"], params["filter"], **at),
    )


def _said_of_shapes(request: Request) -> Response:
    found, form = _layer(request), request.path_params["form"]
    return _said(request, lambda **at: None if found is None else hover.of_shapes(found, form, **at))


def _said(request: Request, say: Callable[..., list[str] | None]) -> Response:
    """Answer what is said under the pointer, as a list of lines."""
    spoken = request.path_params["spoken"]
    if spoken not in language.LANGUAGES:
        return _missing()
    with language.using(spoken):
        lines = say(**{name: request.path_params[name] for name in ("z", "x", "y", "px", "py")})
    if lines is None:
        return _missing()
    return Response(layers.compact(lines), media_type="application/json", headers=_KEEP)


def _position(request: Request) -> tuple[int, int, int]:
    z, x, y = (request.path_params[name] for name in ("z", "x", "y"))
    return z, x, y


def _packed(request: Request, packed: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Answer with what is packed with gzip already, unpacked for a client that does not take it."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(packed, media_type=media_type, headers=headers)
    return Response(gzip.decompress(packed), media_type=media_type, headers=headers)
