"""A whole scan in, a mask with the same affine out, through untrained networks."""

import cv2
import nibabel as nib
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from mmsight.projects.eas_unet import VNet, predict
from mmsight.projects.eas_unet.predict import predict_file, predict_volume
from mmsight.projects.eas_unet.volume import Volume, read_volume

from mmsight.configs import load_config
from mmsight.engine.load_model import load_model
from mmsight.errors import InputError

TOY = 'configs/eas_unet/eas_unet_toy.py'


@pytest.fixture
def checkpoint(root, tmp_path):
    """Weights of an untrained toy network."""
    torch.manual_seed(0)
    cfg = load_config(str(root / TOY))
    init_default_scope(cfg.default_scope)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'weights.pth')
    return tmp_path / 'weights.pth'


@pytest.mark.parametrize('kind', ['nifti', 'dicom'])
def test_the_command(ct, checkpoint, write_nifti, write_dicom, tmp_path, run, kind):
    source = tmp_path / ('scan.nii.gz' if kind == 'nifti' else 'scan')
    affine = write_nifti(tmp_path / 'scan.nii.gz', ct[0], 'ASL')
    if kind == 'dicom':
        write_dicom(source, ct[0])
        affine = read_volume(source).affine
    text = run('tools/misc/predict_liver.py', TOY, checkpoint, source, '--out-dir', tmp_path / 'out').stdout
    mask = nib.load(tmp_path / 'out' / 'scan_liver.nii.gz')
    np.testing.assert_allclose(mask.affine, affine, atol=1e-6)
    values = np.asarray(mask.dataobj)
    assert values.dtype == np.uint8 and set(np.unique(values)) <= {0, 1}
    assert f'liver: {values.sum() * 4.0 * 0.8 * 0.9 / 1000:.0f} mL' in text
    assert cv2.imread(str(tmp_path / 'out' / 'scan_liver.png')).ndim == 3
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['scan_liver.nii.gz', 'scan_liver.png']


def test_slices_take_the_way_of_the_test_pipeline(ct, checkpoint, root):
    """2.5D: each slice with the ones beside it, the last one repeated at the ends."""
    class Spy(torch.nn.Module):
        def test_step(self, batch):
            seen.append(batch['inputs'][0])
            sample = batch['data_samples'][0]
            sample.pred_sem_seg = PixelData(data=(batch['inputs'][0][1:2] > 0.5).long())
            return [sample]

    seen: list[torch.Tensor] = []
    cfg = load_config(str(root / 'configs/eas_unet/eas_unet_w64_lits_256_2.5d.py'))
    volume = Volume(root, ct[0], 1.0, 0.0, np.eye(4))
    mask = predict_volume(cfg, Spy(), volume)
    window = (ct[0].clip(-200, 250) + 200) / 450
    np.testing.assert_allclose(seen[0].numpy(), window[[0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(seen[3].numpy(), window[[2, 3, 4]], atol=1e-6)
    np.testing.assert_array_equal(mask, window > 0.5)


def test_vnet_slabs_are_the_whole_volume(monkeypatch, root):
    """Every slice of a long volume is predicted once, with its own content."""
    class Threshold(VNet):
        def __init__(self):
            torch.nn.Module.__init__(self)
            self.scale = torch.nn.Parameter(torch.ones(1))

        def predict_volume(self, volume):
            assert volume.shape[1] <= 96 + 2 * 16
            return (volume[0] > 0.5).long()

    hu = np.random.default_rng(0).integers(-300, 300, (230, 4, 5)).astype(np.int16)
    cfg = load_config(str(root / 'configs/eas_unet/vnet_lits_32x256x256.py'))
    mask = predict_volume(cfg, Threshold(), Volume(root, hu, 1.0, 0.0, np.eye(4)))
    np.testing.assert_array_equal(mask, (hu.clip(-200, 250) + 200) / 450 > 0.5)


def test_vnet_trains_and_predicts_any_size():
    torch.manual_seed(0)
    init_default_scope('mmseg')
    model = VNet([dict(type='CrossEntropyLoss', avg_non_ignore=True), dict(type='mmsight.ForegroundDiceLoss')], (16, 32, 32))
    target = torch.randint(0, 2, (16, 32, 32))
    target[0] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=target)) for _ in range(2)]
    losses = model([torch.rand(1, 16, 32, 32)] * 2, samples, 'loss')
    assert set(losses) == {'loss_ce', 'loss_dice'}
    sum(losses.values()).backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]
    with torch.no_grad():
        assert model.eval().predict_volume(torch.rand(1, 18, 33, 20)).shape == (18, 33, 20)


def test_a_killed_run_leaves_no_half_file(ct, checkpoint, root, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])

    def killed(image, path):
        path.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr('mmsight.projects.eas_unet.volume.nib.save', killed)
    with pytest.raises(KeyboardInterrupt):
        predict_file(str(root / TOY), str(checkpoint), tmp_path / 'scan.nii', tmp_path / 'out', progress=False)
    assert not list((tmp_path / 'out').iterdir())


def test_clean_keeps_one_component(ct, checkpoint, root, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])
    two = ct[1].clip(0, 1)
    two[0, 0, 0] = 1
    monkeypatch.setattr(predict, 'predict_volume', lambda *args: two.copy())
    sizes = []
    for clean in (False, True):
        made = predict_file(str(root / TOY), str(checkpoint), tmp_path / 'scan.nii', tmp_path / 'out', clean=clean,
                            progress=False)
        sizes.append(int(np.asarray(nib.load(made.mask).dataobj).sum()))
    assert sizes == [int(two.sum()), int(two.sum()) - 1]


def test_faults(ct, checkpoint, root, write_nifti, tmp_path, run):
    write_nifti(tmp_path / 'scan.nii', ct[0], spacing=(1.0, 1.0, 1.0))
    done = run('tools/misc/predict_liver.py', TOY, tmp_path / 'no.pth', tmp_path / 'scan.nii', check=False)
    assert done.returncode == 1 and 'no.pth' in done.stderr and 'Traceback' not in done.stderr
    with pytest.raises(InputError, match='cannot be loaded into the model of'):
        load_model(str(root / 'configs/eas_unet/unet_2d_w64_lits_256.py'), str(checkpoint))
    cfg = load_config(str(root / 'configs/eas_unet/eas_unet_w16_slices_64.py'))
    with pytest.raises(InputError, match='the test pipeline begins with mmsight.LoadGreySlice'):
        predict_volume(cfg, torch.nn.Identity(), read_volume(tmp_path / 'scan.nii'))
    assert predict_file(str(root / TOY), str(checkpoint), tmp_path / 'scan.nii', tmp_path / 'out', progress=False).warning
