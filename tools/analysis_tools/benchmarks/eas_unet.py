"""EAS U-Net: size and speed against mmseg's U-Net, the metric, the slice cache, and memory of a long scan."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from mmengine.registry import MODELS, init_default_scope
from mmsight.projects.eas_unet import LoadCTSlice
from mmsight.projects.eas_unet.cache import pack, write_case
from mmsight.projects.eas_unet.cost import build, count, one_slice
from mmsight.projects.eas_unet.ct import read_volume
from mmsight.projects.eas_unet.loading import apply_window
from mmsight.projects.eas_unet.nifti import write_mask
from mmsight.projects.eas_unet.predict import predict_volume
from mmsight.projects.eas_unet.surface_distance import summarise_distances, surface_distances
from scipy import ndimage

from mmsight.configs import load_config
from mmsight.engine.benchmark import Row, interleave

UNET, EAS, SEPARABLE = 'unet-2d_w64_lits_256', 'eas-unet_w64_lits_256', 'eas-unet_w64_lits_256_separable'
THEIRS = "mmseg's U-Net"
SPACING = (1.0, 0.75, 0.75)


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` takes smaller volumes and fewer rounds."""
    init_default_scope('mmseg')
    with tempfile.TemporaryDirectory() as folder:
        # memory first: later the process would already be larger
        memory = [*_prediction(Path(folder), 40 if quick else 1000), *_metric(quick)]
        reading = _reading(Path(folder), quick)
    return [*_sizes(), *_latency(quick), *memory, *reading]


def _status(key: str) -> float:
    """A value of this process from Linux, in MB."""
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith(key))
    return float(line.split()[1]) / 1024


def _peak(call: Callable[[], object]) -> tuple[float, float]:
    """Peak memory of the process during a call, and by how much it exceeds what was held before, in MB."""
    Path('/proc/self/clear_refs').write_text('5')  # the peak counts from here
    before = _status('VmRSS')
    call()
    return _status('VmHWM'), _status('VmHWM') - before


def _sizes() -> list[Row]:
    counted = {config: count(config, 512) for config in (UNET, EAS, SEPARABLE)}
    weights = {config: parameters / 1e6 for config, (parameters, _) in counted.items()}
    operations = {config: additions / 1e9 for config, (_, additions) in counted.items()}
    found = []
    for config, share in ((EAS, 0.5), (SEPARABLE, 0.3)):
        name = 'EAS U-Net' if config == EAS else 'EAS U-Net, separable'
        found += [Row(f'{name}: parameters', weights[config], weights[UNET], THEIRS, 'M', f'<= {share}'),
                  Row(f'{name}: multiply-adds, 512x512', operations[config], operations[UNET], THEIRS, 'G', '<= 0.4')]
    return found


def _latency(quick: bool) -> list[Row]:
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    seconds = interleave({config: one_slice(config, 512, device) for config in (UNET, EAS, SEPARABLE)}, 2 if quick else 3, 1)
    return [Row(f'{name}: latency, 512x512, {device}', seconds[config], seconds[UNET], THEIRS, 's', '<= 1')
            for name, config in (('EAS U-Net', EAS), ('EAS U-Net, separable', SEPARABLE))]


def _prediction(folder: Path, slices: int) -> list[Row]:
    """A long scan through a narrow network, since time is not the point, and what a slice needs beyond it at full width."""
    hu = np.zeros((512, 512, slices), np.int16)
    hu[100:400, 100:400] = 60
    hu[:, :, 0] = np.random.default_rng(0).integers(-1000, 1000, (512, 512))
    nib.save(nib.Nifti1Image(hu, np.diag([0.75, 0.75, 1, 1])), folder / 'scan.nii.gz')
    del hu
    cfg = load_config(EAS)
    cfg.model.backbone.update(base_channels=4, eas=dict(mid_channels=4))
    cfg.model.decode_head.in_channels = (32, 16, 8, 4)
    narrow = MODELS.build(cfg.model).eval()

    def predict() -> None:
        volume = read_volume(folder / 'scan.nii.gz')
        write_mask(volume, predict_volume(cfg, narrow, volume, progress=True), folder / 'mask.nii.gz')

    small, _ = _peak(predict)
    model, image = build(EAS), torch.rand(1, 1, 512, 512)
    with torch.no_grad():
        _, growth = _peak(lambda: model(image))
    growth += sum(p.numel() for p in model.parameters()) * 4 / 2**20
    return [Row(f'predict 512x512x{slices}, width 4: peak memory', small, 3072, 'bound', 'MB', '<= 1'),
            Row(f'predict 512x512x{slices}, width 64 on top: peak memory', small + growth, 3072, 'bound', 'MB', '<= 1')]


def _metric(quick: bool) -> list[Row]:
    """Two liver-sized ellipsoids, one of them shifted."""
    scale = 4 if quick else 1
    shape = (300 // scale, 512 // scale, 512 // scale)
    z, y, x = (np.arange(side, dtype=np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
               for axis, side in enumerate(shape))

    def ellipsoid(centre: Sequence[float], radii: Sequence[float]) -> np.ndarray:
        (cz, cy, cx), (rz, ry, rx) = (np.array(values) / scale for values in (centre, radii))
        return ((z - cz) / rz)**2 + ((y - cy) / ry)**2 + ((x - cx) / rx)**2 < 1

    masks = ellipsoid((150, 220, 200), (80, 110, 120)), ellipsoid((152, 224, 195), (82, 108, 123))

    def ours() -> dict[str, float]:
        return summarise_distances(*surface_distances(*masks, SPACING))

    def theirs() -> dict[str, float]:
        surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in masks]
        a, b = (ndimage.distance_transform_edt(~surface, SPACING)[other] for surface, other in
                zip(surfaces, surfaces[::-1], strict=True))
        return summarise_distances(b, a)

    size = sum(mask.nbytes for mask in masks) / 2**20
    _, growth = _peak(ours)
    seconds = interleave(dict(ours=ours, theirs=theirs), 1, 0)
    name = 'ASSD and HD95 of ' + 'x'.join(map(str, shape[::-1]))
    return [Row(name, seconds['ours'], seconds['theirs'], "SciPy's distance transform, whole grid", 's', '>= 5', speedup=True),
            Row(f'{name}: peak memory', size + growth, size, 'the two masks', 'MB', '<= 4')]


def _reading(folder: Path, quick: bool) -> list[Row]:
    """Slices at random of one scan with noise."""
    slices = 20 if quick else 100
    random = np.random.default_rng(0)
    hu = random.normal(40, 20, (slices, 512, 512)).round().astype(np.int16)
    nib.save(nib.Nifti1Image(hu.transpose(2, 1, 0), np.eye(4)), folder / 'volume-0.nii.gz')
    write_case(folder, 'volume-0', pack(hu))
    load, path = LoadCTSlice(), str(folder / 'volume-0.npy')

    def theirs() -> np.ndarray:
        return apply_window(np.asarray(nib.load(folder / 'volume-0.nii.gz').dataobj[..., random.integers(slices)]))

    seconds = interleave(dict(
        ours=lambda: load(dict(img_path=path, slice_index=random.integers(slices))), theirs=theirs), 5 if quick else 20)
    name = f'a random slice of {slices}'
    return [Row(name, seconds['ours'], seconds['theirs'], 'nibabel on .nii.gz', 's', '>= 20', speedup=True)]
