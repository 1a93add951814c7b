"""Ships that may be azimuth ambiguities: ghosts of brighter ships, some kilometres along the flight of the satellite."""

import functools
import math

import numpy as np
from scipy.spatial import cKDTree

from mmsight.apis.scene import Scene
from mmsight.errors import InputError
from mmsight.rotated_iou import corners

FAINTER = 15.0
"""Decibels by which the mean sigma0 in the box of a ghost is at least below that in the ship's.

ESA specifies ambiguities of distributed targets as 22 dB or more below these (Sentinel-1 SAR technical guide, performance). The
water in a box brings the two means nearer, as it adds to that of a ghost and takes from that of a ship: 7 dB are left for it.
"""
ALONG, ACROSS = 250.0, 200.0
"""Metres along azimuth and in ground range by which the centre of a ghost's box may be off its place.

Along azimuth the box of a ghost may hold but a part of it, so that its centre is off by half a long ship (200 m), and the FM
rate may be 1 % off (50 m). In range a ghost is moved by lambda^2 R / (8 V^2) (PRF^2 + 2 f PRF), the difference of range
migration: by 80 m or, on the ground, 150 m where the Doppler frequency f is at the 2.7 kHz of the ends of IW's bursts.
"""


def find_suspects(boxes: np.ndarray, scene: Scene) -> np.ndarray | None:
    """Which boxes lie where a much brighter one has its first azimuth ambiguities.

    Args:
        boxes (np.ndarray): (N, 5) in pixels of the scene.
        scene (Scene): In which they are.

    Returns:
        np.ndarray | None: Bool (N, ); None where the scene does not say where ambiguities lie.
    """
    known = scene.ambiguities
    if known is None:
        return None
    power = functools.cache(lambda number: _mean(scene, boxes[number]))
    unit = np.array([ACROSS, ALONG]) / known.spacing
    tree, found = cKDTree(boxes[:, :2] / unit), np.zeros(len(boxes), bool)
    for ship, (x, y) in enumerate(boxes[:, :2]):
        offset = known.offset(x, y)
        for place in (y - offset, y + offset) if math.isfinite(offset) else ():
            for ghost in tree.query_ball_point(np.array([x, place]) / unit, 1, p=np.inf):
                found[ghost] |= power(ship) > 10**(FAINTER / 10) * power(ghost)
    return found


def _mean(scene: Scene, box: np.ndarray) -> float:
    """Of the scene's own values in a box (5, ); nan where it has none."""
    points = corners(box[None])[0]
    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int), (scene.width, scene.height))
    try:
        values, valid = scene.values(int(x0), int(y0), int(x1 - x0), int(y1 - y0))
    except InputError:  # a tile says what could not be read
        return math.nan
    rows, columns = np.mgrid[y0:y1, x0:x1] + 0.5
    x, y, (cosine, sine) = columns - box[0], rows - box[1], (np.cos(box[4]), np.sin(box[4]))
    inside = valid & (abs(x * cosine + y * sine) <= box[2] / 2) & (abs(y * cosine - x * sine) <= box[3] / 2)
    return float(values[:, inside].mean()) if inside.any() else math.nan
