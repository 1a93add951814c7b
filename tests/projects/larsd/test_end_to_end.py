"""Train, resume, test and draw the toy config through the command line, on a few images."""

import json

import pytest

TOY = 'configs/larsd/larsd_toy.py'
FEW = ('train_dataloader.dataset.indices=8', 'val_dataloader.dataset.indices=3', 'test_dataloader.dataset.indices=3',
       'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False', 'train_cfg.val_interval=1',
       'default_hooks.checkpoint.interval=1', 'model.test_cfg.score_thr=0.001', 'model.test_cfg.nms_pre=30')


@pytest.mark.slow
def test_train_resume_test_and_draw(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(toy_data('larsd')))
    work_dir = tmp_path / 'run'
    run('tools/train.py', TOY, '--work-dir', work_dir, '--cfg-options', *FEW, 'train_cfg.max_epochs=1', **env)
    done = run('tools/train.py', TOY, '--work-dir', work_dir, '--resume', '--cfg-options', *FEW, 'train_cfg.max_epochs=2',
               **env)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    done = run('tools/test.py', TOY, work_dir / 'epoch_2.pth', '--work-dir', work_dir, '--show-dir', 'pictures', '--out',
               tmp_path / 'predictions.pkl', '--cfg-options', *FEW, check=False, **env)
    assert done.returncode == 1 and 'FAIL: rotated/AP50_voc12' in done.stdout  # two epochs of 8 images cannot reach it
    record = json.loads((work_dir / 'result.json').read_text())
    assert record['expected'][0]['pass'] is False and 'rotated/AP50_voc07' in record['metrics']
    assert len(list(work_dir.glob('*/pictures/*'))) == 3
    assert len(list(work_dir.glob('*/vis_data/vis_image/lasa_*.png'))) == 3
    assert list(work_dir.glob('*/vis_data/vis_image/precision_recall*.png'))
    done = run('tools/analysis_tools/confusion_matrix.py', TOY, tmp_path / 'predictions.pkl', '--out', tmp_path / 'matrix.png',
               '--score-thr', '0', '--cfg-options', *FEW, **env)
    assert 'ship: ' in done.stdout and (tmp_path / 'matrix.png').is_file()
    run('tools/analysis_tools/analyze_logs.py', 'plot_curve', work_dir, '--out', tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').is_file()
    assert 'per iteration' in run('tools/analysis_tools/analyze_logs.py', 'cal_train_time', work_dir).stdout

    scores = tmp_path / 'scores.json'
    done = run('projects/larsd/tools/score_quality.py', TOY, work_dir / 'epoch_2.pth', '--out', scores,
               '--cfg-options', *FEW, **env)
    assert 'blended:  rank correlation' in done.stdout and scores.with_suffix('.png').read_bytes().startswith(b'\x89PNG')
    record = json.loads(scores.read_text())
    assert record['seed'] == 0 and record['candidates'] > 30 and 0 <= record['metrics']['best_is_right/aligned'] <= 1
    done = run('projects/larsd/tools/score_quality.py', 'larsd_toy_raw', work_dir / 'epoch_2.pth', check=False, **env)
    assert done.returncode == 1 and done.stderr.startswith('error: larsd_toy_raw: needs model.test_cfg.lasa')
