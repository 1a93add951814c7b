"""A whole scan in, a mask with the same affine out, through untrained networks."""

import itertools
import json
from pathlib import Path

import cv2
import nibabel as nib
import numpy as np
import pydicom
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from mmsight.projects.eas_unet import VNet
from mmsight.projects.eas_unet.ct import read_volume
from mmsight.projects.eas_unet.nifti import read_nifti
from mmsight.projects.eas_unet.predict import predict_volume
from mmsight.projects.eas_unet.volume import Volume

from mmsight.apis import SegmentInferencer
from mmsight.configs import load_config
from mmsight.engine.load_model import load_model
from mmsight.errors import InputError

TOY = 'configs/eas_unet/eas_unet_toy.py'
PREDICT = 'mmsight.projects.eas_unet.inferencer.predict_volume'


@pytest.fixture
def checkpoint(ct, root, tmp_path):
    """Weights of an untrained toy network, shifted so that it calls half of the voxels liver."""
    torch.manual_seed(0)
    cfg = load_config(str(root / TOY))
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        image = np.pad((ct[0].clip(-200, 250) + 200) / 450, ((0, 0), (0, 12), (0, 8)))
        logits = model(torch.from_numpy(image)[:, None].float())
        model.decode_head.conv_seg.bias[1] -= (logits[:, 1] - logits[:, 0])[:, :20, :24].median()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    return tmp_path / 'weights.pth'


@pytest.fixture
def inferencer(root, checkpoint):
    return SegmentInferencer(str(root / TOY), str(checkpoint), 'cpu', show_progress=False)


def values_of(path):
    return np.asarray(nib.load(path).dataobj)


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['nifti', 'dicom'])
def test_the_command(ct, checkpoint, write_nifti, write_dicom, tmp_path, run, kind):
    source = tmp_path / ('scan.nii.gz' if kind == 'nifti' else 'scan')
    affine = write_nifti(tmp_path / 'scan.nii.gz', ct[0], 'ASL')
    if kind == 'dicom':
        write_dicom(source, ct[0])
        affine = read_volume(source).affine
    command = ('-m', 'mmsight.cli', 'segment', source, '-m', TOY, '--weights', checkpoint, '--out-dir', tmp_path / 'out')
    text = run(*command).stdout
    mask = nib.load(tmp_path / 'out' / 'scan_liver.nii.gz')
    np.testing.assert_allclose(mask.affine, affine, atol=1e-6)
    values = np.asarray(mask.dataobj)
    assert values.dtype == np.uint8 and set(np.unique(values)) <= {0, 1}
    millilitres = values.sum() * 4.0 * 0.8 * 0.9 / 1000
    assert f'liver {millilitres:.0f} mL' in text and 'not a medical device' in text
    found = json.loads((tmp_path / 'out' / 'scan_liver.json').read_text())
    assert found['volume_ml'] == pytest.approx(millilitres, abs=1e-3) and 'not a medical device' in found['note']
    inside = read_volume(source).hu(0, 7)[read_nifti(tmp_path / 'out' / 'scan_liver.nii.gz').data > 0]
    assert found['mean_hu'] == pytest.approx(inside.mean(), abs=0.01)
    assert found['std_hu'] == pytest.approx(inside.std(), abs=0.01)
    assert cv2.imread(str(tmp_path / 'out' / 'scan_liver.png')).ndim == 3
    assert sum(path.is_file() for path in (tmp_path / 'out').iterdir()) == 3
    again = run(*command, '--batch-size', '1').stdout  # which changes no result
    assert ': finished by an earlier run' in again and again.splitlines()[-1] == text.splitlines()[-1]
    again = run(*command, '--clean', check=False)
    assert again.returncode == 1 and 'scan_liver.nii.gz exists already' in again.stderr and '--overwrite' in again.stderr


def test_48_orientations_give_one_mask(ct, inferencer, write_nifti, tmp_path):
    codes = [''.join(axes) for order in itertools.permutations(('LR', 'PA', 'SI')) for axes in itertools.product(*order)]
    assert len(set(codes)) == 48
    masks = []
    for axes in codes:
        path = tmp_path / 'in' / f'{axes}.nii'
        write_nifti(path, ct[0], axes)
        inferencer(path, out_dir=tmp_path / 'out', batch_size=7)
        masks.append(read_nifti(tmp_path / 'out' / f'{axes}_liver.nii.gz').data)
        assert nib.aff2axcodes(nib.load(tmp_path / 'out' / f'{axes}_liver.nii.gz').affine) == tuple(axes)
    assert 0 < masks[0].sum() < masks[0].size
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


@pytest.mark.parametrize('suffix', ['.nii', '.nii.gz', ''])
def test_low_memory_is_the_same_mask(ct, inferencer, write_nifti, write_dicom, tmp_path, suffix):
    if suffix:
        write_nifti(tmp_path / f'scan{suffix}', ct[0], 'RAS', (1.0, 1.0, 1.0))
    else:
        write_dicom(tmp_path / 'scan', ct[0], (1.0, 1.0, 1.0))
    fast = inferencer(tmp_path / f'scan{suffix}', out_dir=tmp_path / 'fast', batch_size=4)
    slow = inferencer(tmp_path / f'scan{suffix}', out_dir=tmp_path / 'slow', low_memory=True, return_datasamples=True)
    np.testing.assert_array_equal(*(values_of(tmp_path / name / 'scan_liver.nii.gz') for name in ('fast', 'slow')))
    sample, = slow['predictions']
    assert sample.pred_sem_seg.data.shape == (7, 20, 24) and sample.volume_ml == fast['predictions'][0]['volume_ml']
    assert len(list((tmp_path / 'slow').iterdir())) == 3  # its scratch folder is gone
    warning, = sample.warnings
    assert warning.startswith(f"{tmp_path / 'scan'}{suffix}: ") and [warning] == fast['predictions'][0]['warnings']


def test_slices_take_the_way_of_the_test_pipeline(ct, checkpoint, root):
    """2.5D: each slice with the ones beside it, the last one repeated at the ends."""
    class Spy(torch.nn.Module):
        dataset_meta = dict(hu_window=(-200, 250))

        def test_step(self, batch):
            seen.append(batch['inputs'][0])
            sample = batch['data_samples'][0]
            sample.pred_sem_seg = PixelData(data=(batch['inputs'][0][1:2] > 0.5).long())
            return [sample]

    seen: list[torch.Tensor] = []
    cfg = load_config(str(root / 'configs/eas_unet/eas-unet_w64_lits_256_2.5d.py'))
    volume = Volume(root, ct[0], 1.0, 0.0, np.eye(4))
    mask = predict_volume(cfg, Spy(), volume)
    window = (ct[0].clip(-200, 250) + 200) / 450
    np.testing.assert_allclose(seen[0].numpy(), window[[0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(seen[3].numpy(), window[[2, 3, 4]], atol=1e-6)
    np.testing.assert_array_equal(mask, window > 0.5)


def test_the_window_is_that_of_the_weights(ct, root, write_nifti, tmp_path):
    """A model of 8-bit slices reads CT in the window of its checkpoint, and of its config where that says none."""
    write_nifti(tmp_path / 'scan.nii', ct[0])
    name = str(root / 'configs/eas_unet/eas-unet_w16_slices_64.py')
    cfg = load_config(name)
    init_default_scope(cfg.default_scope)
    weights = MODELS.build(cfg.model).state_dict()
    for meta, (low, high) in ((dict(), (0, 250)), (dict(dataset_meta=dict(hu_window=(-50, 150))), (-50, 150))):
        torch.save(dict(state_dict=weights, meta=meta), tmp_path / 'weights.pth')
        cfg, model = load_model(name, str(tmp_path / 'weights.pth'))
        seen = []
        hook = model.backbone.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        predict_volume(cfg, model, read_volume(tmp_path / 'scan.nii'), batch_size=7)
        hook.remove()
        expected = np.stack([cv2.resize(part, (64, 64), interpolation=cv2.INTER_AREA)
                             for part in (ct[0].clip(low, high) - low) / np.float32(high - low)])
        np.testing.assert_allclose(seen[0][:, 0].numpy(), expected, atol=1e-5)


def test_vnet_slabs_are_the_whole_volume(monkeypatch, root):
    """Every slice of a long volume is predicted once, with its own content."""
    class Threshold(VNet):
        dataset_meta = dict(hu_window=(-200, 250))

        def __init__(self):
            torch.nn.Module.__init__(self)
            self.scale = torch.nn.Parameter(torch.ones(1))

        def predict_volume(self, volume):
            assert volume.shape[1] <= 96 + 2 * 16
            return (volume[0] > 0.5).long()

    hu = np.random.default_rng(0).integers(-300, 300, (230, 4, 5)).astype(np.int16)
    cfg = load_config(str(root / 'configs/eas_unet/vnet_w16_lits_32x256x256.py'))
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


def test_a_killed_run_leaves_no_half_file(ct, inferencer, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])

    def killed(image, path):
        path.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr('mmsight.projects.eas_unet.nifti.nib.save', killed)
    with pytest.raises(KeyboardInterrupt):
        inferencer(tmp_path / 'scan.nii', out_dir=tmp_path / 'out')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['.mmsight']  # the record that it was started


def test_a_full_disk_is_one_sentence_and_no_half_file(ct, checkpoint, write_nifti, tmp_path, run):
    """A limit on the size of files stands for the end of the disk."""
    write_nifti(tmp_path / 'scan.nii', np.random.default_rng(0).integers(-300, 300, (9, 64, 64)).astype(np.int16))
    script = tmp_path / 'full.py'
    script.write_text('import resource, sys\nfrom mmsight.apis import SegmentInferencer\n'
                      'from mmsight.errors import InputError\n'
                      'inferencer = SegmentInferencer(sys.argv[1], sys.argv[2], "cpu")\n'
                      'resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n'
                      'try:\n    inferencer(sys.argv[3], out_dir=sys.argv[4])\n'
                      'except InputError as error:\n    sys.exit(str(error))\n')
    done = run(script, TOY, checkpoint, tmp_path / 'scan.nii', tmp_path / 'out', check=False)
    assert 'scan_liver.nii.gz: the file cannot be written: File too large' in done.stderr.splitlines()[-1]
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['.mmsight']  # the record that it was started


def test_clean_keeps_one_component(ct, inferencer, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])
    two = ct[1].clip(0, 1)
    two[0, 0, 0] = 1
    monkeypatch.setattr(PREDICT, lambda *args: two.copy())
    sizes = [inferencer(tmp_path / 'scan.nii', clean=clean)['predictions'][0]['voxels'] for clean in (False, True)]
    assert sizes == [int(two.sum()), int(two.sum()) - 1]


def test_a_dicom_segmentation_in_place_of_nifti(ct, inferencer, write_dicom, write_nifti, tmp_path, monkeypatch):
    monkeypatch.setattr(PREDICT, lambda *args: ct[1].clip(0, 1))
    write_dicom(tmp_path / 'scan', ct[0])
    found, = inferencer(tmp_path / 'scan', out_dir=tmp_path / 'out', format='dicom-seg')['predictions']
    assert found['segmentation'] == str(tmp_path / 'out' / 'scan_liver.dcm') and 'mask' not in found
    names = sorted(path.name for path in (tmp_path / 'out').iterdir() if path.is_file())
    assert names == ['scan_liver.dcm', 'scan_liver.json', 'scan_liver.png']
    assert pydicom.dcmread(tmp_path / 'out' / 'scan_liver.dcm').pixel_array.sum() == np.count_nonzero(ct[1])
    write_nifti(tmp_path / 'scan.nii', ct[0])
    with pytest.raises(InputError, match='scan.nii: a DICOM segmentation refers to a DICOM series, and this is none'):
        inferencer([tmp_path / 'scan', tmp_path / 'scan.nii'], format='dicom-seg')
    for name, value, message in (('format', 'dcm', '--format dcm: one of nifti, dicom-seg'), ('rescale', '1', '--rescale 1: ')):
        with pytest.raises(InputError, match=message):
            inferencer(tmp_path / 'scan', **{name: value})


def test_a_series_of_several_enhanced_files_is_refused_before_it_is_read(ct, inferencer, write_enhanced, tmp_path, monkeypatch):
    monkeypatch.setattr('mmsight.projects.eas_unet.ct.read_series', lambda *args: pytest.fail('it was read'))
    for name, part in (('a', ct[0][:3]), ('b', ct[0][3:])):
        write_enhanced(tmp_path / 'scan' / f'{name}.dcm', part)
    with pytest.raises(InputError, match='scan: a DICOM segmentation of several enhanced files cannot be written'):
        inferencer(tmp_path / 'scan', out_dir=tmp_path / 'out', format='dicom-seg')


def test_which_inputs_are_meant(ct, inferencer, write_dicom, write_nifti, tmp_path, monkeypatch):
    """Folders, folders of folders, files in upper case, files of one series, and series that are chosen."""
    monkeypatch.setattr(PREDICT, lambda cfg, model, volume, *rest: np.ones(volume.data.shape, np.uint8))
    for number in (1, 2):
        write_dicom(tmp_path / 'study' / f'S{number}', ct[0][:number + 2], series=f'1.2.{number}',
                    change=lambda header, z, number=number: setattr(header, 'SeriesNumber', number))
    write_nifti(tmp_path / 'in' / 'a.nii.gz', ct[0])
    (tmp_path / 'in' / 'a.nii.gz').rename(tmp_path / 'in' / 'A.NII.GZ')
    (tmp_path / 'report.dcm').write_bytes(b'no DICOM')
    for inputs, series, slices in (
            (['study/S1'], None, dict(S1=3)), (['study'], ['2'], dict(study_2=4)),
            (['study'], ['all'], dict(study_1=3, study_2=4)), (['study/S1/*.dcm'], None, dict(S1=3)),
            (['in', 'study/S2'], None, dict(S2=4, A=7)),
            (['study/S2/i002,0000b.dcm'], None, {'i002,0000b': 1})):
        out = tmp_path / '-'.join([*inputs, *(series or ())]).replace('/', '_').replace('*', '_')
        found = inferencer([str(tmp_path / item) for item in inputs], out_dir=out, series=series)['predictions']
        assert {Path(part['mask']).name.removesuffix('_liver.nii.gz'): part['size'][0] for part in found} == slices
    with pytest.raises(InputError, match='study: 2 CT series are here'):
        inferencer(tmp_path / 'study')
    with pytest.raises(InputError, match='report.dcm: the file is damaged, or not DICOM'):
        inferencer(tmp_path / 'report.dcm')
    assert inferencer.count_pixels(tmp_path / 'study/S1/i000,0000b.dcm') == 480


def test_the_picture_has_a_largest_size(ct, inferencer, write_nifti, tmp_path, monkeypatch):
    """In the proportions of the patient, however large a voxel is said to be."""
    monkeypatch.setattr(PREDICT, lambda *args: ct[1].clip(0, 1))
    for spacing, size in (((4.0, 1000.0, 500.0), (256, 154)), ((4.0, 0.1, 1000.0), (1, 256))):  # 20 rows, 24 columns
        write_nifti(tmp_path / 'scan.nii', ct[0], spacing=spacing)
        picture, = inferencer(tmp_path / 'scan.nii', return_vis=True)['visualization']
        assert picture.shape == (size[0], 4 * size[1], 3)  # four slices with liver


def test_a_scan_far_smaller_than_the_training_images_is_said(ct, inferencer, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])
    side = max(ct[0].shape[1:])
    for smallest, warned in ((4 * side, True), (side, False)):
        meta = dict(inferencer.model.dataset_meta, image_size=[smallest, 2 * smallest])
        monkeypatch.setattr(inferencer.model, 'dataset_meta', meta)
        warnings = inferencer(tmp_path / 'scan.nii')['predictions'][0]['warnings']
        assert any(f'scan.nii: the longer side has {side} pixels' in warning for warning in warnings) == warned


def test_no_liver_is_said(ct, inferencer, write_nifti, tmp_path, monkeypatch):
    write_nifti(tmp_path / 'scan.nii', ct[0])
    monkeypatch.setattr(PREDICT, lambda *args: np.zeros(ct[0].shape, np.uint8))
    found = inferencer(tmp_path / 'scan.nii', out_dir=tmp_path / 'out')['predictions'][0]
    assert found['volume_ml'] == 0 and found['mean_hu'] is None
    assert 'scan.nii: no liver was found, the mask is empty' in found['warnings']
    assert not values_of(tmp_path / 'out' / 'scan_liver.nii.gz').any()


def test_faults(ct, checkpoint, inferencer, root, write_nifti, tmp_path, run):
    write_nifti(tmp_path / 'scan.nii', ct[0], spacing=(1.0, 1.0, 1.0))
    command = ('-m', 'mmsight.cli', 'segment', tmp_path / 'scan.nii', '-m', TOY)
    done = run(*command, '--weights', tmp_path / 'no.pth', check=False)
    assert done.returncode == 1 and 'no.pth' in done.stderr and 'Traceback' not in done.stderr
    with pytest.raises(InputError, match='cannot be loaded into the model of'):
        load_model(str(root / 'configs/eas_unet/unet-2d_w64_lits_256.py'), str(checkpoint))
    cfg = load_config(str(root / 'configs/eas_unet/eas-unet_w16_slices_64.py'))
    with pytest.raises(InputError, match='in which HU window the model was trained'):
        predict_volume(cfg, torch.nn.Identity(), read_volume(tmp_path / 'scan.nii'))
    cfg.test_dataloader.dataset.pipeline[0].type = 'LoadImageFromFile'
    with pytest.raises(InputError, match='the test pipeline begins with LoadImageFromFile'):
        predict_volume(cfg, torch.nn.Identity(), read_volume(tmp_path / 'scan.nii'))
    assert 'the spacing is (1, 1, 1) mm' in inferencer(tmp_path / 'scan.nii')['predictions'][0]['warnings'][0]
    (tmp_path / 'bad.nii.gz').write_bytes(b'no gzip')
    for low_memory in (False, True):
        with pytest.raises(InputError, match='bad.nii.gz: the file is (damaged|truncated)'):
            inferencer(tmp_path / 'bad.nii.gz', low_memory=low_memory)


def test_a_full_disk_leaves_no_half_of_a_file(ct, inferencer, write_nifti, tmp_path, full_disk):
    out = tmp_path / 'out'
    write_nifti(tmp_path / 'scan.nii.gz', ct[0], 'RAS')
    inferencer(tmp_path / 'scan.nii.gz', out_dir=out)
    sizes = {file.name: file.stat().st_size for file in filter(Path.is_file, out.iterdir())}
    for limit in sorted(sizes.values())[-2:]:
        for file in filter(Path.is_file, out.iterdir()):
            file.unlink()
        with full_disk(limit - 1), pytest.raises(InputError, match='the file cannot be written'):
            inferencer(tmp_path / 'scan.nii.gz', out_dir=out)
        assert all(file.stat().st_size == sizes[file.name] for file in filter(Path.is_file, out.iterdir()))
