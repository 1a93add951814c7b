"""A page that is mounted is as careful as one that is launched, and fetches no files from elsewhere.

What breaks: Gradio checks that an input was uploaded, and is no other file of the machine, only for pages that ``launch()``
serves; a mounted page takes any path that a request names. And a request may name a URL, which the server then downloads,
however large it is.
In which versions: gradio 6.31. It can go once ``mount_gradio_app`` checks the same as ``launch()`` and URLs can be refused.
"""

import gradio
from gradio import processing_utils


async def _refuse_url(url: str, *args: object, **options: object) -> str:
    raise gradio.Error('files are uploaded here, not fetched from elsewhere', duration=None, print_exception=False)


def apply(page: gradio.Blocks) -> None:
    """Prepare a page that is about to be mounted."""
    page.has_launched = page.is_running = True
    processing_utils.async_ssrf_protected_download = _refuse_url
