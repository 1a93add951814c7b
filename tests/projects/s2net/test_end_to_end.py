"""Train, resume, test and draw the toy config through the command line, on a few pairs."""

import json

import cv2
import pytest

from mmsight.apis import MatchInferencer
from mmsight.errors import InputError

TOY = 'configs/s2net/s2net_toy.py'
FEW = ('train_dataloader.dataset.indices=8', 'test_dataloader.dataset.indices=2', 'train_dataloader.num_workers=0',
       'train_dataloader.persistent_workers=False', 'default_hooks.checkpoint.interval=1', 'default_hooks.logger.interval=1')


@pytest.mark.slow
def test_train_resume_test_and_draw(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(toy_data('s2net')))
    work_dir = tmp_path / 'run'
    run('tools/train.py', TOY, '--work-dir', work_dir, '--cfg-options', *FEW, 'train_cfg.max_epochs=1', **env)
    done = run('tools/train.py', TOY, '--work-dir', work_dir, '--resume', '--cfg-options', *FEW, 'train_cfg.max_epochs=2',
               **env)
    output = done.stdout + done.stderr
    assert 'resumed epoch: 1' in output
    assert all(f'{name}_loss_ap' in output for name in ('supervised', 'visible', 'infrared')) and 'ssl_weight' in output
    done = run('tools/test.py', TOY, work_dir / 'epoch_2.pth', '--work-dir', work_dir, '--show-dir', 'pictures', '--out',
               tmp_path / 'predictions.pkl', '--cfg-options', *FEW, check=False, **env)
    output = done.stdout + done.stderr
    for title in ('Table I: correspondences (NC)', 'Table II: correct matches (NCM)', 'Table III: ratio (CMR, %)'):
        assert title in output
    assert all(name in output for name in ('R2D2 + SSL', 'SIFT', 'RIFT', 'ORB'))
    record = json.loads((work_dir / 'result.json').read_text())
    assert {'match/NCM@1024', 'match/CMR@256', 'match/SIFT/NC@512', 'match/AUC5@1024'} <= record['metrics'].keys()
    assert record['expected'][0]['metric'] == 'match/NCM@1024'
    pictures = list(work_dir.glob('*/pictures/*.jpg'))
    assert len(pictures) == 2 and cv2.imread(str(pictures[0])).shape == (160, 3 * 192, 3)
    assert list(work_dir.glob('*/vis_data/vis_image/matching_curves*.png'))
    done = run('projects/s2net/tools/score_features.py', TOY, tmp_path / 'predictions.pkl', '--cfg-options', *FEW, **env)
    again = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(('R2D2 + SSL', 'SIFT'))]
    assert len(again) == 2 * 6 and all(line in output for line in again)
    done = run('tools/analysis_tools/confusion_matrix.py', TOY, tmp_path / 'predictions.pkl', check=False, **env)
    assert done.returncode == 1 and 'contains no classes of boxes or pixels' in done.stderr
    run('tools/analysis_tools/analyze_logs.py', 'plot_curve', work_dir, '--out', tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').is_file()
    assert 'per iteration' in run('tools/analysis_tools/analyze_logs.py', 'cal_train_time', work_dir).stdout
    images = [toy_data('s2net') / 'toy/s2net' / folder / 'test_000.jpg' for folder in ('crop_LR_visible', 'cropinfrared')]
    found, = MatchInferencer(str(work_dir / 'epoch_2.pth'), device='cpu')(images, out_dir=tmp_path / 'm')['predictions']
    assert found['matches'] > 20 and {'test_000_matches.npz', 'test_000_match.json', 'test_000_matches.png'} <= {
        file.name for file in (tmp_path / 'm').iterdir()}
    with pytest.raises(InputError, match='use the config that it was trained with'):
        MatchInferencer('r2d2_w32_roadscene_192', str(work_dir / 'epoch_2.pth'), 'cpu')


@pytest.mark.slow
def test_mistakes_end_in_one_sentence(run, tmp_path):
    env = dict(MMSIGHT_DATA=str(tmp_path / 'data'))
    run('tools/misc/make_toy_data.py', 's2net', **env)
    options = ('--work-dir', tmp_path / 'run', '--cfg-options', 'train_cfg.max_epochs=1')
    done = run('tools/train.py', TOY, *options, 'train_dataloader.dataset.pipeline.4.size=200', check=False, **env)
    assert done.returncode == 1 and 'smaller than the crop of 200' in done.stderr.splitlines()[-1]
    (tmp_path / 'data/toy/s2net/cropinfrared/train_003.jpg').unlink()
    done = run('tools/train.py', TOY, *options, check=False, **env)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith('error: ') and 'train_003.jpg: the infrared image' in done.stderr
    done = run('tools/misc/verify_dataset.py', TOY, check=False, **env)
    assert done.returncode == 1 and 'train_003.jpg: the infrared image of this pair is missing' in done.stdout
