"""Checkpoints and safetensors."""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator

import torch
from safetensors.torch import save

from tests.fuzz import _checkpoint


class _Call:
    """Calls a function when it is unpickled."""

    def __init__(self, call: Callable, *args: object) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> tuple:
        return self.call, self.args


def checkpoints(marker: str) -> Iterator[tuple[str, bytes]]:
    """Pickles that run code, and damaged files."""
    for name, call in {
            'os.system': _Call(os.system, f'touch {marker}'),
            'eval': _Call(eval, f'open({marker!r}, "w")'),
            'exec': _Call(exec, f'open({marker!r}, "w")'),
            'open': _Call(open, marker, 'w'),
            'eval of an import': _Call(eval, f'__import__("os").system("touch {marker}")'),
            'torch.load': _Call(torch.load, marker)
    }.items():
        for where in ('state_dict', 'meta', 'optimizer'):
            content = dict(state_dict=dict(a=torch.ones(2)), meta=dict(epoch=1))
            content[where] = call
            for new in (True, False):
                file = io.BytesIO()
                torch.save(content, file, _use_new_zipfile_serialization=new)
                yield f"{name} as {where}, {'zip' if new else 'pickle'}", file.getvalue()
        yield f'{name} as a bare pickle', pickle.dumps(call)
    good = _checkpoint(True)
    for part in (0.01, 0.5, 0.9, 0.99):
        yield f'{part:.0%} of it', good[:int(part * len(good))]
    for place in (10, len(good) // 2, len(good) - 30):
        yield f'a byte changed at {place / len(good):.0%}', good[:place] + bytes([good[place] ^ 255]) + good[place + 1:]
    for name, content in {
            'a number': 3,
            'a list': [1],
            'no weights': {},
            'words': dict(state_dict='none'),
            'NaN': dict(state_dict=dict(a=torch.full((2, ), float('nan')))),
            'text for a weight': dict(state_dict=dict(a='x')),
            'a number for a name': dict(state_dict={1: torch.ones(1)})
    }.items():
        file = io.BytesIO()
        torch.save(content, file)
        yield name, file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as members:
        members.writestr('../../evil', 'x')
        members.writestr('archive/data.pkl', b'\x80\x02N.')
    yield 'a member that leads out', file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as members:
        members.writestr('archive/data.pkl', bytes(300_000_000))
    yield 'a bomb of 300 MB', file.getvalue()


def safetensors(marker: str) -> Iterator[tuple[str, bytes]]:
    """Headers that lie."""
    meta = dict(mmsight_format='1', config='a = 1', facts='{}')
    good = save(dict(a=torch.ones(3, 4)), meta)
    size = struct.unpack('<Q', good[:8])[0]
    for length in (0, 1, 2**31, 2**63, size - 1, size + 1):
        yield f'a header of {length}', struct.pack('<Q', length) + good[8:]
    header = json.loads(good[8:8 + size])
    for name, entry in {
            'a type': dict(dtype='F99'),
            'a negative side': dict(shape=[-3, 4]),
            'a huge side': dict(shape=[2**40, 4]),
            'offsets beyond': dict(data_offsets=[0, 2**40]),
            'offsets turned': dict(data_offsets=[48, 0])
    }.items():
        yield name, _with_header({**header, 'a': {**header['a'], **entry}}, good[8 + size:])
    for name, facts in {
            'code as its config': dict(config=f'open({marker!r}, "w")'),
            'facts that are no json': dict(facts='{'),
            'a newer format': dict(mmsight_format='99'),
            'no format': dict(mmsight_format=None)
    }.items():
        kept = {key: value for key, value in {**meta, **facts}.items() if value is not None}
        yield name, save(dict(a=torch.ones(3, 4)), kept)
    yield 'NaN', save(dict(a=torch.full((3, ), float('nan'))), meta)
    yield 'a header that is no json', struct.pack('<Q', 9) + b'{nothing}' + bytes(48)
    yield 'lists in one another', _with_header({}, b'', b'[' * 100_000)
    for count in (0, 7, 8, len(good) - 1):
        yield f'{count} bytes of it', good[:count]


def _with_header(header: dict, rest: bytes, text: bytes | None = None) -> bytes:
    text = json.dumps(header).encode() if text is None else text
    return struct.pack('<Q', len(text)) + text + rest
