"""Each paper on a GPU, through the command line, with and without mixed precision: `pytest -m gpu`."""

import json
import math

import pytest
import torch

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason='torch finds no CUDA device')]

# the metric, the task, and the files of the toy data that the trained network gets
PAPERS = dict(
    sar_shipnet=('ship/AP50_voc12', 'detect', ['test_000000.jpg']),
    larsd=('rotated/AP50_voc12', 'detect', ['FullDataSet/AllImages/104000000.bmp']),
    s2net=('match/NCM@1024', 'match', ['crop_LR_visible/test_000.jpg', 'cropinfrared/test_000.jpg']),
    super_resolution=('gain/PSNR_Y', 'upscale', ['DIV2K_train_HR/0001.png']),
    eas_unet=('liver/DSC', 'segment', ['lits/volume-0.nii.gz']))


@pytest.mark.parametrize('amp', [[], ['--amp']], ids=['fp32', 'amp'])
@pytest.mark.parametrize('paper', PAPERS)
def test_trains_resumes_tests_and_infers(paper, amp, run, toy_data, tmp_path):
    metric, task, files = PAPERS[paper]
    data, work_dir = toy_data(paper), tmp_path / 'run'
    env = dict(MMSIGHT_DATA=str(data))
    train = ('tools/train.py', f'{paper}_toy', '--work-dir', work_dir, *amp)
    options = ('--cfg-options', 'default_hooks.checkpoint.interval=1')
    run(*train, *options, 'train_cfg.max_epochs=1', **env)
    done = run(*train, '--resume', *options, 'train_cfg.max_epochs=2', **env)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    checkpoint = work_dir / 'epoch_2.pth'
    state = torch.load(checkpoint, map_location='cpu', weights_only=False)['state_dict']
    assert all(value.isfinite().all() for value in state.values())
    # two epochs may miss what the toy config expects
    done = run('tools/test.py', f'{paper}_toy', checkpoint, '--work-dir', work_dir, check=False, **env)
    assert f': {metric}' in done.stdout, done.stderr[-3000:]
    record = json.loads((work_dir / 'result.json').read_text())
    assert record['device'] == torch.cuda.get_device_name() and math.isfinite(record['metrics'][metric])
    inputs = [data / 'toy' / paper / name for name in files]
    run('-m', 'mmsight.cli', task, *inputs, '-m', checkpoint, '--device', 'cuda', '--out-dir', tmp_path / 'out', **env)
    assert any((tmp_path / 'out').iterdir())
