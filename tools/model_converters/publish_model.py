"""Add a trained model to the box: its weights as safetensors, its entry in the metafile, and its card."""

import argparse
from pathlib import Path

from mmsight.cli import friendly


@friendly
def main() -> None:
    """See :mod:`mmsight.engine.publish`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python tools/model_converters/publish_model.py projects/sar_shipnet/weights/NAME.yml '
        'work_dirs/NAME/best.pth')
    parser.add_argument('facts', type=Path, help='projects/<paper>/weights/<name>.yml, the facts that are written by hand')
    parser.add_argument('checkpoint', help='checkpoint of the training; averaged weights (EMA) are used if it contains them')
    args = parser.parse_args()
    from mmsight.engine.publish import publish
    model, unused = publish(args.facts, args.checkpoint)
    if unused:
        print(f'left out: {len(unused)} weights that the config does not use, e.g. {unused[0]}')
    print(f'{model.path}: {model.megabytes:g} MB\n{model.card}')
    text = model.card.read_text()
    for title in ('Good cases', 'Bad cases'):
        if f'## {title}' not in text:
            print(f'warning: the card has no pictures of {title.lower()}; name them in {args.facts} and publish again')


if __name__ == '__main__':
    main()
