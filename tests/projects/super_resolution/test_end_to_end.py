"""Train, resume, test and draw the toy config through the command line, enlarge a file with it; bad data in one sentence."""

import json
import shutil

import cv2
import numpy as np
import pytest

TOY = 'configs/super_resolution/super_resolution_toy.py'
FEW = ('train_dataloader.dataset.times=1', 'train_dataloader.dataset.dataset.indices=8', 'train_dataloader.batch_size=4',
       'val_dataloader.dataset.indices=2', 'test_dataloader.dataset.indices=2', 'train_dataloader.num_workers=0',
       'train_dataloader.persistent_workers=False', 'train_cfg.val_interval=1', 'default_hooks.checkpoint.interval=1',
       'default_hooks.validate_first.type=mmsight.ValidateFirstHook')


@pytest.mark.slow
def test_train_resume_test_draw_and_enlarge(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(toy_data('super_resolution')))
    work_dir = tmp_path / 'run'
    run('tools/train.py', TOY, '--work-dir', work_dir, '--cfg-options', *FEW, 'train_cfg.max_epochs=1', **env)
    curve = tmp_path / 'curve.csv'
    run('tools/analysis_tools/analyze_logs.py', 'write_curve', work_dir, '--keys', 'loss', 'val_loss', '--out', curve)
    assert [line.partition(',')[0] for line in curve.read_text().splitlines()] == ['epoch', '0', '1']
    done = run('tools/train.py', TOY, '--work-dir', work_dir, '--resume', '--cfg-options', *FEW, 'train_cfg.max_epochs=2',
               **env)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    # the validation that followed the resumed checkpoint is repeated
    assert sorted(path.stem for path in work_dir.glob('*/vis_data/grids/*')) == [
        'epoch_00000', *2 * ['epoch_00001'], 'epoch_00002']
    logged = [json.loads(line) for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
              for line in path.read_text().splitlines()]
    assert {'val_loss', 'loss_content', 'discriminator_accuracy'} <= {name for row in logged for name in row}
    checkpoint = work_dir / 'epoch_2.pth'
    done = run('tools/test.py', TOY, checkpoint, '--work-dir', work_dir, '--show-dir', 'pictures', '--out',
               tmp_path / 'predictions.pkl', '--cfg-options', *FEW, check=False, **env)
    assert done.returncode == 1 and 'FAIL: gain/PSNR_Y' in done.stdout  # four steps cannot reach it
    metrics = json.loads((work_dir / 'result.json').read_text())['metrics']
    assert {'nearest/PSNR_Y', 'bilinear/SSIM_RGB', 'bicubic/SSIM_Y', 'model/sharpness'} <= metrics.keys()
    assert metrics['gain/PSNR_Y'] == pytest.approx(metrics['model/PSNR_Y'] - metrics['bicubic/PSNR_Y'])
    assert len(list(work_dir.glob('*/pictures/*.png'))) == 2
    done = run('tools/analysis_tools/confusion_matrix.py', TOY, tmp_path / 'predictions.pkl', check=False, **env)
    assert done.returncode == 1 and 'contains no classes of boxes or pixels' in done.stderr
    run('tools/analysis_tools/analyze_logs.py', 'plot_curve', work_dir, '--out', tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').is_file()
    run('projects/super_resolution/tools/keep_samples.py', work_dir, tmp_path / 'kept.png', '--row', '2', '--side', '40')
    assert cv2.imread(str(tmp_path / 'kept.png')).shape == (40, 40 * 3, 3)  # of two epochs, and the original
    assert 'per iteration' in run('tools/analysis_tools/analyze_logs.py', 'cal_train_time', work_dir).stdout

    image = np.random.default_rng(0).integers(0, 256, (20, 27, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'photo.png'), image)
    tool = ('-m', 'mmsight.cli', 'upscale', tmp_path / 'photo.png')
    found = []
    for tile in (8, 64):
        run(*tool, '-m', checkpoint, '--out-dir', tmp_path / str(tile), '--tile', tile)
        found.append(cv2.imread(str(tmp_path / str(tile) / 'photo_x4.png')).astype(int))
    assert found[0].shape == (80, 108, 3) and np.abs(found[0] - found[1]).max() <= 1
    done = run(*tool, '-m', 'srcnn-mse_w64_t91_x4', '--weights', checkpoint, check=False)
    assert done.returncode == 1 and 'use the config that it was trained with' in done.stderr and 'Traceback' not in done.stderr


@pytest.mark.slow
def test_faults_in_the_data_are_listed_and_stop_the_training(run, toy_data, tmp_path):
    env = dict(MMSIGHT_DATA=str(tmp_path))
    data = shutil.copytree(toy_data('super_resolution') / 'toy/super_resolution', tmp_path / 'toy/super_resolution')
    folder = data / 'DIV2K_train_HR'
    for name in ('0005', '0006'):
        (folder / f'{name}.png').write_bytes(b'x' * 99)
    cv2.imwrite(str(folder / '0007.png'), np.zeros((40, 44, 3), np.uint8))
    done = run('tools/misc/verify_dataset.py', TOY, check=False, **env)
    text = done.stdout.replace('\n', ' ')
    assert done.returncode == 1 and '3 faults' in text and '0006.png: the file is damaged, or not an image' in text
    assert '0007.png is 44 x 40 and' in text
    cv2.imwrite(str(folder / '0007.png'), np.zeros((144, 144, 3), np.uint8))
    done = run('tools/train.py', TOY, '--work-dir', tmp_path / 'run', check=False, **env)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'error: ' in done.stderr and 'the file is damaged, or not an image' in done.stderr


@pytest.mark.slow
def test_missing_vgg_weights_stop_the_training_with_one_sentence(run, toy_data, tmp_path):
    loss = ('model.content_loss.type=mmsight.VGGFeatureLoss', 'model.content_loss.weights=none.pth')
    done = run('tools/train.py', TOY, '--work-dir', tmp_path / 'run', '--cfg-options', *loss, check=False,
               MMSIGHT_DATA=str(toy_data('super_resolution')))
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'error: none.pth: the VGG19 weights do not exist; give the path' in done.stderr
