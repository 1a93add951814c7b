"""Several processes for the tiles of a scene: the results of one, also when some of them or all are killed."""

import multiprocessing
import os
import re
import signal
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from mmsight.apis import DetectInferencer, patience, tile_workers
from mmsight.apis.scene_job import SceneJob
from mmsight.cli import main
from mmsight.errors import InputError

OPTIONS = dict(tile=160, overlap=66, batch_size=2, threshold=0.105)


@pytest.fixture(scope='module')
def checkpoint(untrained, tmp_path_factory):
    """An untrained network whose boxes have 16 pixels, not none."""
    content = torch.load(untrained('sar_shipnet_toy'), weights_only=True)
    name = next(name for name in reversed(content['state_dict']) if 'wh_head' in name and name.endswith('bias'))
    content['state_dict'][name].fill_(4)
    path = tmp_path_factory.mktemp('boxes') / 'w.pth'
    torch.save(content, path)
    return str(path)


@pytest.fixture
def detector(checkpoint, monkeypatch):
    """With one thread, so that it computes as a worker does; on a machine of four processors."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(os, 'cpu_count', lambda: 4)
    yield DetectInferencer(checkpoint, device='cpu', show_progress=False)
    torch.set_num_threads(threads)


@pytest.fixture
def scene(write_scene, ships, tmp_path):
    return write_scene(tmp_path / 's.tif', ships(300, 400, 20)[0])


@pytest.fixture
def started(monkeypatch):
    """The workers that were started."""
    found, begin = [], tile_workers._Worker.__init__

    def start(worker):
        begin(worker)
        found.append(worker)

    monkeypatch.setattr(tile_workers._Worker, '__init__', start)
    return found


def content(folder):
    """The files of ships, byte for byte."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in ('.geojson', '.csv')
            or path.name.endswith('_coco.json')}


def at_tile(monkeypatch, count, act):
    """Act once, as soon as so many tiles are kept."""
    keep = SceneJob.keep

    def kept(job, results):
        before = len(job.done)
        keep(job, results)
        if before < count <= len(job.done):
            act()

    monkeypatch.setattr(SceneJob, 'keep', kept)


@pytest.mark.slow
def test_workers_write_what_one_process_writes(detector, scene, write_scene, ships, tmp_path, started):
    damaged = write_scene(tmp_path / 'd.tif', np.pad(ships(512, 512, 30)[0], ((0, 0), (0, 300))), nodata=0, tiled=True,
                          blockxsize=128, blockysize=128, compress='deflate')
    broken = bytearray(damaged.read_bytes())
    broken[len(broken) // 2:len(broken) // 2 + 200] = bytes(200)
    damaged.write_bytes(broken)
    one = detector([scene, damaged], out_dir=tmp_path / 'one', **OPTIONS)['predictions']
    assert not started
    two = detector([scene, damaged], out_dir=tmp_path / 'two', workers=2, **OPTIONS)['predictions']
    assert len(started) == 2 and [worker.process.poll() for worker in started] == [0, 0]  # the same for both scenes
    assert content(tmp_path / 'one') == content(tmp_path / 'two') and len(content(tmp_path / 'one')) == 6
    assert one[0]['ships'] > 100 and one[0]['tiles'] > 8 and len(one[1]['failed_tiles']) >= 1
    for first, second in zip(one, two, strict=True):
        assert {**first, 'files': None} == {**second, 'files': None}  # with what failed, and no other warnings
    assert not (tmp_path / 'two' / 's.tiles.jsonl').exists() and (tmp_path / 'two' / 'd.tiles.jsonl').exists()


@pytest.mark.slow
def test_the_other_worker_does_what_a_killed_one_leaves(detector, scene, tmp_path, started, monkeypatch):
    detector(scene, out_dir=tmp_path / 'one', **OPTIONS)
    at_tile(monkeypatch, 1, lambda: started[0].process.kill())
    found = detector(scene, out_dir=tmp_path / 'two', workers=2, **OPTIONS)['predictions'][0]
    assert content(tmp_path / 'one') == content(tmp_path / 'two') and not found['failed_tiles']
    assert [warning for warning in found['warnings'] if 'worker' in warning] == [
        's.tif: 1 of 2 workers ended early (SIGKILL, perhaps for lack of memory), and the others did their tiles']
    assert started[1].process.poll() == 0


@pytest.mark.slow
def test_a_worker_that_hangs_is_killed_and_the_other_does_its_tiles(detector, scene, tmp_path, started, monkeypatch):
    """One that is stopped after its first answer, alive but silent."""
    monkeypatch.setattr(patience, 'LEAST', 5)
    monkeypatch.setattr(patience, 'TIMES', 0)
    detector(scene, out_dir=tmp_path / 'one', **OPTIONS)
    stopped, hear = [], patience.Patience.hear

    def stop(waiting, worker, answer):
        hear(waiting, worker, answer)
        if answer and not stopped:
            os.kill(worker.process.pid, signal.SIGSTOP)
            stopped.append(worker)

    monkeypatch.setattr(patience.Patience, 'hear', stop)
    found = detector(scene, out_dir=tmp_path / 'two', workers=2, **OPTIONS)['predictions'][0]
    assert content(tmp_path / 'one') == content(tmp_path / 'two') and not found['failed_tiles']
    warning, = [warning for warning in found['warnings'] if 'worker' in warning]
    assert re.fullmatch(r's\.tif: 1 of 2 workers ended early \(killed after [5-9] s without an answer\), and the others did '
                        'their tiles', warning)
    assert sorted(worker.process.poll() for worker in started) == [-signal.SIGKILL, 0]
    assert stopped[0].process.poll() == -signal.SIGKILL


def test_a_worker_that_takes_nothing_in_is_killed(started, monkeypatch):
    monkeypatch.setattr(patience, 'FIRST', 1)
    worker = tile_workers._Worker()
    os.kill(worker.process.pid, signal.SIGSTOP)
    worker.send(bytes(10**7))  # more than a pipe holds
    assert worker.receive() == ('end', '') and worker.wait() == 'killed after it took nothing in for 1 s'


def test_half_an_answer_is_the_end_of_a_worker(started, monkeypatch):
    monkeypatch.setattr(patience, 'LEAST', 1)
    worker = tile_workers._Worker()
    worker.process.kill()
    worker.pipe, other = multiprocessing.Pipe()
    tile_workers._bound(worker.pipe)
    os.write(other.fileno(), struct.pack('!i', 100) + b'begin')  # of 100 bytes, and no more comes
    assert worker.receive() == ('end', '')
    worker.wait()


def test_this_process_does_what_is_left_where_all_were_killed(detector, scene, tmp_path, started, monkeypatch):
    torch.set_num_threads(7)
    detector(scene, out_dir=tmp_path / 'one', **OPTIONS)
    sent, send = [], tile_workers._Worker.send

    def kill(worker, message):
        sent.append(message)
        worker.process.kill()
        send(worker, message)

    monkeypatch.setattr(tile_workers._Worker, 'send', kill)
    found = detector(scene, out_dir=tmp_path / 'two', workers=3, **OPTIONS)['predictions'][0]
    assert content(tmp_path / 'one') == content(tmp_path / 'two') and not found['failed_tiles'] and len(started) == 3
    assert [warning for warning in found['warnings'] if 'worker' in warning] == [
        's.tif: 3 of 3 workers ended early (SIGKILL, perhaps for lack of memory), and one process did their tiles']
    assert [message[2] for message in sent[:3]] == [2, 2, 2]  # threads: a share of 7 each


@pytest.mark.slow
def test_an_interrupt_ends_the_workers_and_the_journal_goes_on(detector, scene, tmp_path, started, monkeypatch):
    detector(scene, out_dir=tmp_path / 'one', **OPTIONS)

    def interrupt():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        at_tile(patch, 4, interrupt)
        with pytest.raises(KeyboardInterrupt):
            detector(scene, out_dir=tmp_path / 'two', workers=2, **OPTIONS)
    assert all(worker.process.poll() is not None for worker in started)
    done = len((tmp_path / 'two' / 's.tiles.jsonl').read_text().splitlines()) - 1
    assert done >= 4
    kept = []
    keep = SceneJob.keep
    monkeypatch.setattr(SceneJob, 'keep', lambda job, results: (kept.extend(results := list(results)), keep(job, results)))
    found = detector(scene, out_dir=tmp_path / 'two', **OPTIONS)['predictions'][0]
    assert len(kept) == found['tiles'] - done and content(tmp_path / 'one') == content(tmp_path / 'two')


@pytest.mark.slow
def test_a_worker_uses_the_runtime_and_says_it_once(checkpoint, detector, scene, tmp_path, monkeypatch, capsys):
    pytest.importorskip('onnxruntime')
    monkeypatch.setenv('MMSIGHT_CACHE', str(tmp_path / 'cache'))
    for folder, workers in (('two', 2), ('one', 1)):
        fast = DetectInferencer(checkpoint, device='cpu', runtime='onnx')
        found = fast(scene, out_dir=tmp_path / folder, workers=workers, **OPTIONS)['predictions'][0]
        warning, = found['warnings']  # of OPTIONS alone
        assert 'tiles of 160 pixels are less than twice as wide' in warning
        assert fast.computed_by == ['onnx']
        said = capsys.readouterr().out
        assert said.count('exporting the network once') == (workers == 2) and 'is not used' not in said
    assert content(tmp_path / 'one') == content(tmp_path / 'two')


@pytest.mark.slow
def test_a_script_needs_no_guard_and_a_fault_of_a_worker_is_told(checkpoint, scene, tmp_path):
    """A worker does not run the script, and so does not find a subclass that the script defines."""
    script = tmp_path / 'script.py'
    script.write_text(f"""
import os
from mmsight.apis import DetectInferencer
os.cpu_count = lambda: 2
class Mine(DetectInferencer):
    pass
found = Mine({checkpoint!r}, device='cpu', show_progress=False)({str(scene)!r}, workers=2, **{OPTIONS})
print('warnings:', [text for text in found['predictions'][0]['warnings'] if 'worker' in text])
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "2 of 2 workers ended early (AttributeError: Can't get attribute 'Mine'" in done.stdout
    assert done.stdout.count('warnings:') == 1 and 'Traceback' not in done.stderr


def test_more_workers_than_batches(checkpoint, detector, scene, tmp_path, started, monkeypatch, capsys):
    image = cv2.imread(str(scene), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / 'small.png'), image[:100, :100])
    detector.show_progress = True
    detector([scene, tmp_path / 'small.png'], workers=4, tile=400)
    assert capsys.readouterr().out.count('workers used: 1 of 4, one for each batch of tiles that is left') == 2
    assert not started  # one is this process


@pytest.mark.parametrize(('value', 'sentence'), [
    ('0', '--workers must be above 0, found 0'), ('-2', '--workers must be above 0, found -2'),
    ('5', '--workers must be at most the number of processors of this machine, 4, found 5'),
    ('1.5', "argument --workers: invalid int value: '1.5'")])
def test_numbers_that_are_none(checkpoint, detector, scene, tmp_path, value, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        main(['detect', str(scene), '-m', checkpoint, '--device', 'cpu', '--out-dir', str(tmp_path), '--workers', value])
    assert sentence in f'{end.value}\n{capsys.readouterr().err}'
    if value == '1.5':
        with pytest.raises(InputError, match='--workers must be a whole number, found 1.5'):
            detector(scene, workers=1.5)


def test_a_gpu_is_not_shared(detector, scene):
    detector.arguments['device'] = 'cuda:1'
    with pytest.raises(InputError, match='and the device is cuda:1: add --device cpu, or leave it out'):
        detector(scene, workers=2)


def test_a_checkpoint_is_looked_for_once(untrained, root, checkpoint):
    """A worker takes the one that was found, though a training may have written a newer one."""
    config = str(root / 'configs/sar_shipnet/sar_shipnet_toy.py')
    found = DetectInferencer(config, checkpoint, 'cpu', show_progress=False).arguments
    assert (found['model'], found['weights']) == (config, checkpoint)
    found = DetectInferencer(checkpoint, device='cpu', show_progress=False).arguments
    assert (found['model'], found['weights']) == (checkpoint, None)
