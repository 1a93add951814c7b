"""What stands before the web page: requests for other hosts, from other pages, or with too much in them go no further."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = ('localhost', '127.0.0.1', '::1')
MOST = 2**20
"""Bytes of a request that uploads nothing."""


class Guard:
    """An ASGI app around another one.

    A page of another site can have a browser send requests here: under the name of that site, which its owner has pointed at
    this machine (DNS rebinding), or under this one's with the site as their ``Origin``. Both are refused.

    Args:
        app (ASGIApp): What is guarded.
        hosts (Sequence[str]): Names and addresses, without ports, under which it may be reached.
        folder (Path): Where uploads and results are kept.
        most (int): Bytes that may lie there.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], folder: Path, most: int) -> None:
        self.app, self.folder, self.most = app, folder, most
        self.hosts = {host.lower().strip('[]') for host in hosts}
        self.coming = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'lifespan':
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._foreign(headers) or self._too_large(scope, headers)
        if refusal is not None:
            if scope['type'] == 'websocket':
                await send({'type': 'websocket.close', 'code': 1008, 'reason': refusal[1]})
            else:
                await PlainTextResponse(refusal[1], refusal[0])(scope, receive, send)
            return
        length = int(headers.get('content-length', 0))
        self.coming += length
        try:
            await self.app(scope, receive, send)
        finally:
            self.coming -= length

    def _foreign(self, headers: Headers) -> tuple[int, str] | None:
        """Status and reason if a request is not from this very page."""
        host, origin = headers.get('host', ''), headers.get('origin')
        try:
            name = (urlsplit(f'//{host}').hostname or '').lower()
            same = origin is None or urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:
            return 400, 'the Host or Origin header is malformed'
        if name not in self.hosts:
            return 403, f"this page is not served as '{name}': allow it with `mmsight serve --allow-host {name}`"
        return None if same else (403, f'requests from {origin} are refused: use the page itself')

    def _too_large(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Status and reason if there is no room for what a request brings."""
        if scope['type'] == 'websocket' or scope['method'] in ('GET', 'HEAD', 'OPTIONS'):
            return None
        length = headers.get('content-length', '')
        if not length.isdecimal():
            return 411, 'the request does not say how long it is'
        if not scope['path'].endswith('/upload'):
            return (413, f'the request is longer than {MOST} bytes') if int(length) > MOST else None
        there = sum(path.stat().st_size for path in self.folder.rglob('*') if path.is_file())
        if there + self.coming + int(length) > self.most:
            return 413, (f'uploads and results may fill {self.most / 2**20:.0f} MB together, and there is no room for this: '
                         'they are deleted after an hour')
        return None
