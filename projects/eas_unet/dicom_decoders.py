"""JPEG, JPEG Lossless and JPEG 2000 in DICOM, as a decoder that pydicom takes.

pydicom decodes none of them itself, and GDCM, which it would call, ends the process on some damaged files. libjpeg-turbo and
OpenJPEG, here through imagecodecs, do not.
"""

import imagecodecs
from pydicom import uid
from pydicom.pixels.decoders import base

PLUGIN = 'mmsight'
_JPEG = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
_END = b'\xff\xd9'
"""Marker of a JPEG's end; compressed pixels never contain it."""
DECODER_DEPENDENCIES = {syntax: ('imagecodecs', ) for syntax in (*_JPEG, uid.JPEG2000Lossless, uid.JPEG2000)}
"""What pydicom asks a plugin for."""


def is_available(uid: str) -> bool:
    """What pydicom asks a plugin for."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(src: bytes, runner: base.DecodeRunner) -> bytes:
    """The pixels of a frame.

    Raises:
        ValueError: If a JPEG is cut, which libjpeg would fill up in silence.
    """
    if runner.transfer_syntax not in _JPEG:
        pixels = imagecodecs.jpeg2k_decode(src)
    elif _END in src:
        pixels = imagecodecs.jpeg8_decode(src)
    else:
        raise ValueError('the JPEG has no end')
    runner.set_option('bits_allocated', 8 * pixels.dtype.itemsize)
    if pixels.ndim > 2:
        runner.set_option('planar_configuration', 0)
    return pixels.tobytes()


for _syntax in DECODER_DEPENDENCIES:
    base.get_decoder(_syntax).add_plugin(PLUGIN, (__name__, decode_frame.__name__))
