"""Ask routes a question without a server: one ASGI call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute


@dataclass(frozen=True)
class Answer:
    """Hold what came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(routes: list[BaseRoute], raw_path: str, *, accept_gzip: bool = False) -> Answer:
    """Return the answer to GET `raw_path`, sent as it stands."""
    got: dict[str, object] = {"body": b""}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            got["status"], got["headers"] = message["status"], message["headers"]
        else:
            got["body"] += message.get("body", b"")  # type: ignore[operator]

    headers = [(b"accept-encoding", b"gzip")] if accept_gzip else []
    scope = {"type": "http", "method": "GET", "path": raw_path, "raw_path": raw_path.encode(), "headers": headers,
             "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
             "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    asyncio.run(Starlette(routes=routes)(scope, receive, send))
    named = {key.decode(): value.decode() for key, value in got["headers"]}  # type: ignore[union-attr]
    return Answer(int(got["status"]), named, bytes(got["body"]))  # type: ignore[call-overload, arg-type]
