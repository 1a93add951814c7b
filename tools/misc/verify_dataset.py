"""Check every image and annotation of a config's datasets before training, and list all faults at once."""

import argparse
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import set_random_seed
from rich.progress import track

from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.engine.toy import ensure_toy_data, toy_root
from mmsight.errors import InputError


def innermost(config: ConfigDict) -> Iterator[ConfigDict]:
    """The datasets inside wrappers that repeat, concatenate or rebalance them."""
    inner = [config.dataset] if 'dataset' in config else config.get('datasets', [])
    if not inner:
        yield config
    for part in inner:
        yield from innermost(part)


@friendly
def main() -> None:
    """Exit status 1 if there is any fault, that is if training would refuse a file.

    What training reads with a change, say without a box that lies outside its image, is listed as a warning. A dataset takes
    part by its method ``iter_faults()``, which yields for each sample a sentence that names its fault, or None; and by
    ``notes``, a list of what training changes.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/verify_dataset.py configs/sar_shipnet/sar_shipnet_toy.py')
    parser.add_argument('config', help='path or name of a config')
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.default_scope)
    set_random_seed(0)  # pipelines are random, and the same data must give the same list
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data, toy_root(cfg.toy_data))
    faults: list[str] = []
    changes: list[str] = []
    samples = 0
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        for config in innermost(loader.dataset):
            dataset: Any = None
            try:
                # lazy: loading the whole list would stop at the first fault
                dataset = DATASETS.build(dict(config, lazy_init=True))
                if not hasattr(dataset, 'iter_faults'):
                    raise InputError(f'{args.config}: the dataset, a {type(dataset).__name__}, has no iter_faults()')
                for fault in track(dataset.iter_faults(), description=f'{split:<5}', total=None):
                    samples += 1
                    if fault is not None:
                        faults.append(f'{split}: {fault}')
            except InputError as error:
                faults.append(f'{split}: {error}')
            except Exception:  # the other data sets are checked all the same
                traceback.print_exc()
                faults.append(f'{split}: a fault in MMSight ended the check of this data set behind {samples} samples: please '
                              'report it with the lines above')
            changes += [f'{split}: {note}' for note in getattr(dataset, 'notes', ())]
    for change in changes:
        print(f'warning: {change}')
    for fault in faults:
        print(fault)
    warnings = f', {len(changes)} warnings' if changes else ''
    print(f'{samples} samples checked, {len(faults)} faults{warnings}')
    sys.exit(int(bool(faults)))


if __name__ == '__main__':
    main()
