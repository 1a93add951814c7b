"""Colours that are not sRGB yet: embedded profiles, CMYK and CIELAB become sRGB through Little CMS.

Pillow brings it for 8 bits, imagecodecs for 16.
"""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

LEAST = 2
"""Largest difference, in grey levels, of a profile's colours from sRGB's that counts as none: roundings differ."""

_EXACT = 0x100
"""Flag of Little CMS: compute each colour. Its tables for 16 bits are off by up to 15 of 255 in dark, strong colours."""
_UNFIT = 'its colour profile does not fit and is left aside'
_MISSING = 'its colour profile is left aside, as 16 bits need the package imagecodecs: pip install imagecodecs'


def to_srgb(image: np.ndarray, space: str, profile: bytes | None) -> tuple[np.ndarray, str | None]:
    """Bring colours to sRGB, and grey to sRGB's tones.

    Args:
        image (np.ndarray): uint8 or uint16 (H, W) of ``'L'`` or (H, W, 3) of ``'RGB'``; uint8 (H, W, 3) of ``'LAB'`` as TIFF
            stores it (a and b as signed bytes, white point D50), or (H, W, 4) of ``'CMYK'``, 255 being full ink.
        space (str): One of these.
        profile (bytes, optional): The embedded ICC profile. Without it CMYK inks are ideal, RGB and grey stay.

    Returns:
        tuple[np.ndarray, str | None]: (H, W), or (H, W, 3) red, green, blue, of the type of ``image``; and what was done,
            None for nothing.
    """
    try:
        transform = _transform(profile, space)
    except (ImageCms.PyCMSError, OSError, ValueError):  # damaged, or of another colour space
        image, done = to_srgb(image, space, None)
        return image, ', '.join(part for part in (done, _UNFIT) if part)
    if transform is None:
        if space == 'CMYK':
            return np.asarray(Image.frombytes('CMYK', image.shape[1::-1], image.tobytes()).convert('RGB')), \
                'CMYK without a colour profile becomes RGB with ideal inks'
        return image, None
    if image.dtype == np.uint16:
        assert profile is not None  # else there is no transform
        try:
            found = _apply_to_16_bits(profile, image)
        except ImportError:
            return image, _MISSING
        except RuntimeError:  # of imagecodecs, for a profile that Pillow could use
            return image, _UNFIT
    else:
        found = _apply(transform, image, space)
    if space == 'L':
        return found[..., 0], 'tones are brought to sRGB by its colour profile'
    named = {'RGB': 'colours are brought to sRGB by its colour profile', 'LAB': 'CIELAB becomes sRGB'}
    return found, named.get(space, 'CMYK becomes sRGB by its colour profile')


def _apply(transform: ImageCms.ImageCmsTransform, image: np.ndarray, space: str) -> np.ndarray:
    source = Image.frombytes(space, image.shape[1::-1], np.ascontiguousarray(image).tobytes())
    done = ImageCms.applyTransform(source, transform)
    assert done is not None  # it is not applied in place
    return np.asarray(done)


def _apply_to_16_bits(profile: bytes, image: np.ndarray) -> np.ndarray:
    import imagecodecs  # few images need it
    wanted = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    return imagecodecs.cms_transform(np.ascontiguousarray(image), profile, wanted, outcolorspace='rgb', flags=_EXACT,
                                     colorspace='gray' if image.ndim == 2 else 'rgb')


@functools.lru_cache(8)
def _transform(profile: bytes | None, space: str) -> ImageCms.ImageCmsTransform | None:
    """None where colours stay as they are."""
    if space == 'LAB':
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile('LAB'))
    elif profile is None:
        return None
    else:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    found = ImageCms.buildTransform(source, ImageCms.createProfile('sRGB'), space, 'RGB')
    if space in ('L', 'RGB'):
        ramp = np.arange(256, dtype=np.uint8)
        steps = ramp[::17]
        sample = ramp[:, None] if space == 'L' else np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 1, 3)
        made = _apply(found, sample, space).astype(int)
        if np.abs(made - (sample[..., None] if space == 'L' else sample)).max() <= LEAST:
            return None
    return found
