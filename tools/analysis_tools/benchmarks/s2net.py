"""S2-Net: matching against OpenCV, the price of self-supervision, RIFT against SIFT, memory of extraction."""

import subprocess
import sys

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmsight.projects.s2net import R2D2, RIFT, SIFT, D2Net, DetectDescribe, SelfSupervisedMatchingHook
from mmsight.projects.s2net.geometry import pixel_grid
from mmsight.projects.s2net.match_images import match_images
from mmsight.projects.s2net.matching import estimate_homography, image_corners, move_points, mutual_nearest
from mmsight.projects.s2net.toy import make_scene

from mmsight.engine.benchmark import Row, interleave

MEMORY = '''
import torch, mmsight
from mmsight.projects.s2net import D2Net, R2D2
from mmsight.engine.benchmark import peak_memory
torch.manual_seed(0)
model = {model}.eval()
model.detect(torch.rand(3, 680, 1024), 4096)
print(peak_memory() / 1024)
'''


def rows(quick: bool) -> list[Row]:
    """The rows of the suite."""
    return [*_matching(quick), *_training(quick), _rift(quick), _registration(quick), *_memory()]


def _matching(quick: bool) -> list[Row]:
    """4096 x 4096 descriptors of 128 dimensions."""
    torch.manual_seed(0)
    first, second = (F.normalize(torch.randn(4096, 128), dim=1) for _ in range(2))
    matcher = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)
    arrays = first.numpy(), second.numpy()
    theirs = sorted((m.queryIdx, m.trainIdx) for m in matcher.match(*arrays))
    if [tuple(row) for row in mutual_nearest(first, second).tolist()] != theirs:
        raise AssertionError('mutual_nearest and BFMatcher find different matches')
    seconds = interleave({'ours': lambda: mutual_nearest(first, second), 'product': lambda: first @ second.T,
                          'opencv': lambda: matcher.match(*arrays)}, repeats=3 if quick else 10)
    return [
        Row('mutual nearest, 4096 x 4096 x 128', seconds['ours'], seconds['product'], 'bare matrix product', 's', '<= 2.5'),
        Row('mutual nearest, 4096 x 4096 x 128', seconds['ours'], seconds['opencv'], 'BFMatcher(crossCheck=True)', 's', '>= 2',
            speedup=True),
    ]


def _training(quick: bool) -> list[Row]:
    """One step of the optimiser with and without the two self-supervised pairs, at the paper's width."""
    found = []
    for name, model, count, side in (('R2D2', R2D2(), 1, 64 if quick else 96), ('D2-Net', D2Net('random'), 1, 128)):
        images = torch.rand(count, 2, 3, side, side)
        flow = pixel_grid(side, side).expand(count, -1, -1, -1)
        optimiser = torch.optim.Adam(model.parameters())
        hook = SelfSupervisedMatchingHook(0.4)

        def step(guidance: SelfSupervisedMatchingHook | None, model: DetectDescribe = model, images: torch.Tensor = images,
                 flow: torch.Tensor = flow, optimiser: torch.optim.Optimizer = optimiser) -> None:
            model.guidance = guidance
            optimiser.zero_grad()
            sum(model(images, flow, mode='loss').values()).backward()
            optimiser.step()

        seconds = interleave({'s2net': lambda step=step, hook=hook: step(hook), 'base': lambda step=step: step(None)},
                             repeats=2 if quick else 5, warmup=1)
        found.append(Row(f'training step with self-supervision, {name}, crops of {side}', seconds['s2net'], seconds['base'],
                         'step without', 's', '<= 3.2'))
    return found


def _registration(quick: bool) -> Row:
    """Worst corner, in scenes with reversed grey values under a known warp: registration, and the homography of its matches."""
    size = (330, 500)
    warp = np.array([[1.03, -0.05, 7], [0.05, 1.03, -4], [0, 0, 1]])
    corners = image_corners(size)
    ours, theirs = [], []
    for seed in range(2 if quick else 6):
        rng = np.random.default_rng(seed)
        first = cv2.resize((255 * make_scene(rng)).astype(np.uint8), size[::-1])
        moved = cv2.warpPerspective(first, warp, size[::-1], borderMode=cv2.BORDER_REFLECT_101).astype(float)
        second = (255 * (1 - moved / 255)**0.6 + 3 * rng.standard_normal(size)).clip(0, 255).astype(np.uint8)
        one, other = (np.repeat(image[..., None], 3, axis=2) for image in (first, second))
        found = match_images(RIFT(), one, other)
        for values, matrix in ((ours, found.homography), (theirs, estimate_homography(found.first, found.second))):
            if matrix is None:
                raise AssertionError(f'the scene of seed {seed} was not registered')
            values.append(np.linalg.norm(move_points(corners, matrix) - move_points(corners, warp), axis=1).max())
    return Row('registration, worst corner', float(np.median(ours)), float(np.median(theirs)),
               'MAGSAC homography of the matches', 'px', '<= 0.5')


def _rift(quick: bool) -> Row:
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.uniform(0, 255, (461, 622)), (0, 0), 2)
    image = np.repeat(cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)[..., None], 3, axis=2)
    rift, sift = RIFT(), SIFT()
    seconds = interleave({'rift': lambda: rift(image, 4096), 'sift': lambda: sift(image, 4096)}, repeats=2 if quick else 7)
    return Row('RIFT, 622x461', seconds['rift'], seconds['sift'], 'OpenCV SIFT', 's', '<= 10')


def _memory() -> list[Row]:
    """Peak of a fresh process, libraries included."""
    found = []
    for name, model in (('R2D2', 'R2D2()'), ('D2-Net, one scale', "D2Net('random')"),
                        ('D2-Net, three scales', "D2Net('random', scales=(0.5, 1, 2))")):
        done = subprocess.run([sys.executable, '-c', MEMORY.format(model=model)], check=True, capture_output=True, text=True)
        found.append(Row(f'peak memory of 1024x680, {name}', float(done.stdout), 3.0, 'the limit', 'GiB', '<= 1'))
    return found
