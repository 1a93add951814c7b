"""No test reaches the network, a home cache or the user's data."""

import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

# one thread a test process: several run side by side, and small tensors gain nothing from more
os.environ.setdefault('OMP_NUM_THREADS', '1')

import mmengine.dataset.base_dataset
import torch
from mmengine.logging import MMLogger

import mmsight  # noqa: F401  (registers the import work-arounds before any host is imported)
from mmsight.engine.toy import ensure_toy_data

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get('MMSIGHT_DATA', ROOT.parent / 'shared' / 'data'))


# OpenVINO and ONNX Runtime leave threads in a process, and one that forked the workers of a loader after them died
NATIVE_RUNTIMES = {'test_runtime.py', 'test_efficientnet_lite.py', 'test_local_statistics.py', 'test_example_project.py'}


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, or one of them would be left for a single process at the end; native runtimes last."""
    slow = Counter(item.path for item in items if item.get_closest_marker('slow'))
    items.sort(key=lambda item: (item.path.name in NATIVE_RUNTIMES, -slow[item.path]))


# mmengine collects garbage for each dataset, which takes 0.2 s and more in a process of so many modules
mmengine.dataset.base_dataset.gc = SimpleNamespace(collect=lambda: None)


def pytest_collection_finish():
    """Workers of loaders, which are forks, would walk, and so copy, all that was imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope='session', autouse=True)
def _own_folder(tmp_path_factory):
    """Made before a web page is open, which deletes what is made in the folder of temporary files meanwhile."""
    tmp_path_factory.getbasetemp()


@pytest.fixture(autouse=True)
def _no_home_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path_factory.getbasetemp() / 'torch'))
    monkeypatch.setenv('MPLBACKEND', 'Agg')


@pytest.fixture(autouse=True)
def _no_logger_of_other_tests():
    """A run in this process leaves its logger behind, and its log's folder is removed with the test."""
    yield
    MMLogger._instance_dict.clear()


@pytest.fixture
def log_folder(tmp_path):
    """The folder of a run's log, where metrics leave their files."""
    MMLogger.get_instance('log_folder', log_file=str(tmp_path / 'run.log'))
    return tmp_path


@pytest.fixture
def by_cases(log_folder):
    """A metric computed again from the scores of cases that a metric left in ``log_folder``."""
    from mmsight.engine.per_case import load_cases
    from mmsight.engine.runs import statistic

    def value(metric):
        names, part = statistic(load_cases(log_folder / 'per_case.csv'), metric)
        return float(part(torch.ones(1, len(names)).numpy())[0])

    return value


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where there is none."""
    if not REAL_DATA.is_dir():
        pytest.skip(f'no real data in {REAL_DATA}')
    return REAL_DATA


@pytest.fixture(scope='session')
def fork_server():
    """See ``fork_server.py``; returns the process, one for each worker of the suite."""
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'MPLBACKEND': 'Agg'}
    with subprocess.Popen([sys.executable, ROOT / 'tests' / 'fork_server.py'], env=environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope='session')
def run(request, tmp_path_factory):
    """Run a Python script as a user does; returns the finished process with its output as text.

    Scripts and ``-m mmsight.cli`` start in a process that has imported torch, and no host; all else, such as ``-c``, in a fresh
    one. ``ranks`` processes run as ``torchrun`` would start them.
    """

    def warm(args, cwd, env, ranks):
        server, folder = request.getfixturevalue('fork_server'), tmp_path_factory.mktemp('output')
        files = dict(stdout=str(folder / 'stdout'), stderr=str(folder / 'stderr'))
        server.stdin.write(json.dumps(dict(args=args, cwd=str(cwd), env=env, ranks=ranks, **files)) + '\n')
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess(args, status, *(Path(file).read_text() for file in files.values()))

    def call(*args, cwd=ROOT, check=True, ranks=1, **env):
        args = [str(arg) for arg in args]
        environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **env}
        # CUDA cannot be used in a process whose parent has asked for it
        if (args[:2] == ['-m', 'mmsight.cli'] or args[0].endswith('.py')) and not torch.cuda.is_available():
            done = warm(args, cwd, environment, ranks)
        else:
            if ranks > 1:
                args = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', str(ranks), *args]
            done = subprocess.run([sys.executable, *args], cwd=cwd, env=environment, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=False)
        if check:
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return call


@pytest.fixture
def full_disk():
    """A context in which no file grows beyond some bytes, as if the disk were full: writing more fails."""

    @contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def write_scene():
    """Write a GeoTIFF; an image (h, w) or (bands, h, w)."""
    import rasterio
    from rasterio.transform import from_origin

    def write(path, image, crs='EPSG:32633', transform=None, **options):
        image = image if image.ndim == 3 else image[None]
        transform = from_origin(500000, 5000000, 10, 10) if transform is None else transform
        place = dict(crs=crs, transform=transform) if crs else {}
        with rasterio.open(path, 'w', driver='GTiff', count=len(image), height=image.shape[1], width=image.shape[2],
                           dtype=image.dtype, **place, **options) as file:
            file.write(image)
        return path

    return write


@pytest.fixture(scope='module')
def browser():
    """A Chromium that nobody sees."""
    sync_api = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
    chromium = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    if chromium is None:
        pytest.skip('no Chromium on the path')
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=['--no-sandbox', '--disable-gpu'])
        yield found
        found.close()


@pytest.fixture(scope='session')
def toy_data(tmp_path_factory):
    """Make a paper's toy data, once for all tests, which only read it; returns the folder for ``MMSIGHT_DATA``."""
    base = tmp_path_factory.getbasetemp()
    data = (base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base) / 'toy_data'

    def make(paper):
        ensure_toy_data(paper, data / 'toy' / paper)
        return data

    return make


@pytest.fixture(scope='session')
def untrained(tmp_path_factory):
    """Make a checkpoint of a config's network as it is at the start, which holds its config; returns its path.

    Options change keys of the config.
    """
    folder = tmp_path_factory.mktemp('untrained')

    def make(name, options=None):
        path = folder / f"{name}{'_changed' if options else ''}.pth"
        if not path.is_file():
            from mmengine.registry import MODELS, init_default_scope

            from mmsight.configs import load_config
            cfg = load_config(name)
            cfg.merge_from_dict(options or {})
            init_default_scope(cfg.default_scope)
            torch.manual_seed(0)
            torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta=dict(cfg=cfg.pretty_text)), path)
        return str(path)

    return make


@pytest.fixture
def box(tmp_path, monkeypatch):
    """An empty project ``toybox`` that :mod:`mmsight.models` finds; returns a function that writes a model's facts into it."""
    import yaml

    from mmsight import projects
    project = tmp_path / 'projects' / 'toybox'
    for folder in ('weights', 'records'):
        (project / folder).mkdir(parents=True)
    (project / '__init__.py').touch()
    (project / 'README.md').write_text('# Toy box\n')
    (project / 'metafile.yml').write_text('Collections:\n  - Name: Toy box\n    README: README.md\nModels:\n'
                                          '  - Name: other\n    Results: []  # stays\n')
    monkeypatch.setattr(projects, '__path__', [*projects.__path__, str(project.parent)])
    for name in [name for name in sys.modules if name.startswith('mmsight.projects.toybox')]:
        monkeypatch.delitem(sys.modules, name)  # the one of another test, in another folder

    def facts(name, config, metric='PSNR_Y', value=30.123456, **more):
        record = dict(config=config, git_commit='abc123', seed=3, device='a toy', metrics={metric: value})
        (project / 'records' / f'{name}.json').write_text(json.dumps(record))
        content = dict(
            title='a toy', kind='Toy', config=config, data='toy data', license='research use', split='None.',
            recipe='Untrained.', hardware='nothing', hours=0.5, not_for='For anything.', expects={},
            results=[dict(dataset='toy test', record=f'{name}.json', metrics=dict(score=dict(metric=metric)))])
        path = project / 'weights' / f'{name}.yml'
        path.write_text(yaml.safe_dump({**content, **more}))
        return path

    return facts


@pytest.fixture
def server():
    """A local server; yields its address, and fails the test if it was asked for anything."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{http.server_port}'
        http.shutdown()
    assert asked == []
