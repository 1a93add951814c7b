"""Fill the tables of the READMEs and of `docs/` from records and from the options of tasks; only marked blocks change.

Figures whose copy in `docs/figures` is out of date are drawn.
"""

import argparse
import sys

from mmsight.cli import friendly
from mmsight.configs import source_root
from mmsight.engine.documents import draw_stale, filled, pages, stale_figures
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Name each page and picture that changed; with ``--check`` change none, and exit with 1 if one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__, epilog='example: python tools/misc/fill_tables.py')
    parser.add_argument('--check', action='store_true', help='write nothing; exit status 1 if a page or picture is out of date')
    args = parser.parse_args()
    stale = 0
    for page in pages():
        text = filled(page)
        if text != page.read_text():
            stale += 1
            print(f"{page.relative_to(source_root())} {'is out of date' if args.check else 'filled'}")
            if not args.check:
                page.write_text(text)
    failures = []
    for plan in stale_figures():
        stale += 1
        if not args.check:
            try:
                draw_stale(plan)
            except InputError as error:  # of a data set that is not at hand: others can be drawn all the same
                failures.append(f'error: {error}')
                continue
        print(f"{plan.picture.relative_to(source_root())} {'is out of date' if args.check else 'drawn'}", flush=True)
    sys.exit('\n'.join(failures) or int(args.check and stale > 0))


if __name__ == '__main__':
    main()
