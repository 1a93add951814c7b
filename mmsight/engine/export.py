"""A trained model as one ONNX file of standard operators, checked against ONNX Runtime.

The graph takes ``image`` (N, C, H, W), float32: what the config's test pipeline hands over, before any normalisation (which is
part of the graph), three channels in RGB. The config's task says what comes out (:class:`mmsight.tasks.Export`); what has a
variable number of rows, such as suppressed boxes or keypoints, is left to the code that runs the graph.
"""

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from torch import Tensor, nn

from mmsight.engine.toy import ensure_toy_data, toy_root
from mmsight.errors import InputError
from mmsight.files import complete_file, make_folder
from mmsight.tasks import task_of

TOLERANCE = 1e-4
"""Largest difference to torch, as a share of an output's largest magnitude, which counts as 1 where it is smaller."""


class Graph(nn.Module):
    """What is exported: normalisation, network and outputs of a model that is ready to predict."""

    def __init__(self, cfg: Config, model: nn.Module) -> None:
        super().__init__()
        self.task = task_of(cfg)
        if self.task.export is None:
            raise InputError(f'{cfg.filename}: models of `mmsight {self.task.name}` cannot be exported')
        self.export = self.task.export
        settings = cfg.model.get('data_preprocessor') or {}
        self.config = Path(cfg.filename).stem
        self.model: Any = model
        self.flip = not (settings.get('bgr_to_rgb') or settings.get('output_channel_order') == 'RGB' or self.export.rgb)
        self.multiple = settings.get('pad_size_divisor') or settings.get('size_divisor') or 1

    @property
    def channels(self) -> int:
        """Of the image."""
        return self.export.channels or next(
            part.in_channels for part in self.model.modules() if isinstance(part, nn.modules.conv._ConvNd))

    @property
    def peak(self) -> float:
        """Largest value of the image: 255 of pixels that the graph normalises, else what the task says."""
        return 255.0 if hasattr(self.model.data_preprocessor, 'mean') else self.export.peak

    def outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Named outputs of ``image``; see the module."""
        if self.flip and image.shape[1] == 3:
            image = image.flip(1)
        mean = getattr(self.model.data_preprocessor, 'mean', None)
        if mean is not None:
            image = (image - mean) / self.model.data_preprocessor.std
        return self.export.outputs(self.model, image)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The outputs without their names."""
        return tuple(self.outputs(image).values())


def export_onnx(graph: Graph, image: Tensor, path: Path, opset: int = 18) -> list[str]:
    """Write one file, under its name only once it is complete; batch, height and width stay free where the network allows.

    Args:
        graph (Graph): See there.
        image (Tensor): (N, C, H, W) to trace with; N, H and W above 1.
        path (Path): ``.onnx`` file.
        opset (int): Version of ONNX's operators.

    Returns:
        list[str]: Names of the free axes; empty if the network fixes its input.

    Raises:
        InputError: If it needs an operator that is not standard, cannot be traced, or cannot be had with this opset.
    """
    axes = {0: 'batch', 2: 'height', 3: 'width'}
    with torch.no_grad():
        names = list(graph.outputs(image))
    facts = dict(
        image=f'float32 (N, {graph.channels}, H, W) in [0, {graph.peak:g}], RGB if it has three channels, H and W multiples of '
        f'{graph.multiple}', task=graph.task.name, config=graph.config)
    try:
        write_onnx(graph, image, names, axes, path, opset, facts)
    except torch.onnx.errors.OnnxExporterError:
        axes = {}
        try:
            write_onnx(graph, image, names, axes, path, opset, facts)
        except torch.onnx.errors.OnnxExporterError as error:
            raise InputError(f'{type(graph.model).__name__} cannot be exported: {error.__cause__ or error}') from error
    return list(axes.values())


def write_onnx(network: Any, image: Tensor, names: list[str], axes: dict[int, str], path: Path, opset: int = 18,
               facts: dict[str, str] | None = None) -> None:
    """Trace a network and write it, under its name only once it is complete.

    Args:
        network (nn.Module): Holds the ``model``; returns a tuple of tensors.
        image (Tensor): (N, C, H, W) to trace with; axes that stay free need more than one place.
        names (list[str]): Of the outputs.
        axes (dict[int, str]): Axes of the image that stay free.
        path (Path): ``.onnx`` file.
        opset (int): Version of ONNX's operators.
        facts (dict[str, str], optional): Kept in the file.

    Raises:
        InputError: If it needs an operator that is not standard, or cannot be had with this opset.
        torch.onnx.errors.OnnxExporterError: If it cannot be traced.
    """
    import onnx
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # deprecation warnings of the tracer itself
        program = torch.onnx.export(network, (image, ), dynamo=True, input_names=['image'], output_names=names,
                                    dynamic_shapes=dict(image=axes) if axes else None, opset_version=opset, verbose=False)
    assert program is not None
    program.model.metadata_props.update(facts or {})
    make_folder(path.parent)
    with complete_file(path) as scratch:
        program.save(str(scratch), external_data=False)
        written = onnx.load(scratch)
        versions = {item.version for item in written.opset_import if item.domain in ('', 'ai.onnx')}
        if versions != {opset}:  # torch keeps its own where it cannot convert
            raise InputError(f'opset {opset} cannot be had for {type(network.model).__name__}, only '
                             f"{', '.join(map(str, versions))}")
        foreign = {node.domain for node in written.graph.node} - {'', 'ai.onnx'}
        if foreign:
            raise InputError(f"{type(network.model).__name__} needs operators of {', '.join(sorted(foreign))}")


def session(path: Path) -> Any:
    """ONNX Runtime on the CPU, with as many threads as torch has."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])


def differences(graph: Graph, path: Path, image: Tensor) -> dict[str, float]:
    """Largest difference of each output between torch and ONNX Runtime, as :data:`TOLERANCE` counts it."""
    with torch.no_grad():
        expected = {name: value.numpy() for name, value in graph.outputs(image).items()}
    found = session(path).run(list(expected), {'image': image.numpy()})
    return {name: float(np.abs(got - value).max() / max(1.0, np.abs(value).max()))
            for (name, value), got in zip(expected.items(), found, strict=True)}


def test_image(cfg: Config, multiple: int, peak: float) -> Tensor:
    """The first image of a config's test set as a graph takes it, padded by zeros to a multiple of ``multiple``.

    Pixels of 8 bits are scaled to [0, ``peak``]; what a pipeline has scaled already stays as it is.

    Raises:
        InputError: If the data are not there.
    """
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data, toy_root(cfg.toy_data))
    try:
        item = DATASETS.build(cfg.test_dataloader.dataset)[0]
    except FileNotFoundError as error:
        raise InputError(f'the test set of {cfg.filename} cannot be read ({error}); --random-only checks without it') from error
    image = item.get('inputs', item.get('images'))
    if image is None:
        raise InputError(f'the test set of {cfg.filename} contains no images; --random-only checks without it')
    image = torch.as_tensor(np.asarray(image))
    image = image * (peak / 255) if image.dtype == torch.uint8 else image.float()
    image = image if image.ndim == 4 else image[None]
    export = task_of(cfg).export
    if image.shape[1] == 3 and not (export and export.rgb):
        image = image.flip(1)
    height, width = image.shape[-2:]
    return nn.functional.pad(image, (0, -width % multiple, 0, -height % multiple))
