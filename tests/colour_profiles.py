"""Small ICC profiles with known colours, and sRGB of what they mean, by formula."""

import itertools
import struct

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
TO_LINEAR = np.array([[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540],
                      [0.0719453, -0.2289914, 1.4052427]])
"""XYZ under D50, adapted to D65 by Bradford's method, to linear sRGB (Lindbloom)."""
GAMMA = 1.8
PRIMARIES = np.array([[0.60, 0.20, 0.1642], [0.31, 0.64, 0.05], [0.02, 0.06, 0.7449]])
"""XYZ of full red, green and blue, as columns; together they are white."""
INKS = np.array([[60, -40, -20], [45, 60, 0], [80, 0, 70]])
"""CIELAB of full cyan, magenta and yellow."""


def xyz_to_srgb(xyz):
    linear = (xyz @ TO_LINEAR.T).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear**(1 / 2.4) - 0.055)


def lab_to_srgb(lab):
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    return xyz_to_srgb(D50 * np.where(f > 6 / 29, f**3, 3 * (6 / 29)**2 * (f - 4 / 29)))


def rgb_meant(image):
    """sRGB of an image under :func:`rgb_profile`."""
    return xyz_to_srgb((image / 255)**GAMMA @ PRIMARIES.T)


def grey_meant(image):
    """sRGB's tones of a grey image under :func:`grey_profile`."""
    return xyz_to_srgb((image[..., None] / 255)**GAMMA * D50)[..., 1]


def cmyk_meant(image):
    """sRGB of an image of inks, 0 or 255, under :func:`cmyk_profile`."""
    return lab_to_srgb(_mixed((image > 127).astype(int)))


def _mixed(inks):
    """Ink by ink, CIELAB goes half of the way to that of the ink; black is black, so that there is no black point to move."""
    lab = np.broadcast_to([100.0, 0, 0], (*inks.shape[:-1], 3))
    for index, ink in enumerate(INKS):
        lab = np.where(inks[..., index:index + 1] > 0, (lab + ink) / 2, lab)
    return np.where(inks[..., 3:] > 0, 0, lab)


def _fixed(values):
    return b''.join(struct.pack('>i', round(value * 65536)) for value in np.ravel(values))


def _profile(kind, space, pcs, tags):
    table, data, offset = struct.pack('>I', len(tags)), b'', 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack('>II', offset + len(data), len(content))
        data += content
    head = struct.pack('>I4sI4s4s4s', 128 + len(table) + len(data), b'lcms', 0x02100000, kind, space, pcs)
    head += struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + b'acsp' + bytes(28) + _fixed(D50)
    return head + bytes(128 - len(head)) + table + data


def rgb_profile():
    xyz = {name: b'XYZ ' + bytes(4) + _fixed(PRIMARIES[:, i]) for i, name in enumerate([b'rXYZ', b'gXYZ', b'bXYZ'])}
    curve = b'curv' + bytes(4) + struct.pack('>IH', 1, round(GAMMA * 256))
    return _profile(b'mntr', b'RGB ', b'XYZ ', {b'wtpt': b'XYZ ' + bytes(4) + _fixed(D50), **xyz, b'rTRC': curve,
                                               b'gTRC': curve, b'bTRC': curve})


def grey_profile():
    """Grey of the same gamma."""
    curve = b'curv' + bytes(4) + struct.pack('>IH', 1, round(GAMMA * 256))
    return _profile(b'mntr', b'GRAY', b'XYZ ', {b'wtpt': b'XYZ ' + bytes(4) + _fixed(D50), b'kTRC': curve})


def cmyk_profile():
    corners = np.array(list(itertools.product((0, 1), repeat=4)))
    lab = _mixed(corners) * [2.55, 1, 1] + [0, 128, 128]
    ramp = bytes(range(256))
    lut = b'mft1' + bytes(4) + struct.pack('>BBBB', 4, 3, 2, 0) + _fixed(np.eye(3)) + 4 * ramp + \
        lab.round().astype(np.uint8).tobytes() + 3 * ramp
    return _profile(b'prtr', b'CMYK', b'Lab ', {b'wtpt': b'XYZ ' + bytes(4) + _fixed(D50), b'A2B0': lut})
