"""Pages of results, which the web page shows inside itself: each has an address that nobody guesses, for a while."""

import secrets
import shutil
import time
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response

KEPT = 3600
"""Seconds for which a page can be asked for."""
_HEADERS = {
    'Content-Security-Policy': "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                               "script-src 'unsafe-inline'",
    'Cache-Control': 'private, no-store', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer'}
"""The scripts of a page reach nothing outside it, even where it is opened in a window of its own."""


class ResultPages:
    """Keeps pages in a folder and serves them.

    The page of a large scene has tens of megabytes. A browser reads them as it draws, where Gradio would send them as one value
    of a component.

    Args:
        folder (Path): Takes the pages; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, page: Path) -> str:
        """Keep a copy of a page, and drop those whose time is up.

        Args:
            page (Path): An HTML file that needs no other.

        Returns:
            str: Its address, relative to that of the web page.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            if old.stat().st_mtime < time.time() - KEPT:
                old.unlink()
        name = secrets.token_urlsafe(16)
        shutil.copyfile(page, self.folder / name)
        return f'results/{name}'

    def add_to(self, app: FastAPI) -> None:
        """Serve the pages below ``/results``."""
        app.get('/results/{name}', include_in_schema=False)(self._answer)

    def _answer(self, name: str) -> Response:
        if self.folder.is_dir() and name in {page.name for page in self.folder.iterdir()}:
            return FileResponse(self.folder / name, media_type='text/html; charset=utf-8', headers=_HEADERS)
        return PlainTextResponse('this result is no longer kept: run it again', 404)
