"""Train, resume, test and draw the toy config through the command line, on a few chips."""

import json

import pytest

TOY = 'configs/sar_shipnet/sar_shipnet_toy.py'
FEW = ('train_dataloader.dataset.indices=16', 'val_dataloader.dataset.indices=4', 'test_dataloader.dataset.indices=4',
       'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False', 'train_cfg.val_interval=1',
       'default_hooks.checkpoint.interval=1')


@pytest.mark.slow
def test_train_resume_test_and_draw(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(toy_data('sar_shipnet')))
    work_dir = tmp_path / 'run'
    run('tools/train.py', TOY, '--work-dir', work_dir, '--cfg-options', *FEW, 'train_cfg.max_epochs=1', **env)
    done = run('tools/train.py', TOY, '--work-dir', work_dir, '--resume', '--cfg-options', *FEW, 'train_cfg.max_epochs=2',
               **env)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    done = run('tools/test.py', TOY, work_dir / 'epoch_2.pth', '--work-dir', work_dir, '--show-dir', 'pictures', '--out',
               tmp_path / 'predictions.pkl', '--cfg-options', *FEW, check=False, **env)
    assert done.returncode == 1 and 'FAIL: ship/AP50_voc12' in done.stdout  # two epochs of 16 chips cannot reach it
    record = json.loads((work_dir / 'result.json').read_text())
    assert record['expected'][0]['pass'] is False and 'ship/best_f1' in record['metrics']
    assert len(list(work_dir.glob('*/pictures/*.jpg'))) == 4
    assert list(work_dir.glob('*/vis_data/vis_image/precision_recall*.png'))
    drawn = tmp_path / 'matrix.png'
    done = run('tools/analysis_tools/confusion_matrix.py', TOY, tmp_path / 'predictions.pkl', '--out', drawn,
               '--score-thr', '0', '--cfg-options', *FEW, **env)
    assert 'ship: ' in done.stdout and drawn.is_file()
    run('tools/analysis_tools/analyze_logs.py', 'plot_curve', work_dir, '--out', tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').is_file()
    assert 'per iteration' in run('tools/analysis_tools/analyze_logs.py', 'cal_train_time', work_dir).stdout
