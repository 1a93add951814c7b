"""A page that is mounted is as careful as one that is launched, fetches no files from elsewhere, and keeps quiet about files
of wrong types.

What breaks: Gradio checks that an input was uploaded, and is no other file of the machine, only for pages that ``launch()``
serves; a mounted page takes any path that a request names. And a request may name a URL, which the server then downloads,
however large it is. A file whose type is not wanted is refused on the page, and by a trace on the console.
In which versions: gradio 6.31. It can go once ``mount_gradio_app`` checks the same as ``launch()``, URLs can be refused, and
the refusal of a file has no trace.
"""

from collections.abc import Callable
from typing import Any

import gradio
from gradio import processing_utils


async def _refuse_url(url: str, *args: object, **options: object) -> str:
    raise gradio.Error('files are uploaded here, not fetched from elsewhere', duration=None, print_exception=False)


def _without_trace(preprocess: Callable[..., Any]) -> Callable[..., Any]:
    """The same, whose refusals are sentences on the page alone."""

    def refuse(*args: Any) -> Any:
        try:
            return preprocess(*args)
        except gradio.Error as error:
            error.print_exception = False
            raise

    return refuse


def apply(page: gradio.Blocks) -> None:
    """Prepare a page that is about to be mounted."""
    page.has_launched = page.is_running = True
    for block in page.blocks.values():
        if isinstance(block, gradio.File):
            # a subclass would make Gradio write a stub beside its module
            block.preprocess = _without_trace(block.preprocess)  # type: ignore[method-assign]
    processing_utils.async_ssrf_protected_download = _refuse_url
