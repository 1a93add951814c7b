"""Segment the liver of a CT volume: a NIfTI mask with the same affine, its volume in mL and a picture."""

import argparse

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Predict, write, say how large the liver is."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/misc/predict_liver.py eas_unet_toy work_dirs/demo/eas_unet/epoch_12.pth scan.nii.gz')
    parser.add_argument('config', help='path or name of a config whose test data are CT volumes')
    parser.add_argument('checkpoint', help='path of its checkpoint')
    parser.add_argument('source', help='.nii or .nii.gz file, or a folder with one DICOM series')
    parser.add_argument('--out-dir', default='predictions', help='folder for the mask and the picture')
    parser.add_argument('--device', default='cpu', help='cpu, cuda, cuda:1, ...')
    parser.add_argument('--clean', action='store_true', help='keep the largest component and fill its holes')
    args = parser.parse_args()
    from mmsight.projects.eas_unet.predict import predict_file
    made = predict_file(args.config, args.checkpoint, args.source, args.out_dir, args.device, args.clean)
    if made.warning:
        print(f'warning: {made.warning}')
    print(f'liver: {made.millilitres:.0f} mL')
    print(f'mask: {made.mask}')
    print(f'picture: {made.montage}')


if __name__ == '__main__':
    main()
