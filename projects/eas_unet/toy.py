"""CT-like abdomens in LiTS' own format: NIfTI pairs of varying spacing and orientation, and the cache made of them."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import orientations
from scipy import ndimage

from .cases import find_lits
from .convert import convert
from .splits import write_splits

SPLITS = {'train': 16, 'val': 3, 'test': 5}
SIZE = 96
AXES = ('LPS', 'RAS', 'LAS', 'LPI', 'RPS', 'ASL')


def _ellipsoid(grid: list[np.ndarray], centre: Sequence[float] | np.ndarray, radii: Sequence[float] | np.ndarray) -> np.ndarray:
    """Squared normalised radius: below 1 inside."""
    return sum(((axis - c) / r)**2 for axis, c, r in zip(grid, centre, radii, strict=True))


def make_abdomen(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
    """One abdomen in mm, drawn on an anisotropic grid.

    Returns:
        tuple: HU int16 (z, y, x) towards superior, posterior and left; labels 0, 1 (liver), 2 (lesion), uint8; and the spacing
        (z, y, x) in mm.
    """
    slices = int(rng.integers(18, 28))
    thickness, side = float(rng.uniform(6, 9)), float(rng.uniform(3.6, 4.2))
    spacing = thickness, side, side
    shape = (slices, SIZE, SIZE)
    grid = [(np.arange(n) - (n - 1) / 2).reshape([-1 if i == axis else 1 for i in range(3)]) * step
            for axis, (n, step) in enumerate(zip(shape, spacing, strict=True))]
    # organs follow a smooth displacement, so that none is an exact ellipsoid
    wobble = [ndimage.gaussian_filter(rng.standard_normal(shape), (2, 8, 8)) for _ in range(3)]
    warped = [axis + 10 * field / field.std() * scale for axis, field, scale in zip(grid, wobble, (0.6, 1, 1), strict=True)]
    width, depth = rng.uniform(145, 165), rng.uniform(100, 120)
    hu = np.full(shape, -1000.0)
    body = _ellipsoid(grid[1:], (0, 0), (depth, width))
    hu[np.broadcast_to(body < 1, shape)] = -100  # fat
    hu[np.broadcast_to(body < 0.82, shape)] = 40  # muscle
    hu[np.broadcast_to(body < 0.66, shape)] = rng.uniform(-60, 10)  # mesentery
    contrast = rng.uniform(0, 60)
    dome = _ellipsoid(warped, (90, 0, 0), (60, 85, 120)) < 1
    hu[dome] = -850  # lungs
    organs = {  # towards superior, posterior and left, mm; radii; HU
        'stomach': ((25, -35, 60), (40, 32, 38), rng.choice([-700, 15])),
        'spleen': ((30, 40, 95), (40, 32, 25), 50 + 1.1 * contrast),
        'left kidney': ((-40, 45, 60), (45, 22, 22), 40 + 1.8 * contrast),
        'right kidney': ((-50, 45, -60), (45, 22, 22), 40 + 1.8 * contrast),
        'aorta': ((0, 30, 12), (500, 9, 9), 45 + 2 * contrast)
    }
    for centre, radii, value in organs.values():
        moved = np.array(centre) + rng.normal(0, 6, 3)
        hu[_ellipsoid(warped, moved, np.array(radii) * rng.uniform(0.85, 1.15, 3)) < 1] = value + rng.normal(0, 5)
    right = (20 + rng.normal(0, 8), -5 + rng.normal(0, 6), -70 + rng.normal(0, 6))
    left = (45 + rng.normal(0, 8), -35, 0)
    liver = (_ellipsoid(warped, right, rng.uniform(0.85, 1.15) * np.array((75, 75, 60))) < 1) | \
            (_ellipsoid(warped, left, rng.uniform(0.8, 1.2) * np.array((30, 32, 60))) < 1)
    spine = np.broadcast_to(_ellipsoid(grid[1:], (62, 0), (22, 24)), shape) < 1
    liver &= np.broadcast_to(body < 0.7, shape) & ~spine
    hu[liver] = 55 + contrast + rng.normal(0, 5)
    label = liver.astype(np.uint8)
    inside = np.argwhere(ndimage.binary_erosion(liver, iterations=2))
    for _ in range(rng.integers(0, 4) if len(inside) else 0):
        z, y, x = (grid[axis].ravel()[i] for axis, i in enumerate(inside[rng.integers(len(inside))]))
        lesion = liver & (_ellipsoid(grid, (z, y, x), [rng.uniform(9, 18)] * 3) < 1)
        hu[lesion] -= rng.uniform(25, 45)
        label[lesion] = 2
    hu[spine] = 250
    hu[np.broadcast_to(_ellipsoid(grid[1:], (78, 0), (8, 9)), shape) < 1] = 30
    angle = np.arctan2(grid[1] / depth, grid[2] / width) + 0.02 * grid[0]
    hu[np.broadcast_to((body > 0.72) & (body < 0.8), shape) & (np.cos(14 * angle) > 0.8)] = 400  # ribs, slanted
    hu = ndimage.gaussian_filter(hu, (0.3, 0.6, 0.6))
    hu += rng.uniform(10, 25) * ndimage.gaussian_filter(rng.standard_normal(shape), (0, 0.5, 0.5)) / 0.56
    return np.rint(hu).clip(-1024, 3071).astype(np.int16), label, spacing


def write_pair(folder: Path, number: int, axes: str, hu: np.ndarray, label: np.ndarray, spacing: tuple[float, ...],
               origin: np.ndarray) -> None:
    """Write ``volume-N.nii.gz`` and ``segmentation-N.nii.gz`` whose array axes run towards ``axes`` (nibabel's letters)."""
    turn = orientations.ornt_transform(orientations.axcodes2ornt('LPS'), orientations.axcodes2ornt(axes))
    affine = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])  # of an LPS array in NIfTI's RAS space
    affine[:3, 3] = origin
    affine = affine @ orientations.inv_ornt_aff(turn, hu.shape[::-1])
    for name, array in (('volume', hu), ('segmentation', label)):
        turned = orientations.apply_orientation(array.transpose(2, 1, 0), turn)
        nib.save(nib.Nifti1Image(np.ascontiguousarray(turned), affine), folder / f'{name}-{number}.nii.gz')


def make_toy_data(root: Path) -> None:
    """Write the NIfTI pairs into ``root/lits`` and their cache with its splits into ``root/cache``. Deterministic."""
    rng = np.random.default_rng(20240130)
    (root / 'lits').mkdir()
    splits: dict[str, list[str]] = {}
    number = 0
    for split, count in SPLITS.items():
        splits[split] = [f'volume-{number + i}' for i in range(count)]
        for _ in range(count):
            write_pair(root / 'lits', number, AXES[number % len(AXES)], *make_abdomen(rng), origin=rng.uniform(-200, 200, 3))
            number += 1
    faults = convert(find_lits(root / 'lits'), root / 'cache', report=lambda line: None)
    if faults:
        raise RuntimeError(faults[0])
    write_splits(root / 'cache' / 'splits.json', splits)
