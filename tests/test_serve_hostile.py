"""The web page over real HTTP: who may ask it, what it reads, how long it works, what it leaves behind."""

import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
import torch

gradio_client = pytest.importorskip('gradio_client', reason="the web page needs the extra 'web'")
pytest.importorskip('gradio', reason="the web page needs the extra 'web'")

from mmsight.errors import InputError  # noqa: E402  (Gradio may be missing)
from mmsight.serve import open_page  # noqa: E402
from mmsight.web_worker import Worker, _lacks_memory, bounded_memory  # noqa: E402
from tests.hostile.rasters import DOCUMENTS, SECRET, write  # noqa: E402

MB = 2**20
http = functools.partial(httpx.request, timeout=600)  # a busy machine takes its time


@pytest.fixture(scope='module')
def page():
    """A page; its address."""
    with open_page({}, 'cpu', allow_hosts=['ships.example'], max_mb=5, max_total_mb=20) as url:
        yield url


@pytest.fixture
def match(page, tmp_path):
    """Match a file with itself through the page; returns the text it shows, or raises ``AppError``."""
    client = gradio_client.Client(page, verbose=False, download_files=str(tmp_path / 'down'))

    def call(path):
        given = gradio_client.handle_file(str(path))
        return client.predict(given, given, 'SIFT', 100, api_name='/match')[0]

    return call


@pytest.mark.parametrize('host, status', [
    (None, 200), ('localhost:1', 200), ('[::1]:80', 200), ('SHIPS.example', 200), ('attacker.example', 403),
    ('127.0.0.1.attacker.example', 403), ('localhost@attacker.example', 403), ('', 403), ('[', 400)])
def test_only_its_own_names_are_served(page, host, status):
    assert http('GET', page, headers={} if host is None else {'Host': host}).status_code == status


@pytest.mark.parametrize('method', ['GET', 'POST', 'OPTIONS'])
@pytest.mark.parametrize('origin', ['http://attacker.example', 'null', 'http://localhost:3000', 'https://127.0.0.1'])
def test_other_pages_are_refused_and_get_no_cors_headers(page, origin, method):
    found = http(method, f'{page}gradio_api/upload', headers={
        'Origin': origin, 'Access-Control-Request-Method': 'POST'})
    assert found.status_code == 403 and not any(name.startswith('access-control') for name in found.headers)
    assert http('GET', page, headers={'Origin': page.rstrip('/')}).status_code == 200


@pytest.mark.parametrize('kind', ['VRT', 'VRT of raw bytes', 'VRT over curl', 'WMS', 'WMTS', 'URL'])
def test_a_document_named_tif_reads_no_file_and_asks_no_server(kind, match, server, tmp_path):
    secret, hostile = write(tmp_path / 'secret.tif', SECRET), tmp_path / 'hostile.tif'
    hostile.write_text(DOCUMENTS[kind](server, secret))
    with pytest.raises(gradio_client.exceptions.AppError, match=r'^hostile.tif: the file is damaged, or not a GeoTIFF'):
        match(hostile)


def test_inputs_are_uploads_and_neither_files_of_the_server_nor_urls(page, server, tmp_path):
    image = tmp_path / 'image.png'
    cv2.imwrite(str(image), np.zeros((30, 40), np.uint8))
    uploaded, = http('POST', f'{page}gradio_api/upload', files=dict(files=('image.png', image.read_bytes()))).json()

    def match(first):
        """Events of the page; the official client would upload what it can read."""
        data = [*(dict(path=str(path), meta=dict(_type='gradio.FileData')) for path in (first, uploaded)), 'SIFT', 100]
        event = http('POST', f'{page}gradio_api/call/match', json=dict(data=data)).json()['event_id']
        return http('GET', f'{page}gradio_api/call/match/{event}').text

    assert 'event: complete' in match(uploaded)
    for path in (image, f'{server}/image.png', f'http://localhost/{os.getpid()}.png'):
        answer = match(path)
        assert 'event: error' in answer and 'event: complete' not in answer


def test_pixels_are_counted_by_the_decoder_that_reads_them(match, tmp_path):
    """A Radiance HDR of 67 million pixels in 4 MB: OpenCV would decode it, and Pillow cannot count it."""
    path, side = tmp_path / 'image.png', 8192
    runs, rest = divmod(side, 127)
    channel = b'\xff\x40' * runs + bytes([128 + rest, 0x40])
    row = b'\2\2' + side.to_bytes(2, 'big') + 4 * channel
    path.write_bytes(f'#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {side} +X {side}\n'.encode() + row * side)
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape == (side, side, 3)
    with pytest.raises(gradio_client.exceptions.AppError, match=r'^image.png: the file is damaged, or not an image'):
        match(path)


def test_the_sum_of_uploads_is_bounded(page):
    folder, sizes = Path(os.environ['GRADIO_TEMP_DIR']), []

    def upload(content):
        return http('POST', f'{page}gradio_api/upload', files=dict(files=('a.png', content))).status_code

    try:
        for _ in range(9):
            sizes.append(upload(os.urandom(4 * MB)))
        there = sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())
        assert sizes[0] == 200 and sizes[-1] == 413 and 12 * MB < there <= 20 * MB
        assert upload(b'short') == 200  # there is room for this one
    finally:
        for path in folder.rglob('a.png'):
            path.unlink()
    assert upload(os.urandom(6 * MB)) == 413  # the limit of one file


def test_bodies_are_bounded_before_they_are_read(page):
    join = f'{page}gradio_api/queue/join'
    assert http('POST', join, content=bytes(2 * MB)).status_code == 413
    assert http('POST', join, content=iter([b'{}'])).status_code == 411  # chunked: of unknown length


@pytest.mark.slow
def test_time_is_bounded(tmp_path):
    image = str(tmp_path / 'image.png')
    cv2.imwrite(image, np.zeros((30, 40), np.uint8))
    os.mkfifo(tmp_path / 'pipe.png')  # whoever reads it waits for ever
    worker = Worker('cpu', max_pixels=10**6, max_seconds=600, trust=False)

    def match(path):
        with tempfile.TemporaryDirectory(dir=tmp_path) as out:
            return worker.predict('match', 'SIFT', [path, image], out, {}).text

    try:
        assert 'shows nothing' in match(image)
        with pytest.raises(InputError, match='pipe.png: the file cannot be read: it is a pipe'):
            match(str(tmp_path / 'pipe.png'))
        worker.max_seconds = 2
        os.kill(worker._process.pid, signal.SIGSTOP)  # it never answers
        with pytest.raises(InputError, match='the prediction took longer than 2 s'):
            match(image)
        worker.max_seconds = 600
        assert 'shows nothing' in match(image)  # the next one has a new process
    finally:
        worker.close()


def test_memory_of_a_prediction_is_bounded():
    with pytest.raises(MemoryError), bounded_memory(0.5):
        np.ones(2**27)  # 1 GB
    with pytest.raises(RuntimeError, match='allocate memory') as caught, bounded_memory(0.5):
        torch.ones(2**28)
    assert _lacks_memory(caught.value) and np.ones(2**27).any()
    with bounded_memory(2):
        assert np.ones(2**27).any()


def files_below(folder):
    return sorted(str(path) for path in folder.rglob('*') if path.is_file())


def is_running(number):
    """Whether a process is there and has not ended; who is to collect it does not matter."""
    try:
        return Path(f'/proc/{number}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


@pytest.mark.slow
def test_sigterm_leaves_neither_files_nor_processes(root, tmp_path):
    """As systemd and docker stop it, after an upload and a prediction."""
    temporary, image = tmp_path / 'tmp', tmp_path / 'image.png'
    temporary.mkdir()
    cv2.imwrite(str(image), np.zeros((30, 40), np.uint8))
    environment = {**os.environ, 'PYTHONPATH': str(root), 'TMPDIR': str(temporary)}
    environment.pop('GRADIO_TEMP_DIR', None)
    before = files_below(temporary)
    with subprocess.Popen([sys.executable, '-m', 'mmsight.cli', 'serve', '--port', '0'], cwd=tmp_path, env=environment,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            url = next(line.split()[3] for line in process.stdout if line.startswith('MMSight listens on'))
            client = gradio_client.Client(url, verbose=False, download_files=str(tmp_path / 'down'))
            given = gradio_client.handle_file(str(image))
            assert 'shows nothing' in client.predict(given, given, 'SIFT', 100, api_name='/match')[0]
            client.close()
            children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
            children += [child for task in Path(f'/proc/{process.pid}/task').iterdir()
                         for child in (task / 'children').read_text().split()]
            assert files_below(temporary) != before and children
            process.send_signal(signal.SIGTERM)
            assert process.wait(600) == 0
        finally:
            process.kill()
    assert files_below(temporary) == before
    deadline = time.monotonic() + 600
    while any(map(is_running, children)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
