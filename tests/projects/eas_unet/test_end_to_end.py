"""Train, resume, test and draw the toy config through the command line, on a few slices and one test case."""

import json

import pytest

TOY = 'configs/eas_unet/eas_unet_toy.py'
FEW = ('train_dataloader.dataset.indices=16', 'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False',
       'val_dataloader.dataset.split=val', 'test_dataloader.dataset.split=val', 'train_cfg.val_interval=5',
       'default_hooks.checkpoint.interval=1')


@pytest.mark.slow
def test_train_resume_test_and_draw(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(toy_data('eas_unet')))
    work_dir = tmp_path / 'run'
    run('tools/train.py', TOY, '--work-dir', work_dir, '--cfg-options', *FEW, 'train_cfg.max_epochs=1', **env)
    done = run('tools/train.py', TOY, '--work-dir', work_dir, '--resume', '--cfg-options', *FEW, 'train_cfg.max_epochs=2',
               **env)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    done = run('tools/test.py', TOY, work_dir / 'epoch_2.pth', '--work-dir', work_dir, '--show-dir', 'pictures', '--out',
               tmp_path / 'predictions.pkl', '--cfg-options', *FEW, check=False, **env)
    assert done.returncode == 1 and 'FAIL: liver/DSC' in done.stdout  # two epochs of 16 slices cannot reach it
    record = json.loads((work_dir / 'result.json').read_text())
    assert record['expected'][0]['pass'] is False and record['metrics']['liver/cases'] == 3
    assert len((max(work_dir.glob('*/per_case.csv'))).read_text().splitlines()) == 4
    assert len(list(work_dir.glob('*/pictures/volume-*.png'))) == 3
    assert list(work_dir.glob('*/vis_data/vis_image/cases*.png')) and list(work_dir.glob('*/vis_data/vis_image/worst_1*.png'))
    done = run('tools/analysis_tools/confusion_matrix.py', TOY, tmp_path / 'predictions.pkl', '--out', tmp_path / 'matrix.png',
               '--cfg-options', *FEW, **env)
    assert 'liver: ' in done.stdout and (tmp_path / 'matrix.png').is_file()
    run('tools/analysis_tools/analyze_logs.py', 'plot_curve', work_dir, '--out', tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').is_file()
    assert 'per iteration' in run('tools/analysis_tools/analyze_logs.py', 'cal_train_time', work_dir).stdout
    # the checkpoint segments the scan that it was made from
    scan = toy_data('eas_unet') / 'toy' / 'eas_unet' / 'lits' / 'volume-0.nii.gz'
    done = run('-m', 'mmsight.cli', 'segment', scan, '-m', work_dir / 'epoch_2.pth', '--out-dir', tmp_path / 'out', **env)
    assert 'mL' in done.stdout and (tmp_path / 'out' / 'volume-0_liver.nii.gz').is_file()
