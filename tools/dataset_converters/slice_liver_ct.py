"""Slice CT volumes with liver masks once into the cache that the configs read, and split them by case."""

import argparse
import sys
from pathlib import Path

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Convert what is new; exit status 1, without a split file, if a case has a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/dataset_converters/slice_liver_ct.py lits data/lits data/lits_cache')
    parser.add_argument('layout', choices=['lits', 'msd', 'chaos'],
                        help='lits: volume-N.nii and segmentation-N.nii; msd: imagesTr and labelsTr of Task03; '
                        'chaos: DICOM_anon and Ground')
    parser.add_argument('root', type=Path, help='folder of the dataset as published')
    parser.add_argument('out', type=Path, help='folder of the cache')
    parser.add_argument('--seed', type=int, default=0, help='seed of the 8:2 split into train and val')
    parser.add_argument('--test-only', action='store_true', help='put all cases into one split, test')
    parser.add_argument('--rescale', metavar='SLOPE:INTERCEPT',
                        help='for CT that is not in HU: HU = SLOPE * value + INTERCEPT, e.g. 1:-1024')
    args = parser.parse_args()
    from mmsight.projects.eas_unet.cases import LAYOUTS
    from mmsight.projects.eas_unet.convert import convert
    from mmsight.projects.eas_unet.ct import parse_rescale
    from mmsight.projects.eas_unet.splits import split_cases, write_splits

    cases = LAYOUTS[args.layout](args.root)
    faults = convert(cases, args.out, lambda line: print(line, flush=True), parse_rescale(args.rescale))
    if faults:
        print(f'{len(faults)} of {len(cases)} cases have a fault; repair or remove them, and run this again')
        sys.exit(1)
    names = [case.name for case in cases]
    splits = dict(test=names) if args.test_only else split_cases(names, args.seed)
    digest = write_splits(args.out / 'splits.json', splits, None if args.test_only else args.seed)
    counts = ', '.join(f'{split} {len(part)}' for split, part in splits.items())
    print(f"{args.out / 'splits.json'}: {counts} cases, sha256 {digest}")


if __name__ == '__main__':
    main()
