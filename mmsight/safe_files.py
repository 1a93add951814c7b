"""The files of a Sentinel-1 product, in its ``.SAFE`` folder or in a ``.zip`` of it."""

import re
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from mmsight.annotations import parse_xml
from mmsight.errors import InputError
from mmsight.memory import GB, check_memory
from mmsight.reading import check_regular, reading

KIND = 'a Sentinel-1 product'
_PARTS = ('annotation/*.xml', 'annotation/calibration/*.xml', 'measurement/*.tif', 'measurement/*.tiff')
"""All that is read of a product. What its manifest names plays no part."""
_ROOT = re.compile(r'(?P<root>(?:[^/]+/)?)(?P<name>(?:annotation|measurement)/.+)')


class SafeFiles:
    """The files of a product by their path in it.

    Nothing is read through GDAL's file systems: a measurement in a zip is unpacked into a private folder of the system's
    folder for temporary files (``TMPDIR``), under a name that the zip does not choose, until :meth:`close`.

    Args:
        path (Path): The folder, or the zip of it.

    Attributes:
        names (list[str]): Paths in the product of its tables and measurements, sorted.

    Raises:
        InputError: If it cannot be read, has members that lead out of it, or is no product.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unpacked: tempfile.TemporaryDirectory | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}
        if path.is_dir():
            self.names = sorted(found.relative_to(path).as_posix() for part in _PARTS for found in path.glob(part))
        else:
            check_regular(path)
            with reading(path, 'a zip'), zipfile.ZipFile(path) as archive:
                self._members = _members(path, archive)
            self.names = sorted(self._members)
        if not any(name.startswith('measurement/') for name in self.names):
            raise InputError(f'{path}: {KIND} is expected, and there is no measurement/*.tiff in it')

    def sentence_name(self, name: str) -> str:
        """What a sentence on one of its files begins with."""
        return f'{self.path}/{name}'

    def read_xml(self, name: str) -> Element:
        """Root element of a table.

        Raises:
            InputError: If it cannot be read; see :func:`mmsight.annotations.parse_xml`.
        """
        said = self.sentence_name(name)
        with reading(said, 'xml'):
            if not self._members:
                content = (self.path / name).read_bytes()
            else:
                check_memory(said, self._members[name].file_size, 'this xml')
                with zipfile.ZipFile(self.path) as archive:
                    content = archive.read(self._members[name])
        return parse_xml(said, content)

    def measurement(self, name: str, most: int) -> Path:
        """A measurement as a file on disk.

        Args:
            name (str): Its path in the product.
            most (int): Bytes that it may have: little in a zip may be much on a disk.

        Raises:
            InputError: If it is larger, there is no room to unpack it, or it is damaged.
        """
        if not self._members:
            return self.path / name
        info = self._members[name]
        if info.file_size > most:
            raise InputError(f'{self.path}: {name} has {info.file_size / GB:.3g} GB unpacked, more than its pixels can take: '
                             'the zip is damaged')
        if self._unpacked is None:
            self._unpacked = tempfile.TemporaryDirectory(prefix='mmsight-')
        folder = Path(self._unpacked.name)
        free = shutil.disk_usage(folder).free
        if info.file_size > free:
            raise InputError(f'{self.path}: unpacking {name} takes {info.file_size / GB:.3g} GB, and {folder.parent} has '
                             f'{free / GB:.3g} GB left: unpack the zip yourself, or let TMPDIR name a larger folder')
        target = folder / f'{len(list(folder.iterdir()))}.tiff'
        with reading(self.sentence_name(name), 'a zip'), zipfile.ZipFile(self.path) as archive, \
                archive.open(info) as source, target.open('wb') as copy:
            shutil.copyfileobj(source, copy, 2**20)
        return target

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._unpacked is not None:
            self._unpacked.cleanup()
            self._unpacked = None


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Members of the one product in a zip, by their path in it."""
    found: dict[str, zipfile.ZipInfo] = {}
    roots = set()
    for info in archive.infolist():
        name = info.filename
        if name.startswith('/') or '\\' in name or ':' in name or '..' in PurePosixPath(name).parts:
            raise InputError(f"{path}: the zip has a member named '{name[:80]}', which leads out of it: refused")
        hit = _ROOT.fullmatch(name)
        if hit is None or not any(PurePosixPath(hit['name']).match(part) for part in _PARTS) or name.count('/') > 3:
            continue
        if info.flag_bits & 1:
            raise InputError(f'{path}: the zip is encrypted: unpack it first')
        roots.add(hit['root'])
        found[hit['name']] = info
    if len(roots) > 1:
        raise InputError(f"{path}: the zip holds {len(roots)} products, and one is expected: unpack it, and name the .SAFE "
                         'folders')
    return found
