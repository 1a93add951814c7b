"""The command line of the inferencers: help without torch."""

import sys

import cv2
import numpy as np
import pytest


@pytest.mark.parametrize('task', ['detect', 'match', 'segment', 'upscale'])
def test_help_has_an_example(run, task):
    text = run('-m', 'mmsight.cli', 'infer', task, '--help').stdout
    assert f'infer {task} ' in text and 'example:' in text and '--overwrite' in text


def test_help_does_not_import_torch(run):
    code = ('import sys\nfrom mmsight.cli import main\ntry:\n    main(["infer", "--help"])\nexcept SystemExit:\n'
            '    pass\nassert "torch" not in sys.modules')
    assert 'detect' in run('-c', code).stdout


def test_every_inferencer_is_exported():
    from mmsight import apis
    assert [getattr(apis, name).__name__ for name in apis.__all__] == apis.__all__
    with pytest.raises(AttributeError, match='no attribute .Nothing'):
        _ = apis.Nothing
    assert 'mmsight.apis.detect' in sys.modules


@pytest.mark.slow
def test_two_processes_give_what_one_gives(run, untrained, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f'{number}.png'), rng.integers(0, 256, (20 + number, 30, 3)).astype(np.uint8))
    command = ('-m', 'mmsight.cli', 'infer', 'upscale', untrained('super_resolution_toy'), tmp_path, '--device', 'cpu')
    done = run('-m', 'torch.distributed.run', '--nproc-per-node', 2, *command, '--out-dir', tmp_path / 'two')
    assert '[1/3]' in done.stdout and '[1/2]' in done.stdout  # each had its share
    run(*command, '--out-dir', tmp_path / 'one')
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ('one', 'two'))
    assert len(one) == 5 and one == two


def test_processes_share_series_and_files(untrained, tmp_path, monkeypatch):
    from mmsight.apis import SegmentInferencer
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
    for name in ('c.nii', 'd.nii.gz'):
        (tmp_path / name).touch()
    inferencer = SegmentInferencer(untrained('eas_unet_toy'), device='cpu')
    names = ['a', 'b', 'c.nii', 'd.nii.gz']
    shares = []
    for rank in ('0', '1'):
        monkeypatch.setenv('RANK', rank)
        monkeypatch.setenv('WORLD_SIZE', '2')
        shares.append({path.name for path in inferencer._inputs_to_list([tmp_path / name for name in names])})
    assert not shares[0] & shares[1] and shares[0] | shares[1] == set(names) and len(shares[0]) == 2
