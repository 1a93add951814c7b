"""Hostile files of every kind, each read in a process of its own, and what that did.

``python -m tests.hostile.corpus --json docs/benchmarks/hostile/corpus.json`` tries all of them and writes the record.
"""

import argparse
import functools
import gc
import json
import os
import pickle
import resource
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmsight.projects.eas_unet.ct import read_volume
from mmsight.projects.larsd import DOTAShipDataset
from mmsight.projects.sar_shipnet import SARShipDataset, SSDDDataset

from mmsight.annotations import read_coco, read_ids
from mmsight.apis.scene import Scene
from mmsight.engine.environment import environment
from mmsight.engine.safe_load import load_weights, parse_config
from mmsight.engine.weights import load_from_safetensors
from mmsight.errors import InputError
from mmsight.json_files import write_json
from mmsight.memory import set_budget
from mmsight.pictures import read_picture
from tests.fuzz import _read_boxes, _read_land, _scene
from tests.hostile import images, texts, volumes, weights
from tests.hostile.rasters import DOCUMENTS

SECRET = b'the content of another file'
BUDGET_GB, MORE_GB, SECONDS = 0.25, 1.0, 10.0
"""What an input may take; how much more the process may, and how long."""


class Hostile(NamedTuple):
    """A file: its kind, what is wrong with it, how it is made from a folder, and what reads it."""

    kind: str
    fault: str
    make: Callable[[Path], Path]
    read: Callable[[Path], Any]


class Outcome(NamedTuple):
    """What reading a file did."""

    kind: str
    fault: str
    outcome: str
    seconds: float
    gigabytes: float
    faults: list[str]


def read_scene(path: Path) -> np.ndarray:
    """The first tile of a scene."""
    scene = Scene(path, grey=False)
    scene.thumbnail(50)
    found = scene.read(0, 0, min(scene.width, 64), min(scene.height, 64))
    scene.close()
    return found


def corpus(url: str, secret: Path, marker: Path) -> Iterator[Hostile]:
    """All files: ``url`` must not be asked, ``secret`` must not be read, and ``marker`` must not be made."""

    def files(kind: str, suffix: str, found: Iterator[tuple[str, bytes]], *readers: Callable) -> Iterator[Hostile]:
        for fault, content in found:
            for reader in readers:
                yield Hostile(kind, fault, functools.partial(_written, content, suffix), reader)

    documents = [(name, made(url, secret).encode()) for name, made in DOCUMENTS.items()]
    for suffix in ('.tif', '.png', '.jp2'):
        yield from files('documents that read other files', suffix, iter(documents), read_scene, read_picture)
    yield from files('documents that read other files', '.tif', iter(documents), _read_land)
    yield from files('TIFF', '.tif', images.tiffs(), read_scene, read_picture)
    yield from files('PNG', '.png', images.pngs(), read_scene, read_picture)
    yield from files('JPEG', '.jpg', images.jpegs(), read_scene, read_picture)
    for suffix, fault, content in images.others():
        yield Hostile('other pictures', f'{suffix}: {fault}', functools.partial(_written, content, suffix),
                      read_scene if suffix == '.jp2' else read_picture)
    yield from files('NIfTI', '.nii', volumes.niftis(), read_volume)
    yield from files('NIfTI, packed', '.nii.gz', volumes.packed_niftis(), read_volume)
    yield from files('DICOM', '.dcm', volumes.dicoms(), read_volume)
    yield from files('COCO', '.json', texts.cocos(), read_coco)
    yield from files('GeoJSON', '.geojson', texts.lands(), _read_land)
    yield from files('XML', '.xml', texts.xmls(url, str(secret)), functools.partial(_read_boxes, SSDDDataset))
    yield from files('text', '.txt', texts.quadrilaterals(), functools.partial(_read_boxes, DOTAShipDataset))
    yield from files('text', '.txt', texts.boxes(), functools.partial(_read_boxes, SARShipDataset))
    yield from files('text', '.txt', texts.ids(), read_ids)
    yield from files('checkpoints', '.pth', weights.checkpoints(str(marker)), read_weights)
    yield from files('safetensors', '.safetensors', weights.safetensors(str(marker)),
                     lambda path: load_from_safetensors(str(path)))
    yield from files('configs in checkpoints', '.py', texts.configs(str(marker)), read_config)
    for reader, suffix in ((read_scene, '.tif'), (read_picture, '.png'), (read_volume, '.nii'), (read_volume, '.dcm'),
                           (read_coco, '.json'), (read_ids, '.txt'), (read_weights, '.pth'), (_read_land, '.geojson')):
        for fault, make in SPECIAL.items():
            yield Hostile('no regular files', f'{suffix}: {fault}', functools.partial(make, secret=secret, suffix=suffix),
                          reader)


def read_weights(path: Path) -> object:
    """As training and tests load them."""
    return load_weights(str(path))


def read_config(path: Path) -> object:
    """As a checkpoint's own config is read."""
    return parse_config(path.read_text(errors='surrogateescape'), 'a.pth')


def _written(content: bytes, suffix: str, folder: Path) -> Path:
    path = folder / f'a{suffix}'
    path.write_bytes(content)
    return path


def _pipe(folder: Path, secret: Path, suffix: str) -> Path:
    os.mkfifo(folder / f'a{suffix}')
    return folder / f'a{suffix}'


def _link(folder: Path, secret: Path, suffix: str, target: str) -> Path:
    path = folder / f'a{suffix}'
    path.symlink_to(target or secret)
    return path


def _folder(folder: Path, secret: Path, suffix: str) -> Path:
    (folder / f'a{suffix}').mkdir()
    return folder / f'a{suffix}'


def _socket(folder: Path, secret: Path, suffix: str) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / f'a{suffix}'))
    return folder / f'a{suffix}'


def _named(folder: Path, secret: Path, suffix: str, name: str) -> Path:
    path = folder / f'{name}{suffix}'
    path.write_bytes(SECRET[:3])
    return path


SPECIAL: dict[str, Callable[..., Path]] = {
    'a pipe': _pipe,
    'a socket': _socket,
    'a folder': _folder,
    'a link to itself': functools.partial(_link, target='a'),
    'a link to /dev/zero': functools.partial(_link, target='/dev/zero'),
    'a link to a terminal': functools.partial(_link, target='/dev/tty'),
    'a link to memory': functools.partial(_link, target='/proc/self/mem'),
    'a link to nothing': functools.partial(_link, target='/no'),
    'a name with a line end': functools.partial(_named, name='a\nb'),
    'a name of options': functools.partial(_named, name='--help'),
    'a name of another reader': functools.partial(_named, name='a.nii.gz'),
    'nothing in it': lambda folder, secret, suffix: _written(b'', suffix, folder)
}


def attempt(hostile: Hostile, secret: Path, marker: Path, asked: list) -> Outcome:
    """Read one file in a forked process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = hostile.make(folder)
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            _read_and_report(hostile, path, secret, send)
        os.close(send)
        timer = threading.Timer(6 * SECONDS, os.kill, (child, signal.SIGKILL))
        timer.start()
        with os.fdopen(receive) as file:
            answer = file.read()
        status, used = os.wait4(child, 0)[1:]
        timer.cancel()
        found = json.loads(answer) if answer else dict(outcome=f'ended by signal {status & 127}', base=0, faults=['traceback'])
        seconds = used.ru_utime + used.ru_stime
        gigabytes = max(used.ru_maxrss / 2**20 - found['base'], 0)
        faults = [
            *found['faults'], *(['executed'] if marker.exists() else []), *(['request'] if asked else []),
            *(['slow'] if seconds > SECONDS else []), *(['memory'] if gigabytes > BUDGET_GB + MORE_GB else []),
            *(['left behind'] if len(list(folder.iterdir())) > 1 + (hostile.kind in ('XML', 'text')) else [])
        ]
        marker.unlink(missing_ok=True)
        asked.clear()
        return Outcome(hostile.kind, hostile.fault, found['outcome'], round(seconds, 2), round(gigabytes, 2), faults)


def _read_and_report(hostile: Hostile, path: Path, secret: Path, send: int) -> None:
    """Never returns."""
    faults, quiet = [], os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    base = int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**30
    try:
        found = hostile.read(path)
        outcome = 'read'
        if SECRET in _bytes(found) or hostile.kind == 'documents that read other files' or 'as an entity' in hostile.fault:
            # what these name cannot always be told from what is returned: pixels are rearranged, land and boxes are judged
            faults.append('foreign')
    except InputError as error:
        outcome = 'refused'
        if SECRET.decode() in str(error):
            faults.append('foreign')
        if len(str(error).splitlines()) > 1 and '\n' not in path.name:
            faults.append('no sentence')
    except BaseException as error:
        outcome = repr(error)[:300]
        faults.append('traceback')
    with os.fdopen(send, 'w') as file:
        json.dump(dict(outcome=outcome, base=base, faults=faults), file)
    os._exit(0)


def _bytes(found: object) -> bytes:
    try:
        return pickle.dumps(found) + repr(found).encode()
    except Exception:
        return repr(found).encode()


def run(every: int = 1, kinds: list[str] | None = None) -> Iterator[Outcome]:
    """Try all files, or one of ``every`` so many; yields what each did. ``kinds`` takes the kind of each, tried or not."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    set_budget(BUDGET_GB)
    _scene()  # the scene below the land, before the first fork
    gc.collect()
    gc.freeze()  # or each child would walk, and so copy, all that was imported
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http, tempfile.TemporaryDirectory() as name:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        secret, marker = Path(name) / 'secret', Path(name) / 'executed'
        secret.write_bytes(SECRET * 10)
        for number, hostile in enumerate(corpus(f'http://127.0.0.1:{http.server_port}', secret, marker)):
            if kinds is not None:
                kinds.append(hostile.kind)
            if number % every == 0:
                yield attempt(hostile, secret, marker, asked)
        http.shutdown()


def summary(outcomes: list[Outcome]) -> list[dict]:
    """By kind: files, how many were refused and read, the faults, and the largest time and memory."""
    rows = []
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.kind == kind]
        rows.append(
            dict(kind=kind,
                 files=len(mine),
                 refused=sum(outcome.outcome == 'refused' for outcome in mine),
                 read=sum(outcome.outcome == 'read' for outcome in mine),
                 faults=dict(Counter(fault for outcome in mine for fault in outcome.faults)),
                 seconds=max(outcome.seconds for outcome in mine),
                 gigabytes=max(outcome.gigabytes for outcome in mine)))
    return rows


def main() -> None:
    """Try all, print what went wrong, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the record to FILE')
    args = parser.parse_args()
    start, outcomes = time.time(), []
    for outcome in run():
        outcomes.append(outcome)
        if outcome.faults:
            print(*outcome, flush=True)
    rows = summary(outcomes)
    for row in rows:
        print(row)
    faulty = sum(bool(outcome.faults) for outcome in outcomes)
    print(f'{len(outcomes)} files in {time.time() - start:.0f} s, {faulty} with a fault')
    if args.json:
        write_json(args.json, dict(**environment(), budget_gb=BUDGET_GB, kinds=rows))


if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
