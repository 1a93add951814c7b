"""A trained model as one ONNX file of standard operators, checked against ONNX Runtime.

The graph takes ``image`` (N, C, H, W), float32: what the config's test pipeline hands over, before any normalisation (which is
part of the graph), three channels in RGB. A function of this module per task says what comes out; what has a variable number of
rows, such as suppressed boxes or keypoints, is left to the code that runs the graph.
"""

import inspect
import logging
import warnings
from collections.abc import Callable
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

TOLERANCE = 1e-4
"""Largest difference to torch, as a share of an output's largest magnitude, which counts as 1 where it is smaller."""


def detect(model: Any, image: Tensor) -> dict[str, Tensor]:
    """The maps of a single-stage detector's head, named as its ``predict_by_feat`` takes them; levels are numbered."""
    if not hasattr(model, 'bbox_head'):
        raise InputError(f'{type(model).__name__} is no single-stage detector: only those can be exported')
    maps = model.bbox_head(model.extract_feat(image))
    names = inspect.signature(model.bbox_head.predict_by_feat).parameters
    found: dict[str, Tensor] = {}
    for name, value in zip(names, maps, strict=False):
        levels = {name: value} if isinstance(value, Tensor) else {f'{name}_{level}': part for level, part in enumerate(value)}
        found.update(levels)
    return found


def segment(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``probability`` (N, classes, H, W) of each pixel."""
    if not hasattr(model, 'encode_decode'):
        raise InputError(f'{type(model).__name__} is no 2D segmentor: only those can be exported')
    size = image.shape[-2:]
    logits = model.encode_decode(image, [dict(img_shape=size, ori_shape=size, pad_shape=size)])
    return dict(probability=logits.softmax(dim=1))


def upscale(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``enlarged`` (N, 3, scale * H, scale * W), RGB in [0, 255]."""
    normalise = model.data_preprocessor
    return dict(enlarged=(model.generator(image) * normalise.std + normalise.mean).clamp(0, 255))


def describe(model: Any, image: Tensor) -> dict[str, Tensor]:
    """Dense ``descriptors`` of unit length and the method's maps of scores."""
    if not hasattr(model, 'extract'):
        raise InputError(f'{type(model).__name__} has no extract(images): there is nothing to export')
    return dict(model.extract(image))


TASKS: dict[str, Callable[[Any, Tensor], dict[str, Tensor]]] = {
    'mmdet': detect, 'mmrotate': detect, 'mmseg': segment, 'mmagic': upscale, 'mmsight': describe}
"""A config's ``default_scope`` to what its graph returns."""


class Graph(nn.Module):
    """What is exported: normalisation, network and outputs of a model that is ready to predict."""

    def __init__(self, cfg: Config, model: nn.Module) -> None:
        super().__init__()
        if cfg.default_scope not in TASKS:
            raise InputError(f"{cfg.filename}: default_scope '{cfg.default_scope}' cannot be exported, only "
                             f"{', '.join(TASKS)}")
        settings = cfg.model.get('data_preprocessor') or {}
        self.config = Path(cfg.filename).stem
        self.model: Any = model
        self.task = TASKS[cfg.default_scope]
        self.flip = not (settings.get('bgr_to_rgb') or settings.get('output_channel_order') == 'RGB'
                         or cfg.default_scope == 'mmsight')  # hosts read BGR
        self.multiple = settings.get('pad_size_divisor') or settings.get('size_divisor') or 1

    @property
    def channels(self) -> int:
        """Of the image."""
        return next(part.in_channels for part in self.model.modules() if isinstance(part, nn.modules.conv._ConvNd))

    @property
    def peak(self) -> float:
        """Largest value of the image: 255 of pixels, 1 where the pipeline has scaled them, as of CT."""
        scaled = self.task in (segment, describe) and not hasattr(self.model.data_preprocessor, 'mean')
        return 1.0 if scaled else 255.0

    def outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Named outputs of ``image``; see the module."""
        if self.flip and image.shape[1] == 3:
            image = image.flip(1)
        mean = getattr(self.model.data_preprocessor, 'mean', None)
        if mean is not None:
            image = (image - mean) / self.model.data_preprocessor.std
        return self.task(self.model, image)

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
        InputError: If it needs an operator that is not standard, or cannot be traced.
    """
    import onnx
    axes = {0: 'batch', 2: 'height', 3: 'width'}
    with torch.no_grad():
        names = list(graph.outputs(image))

    def trace(shapes: dict | None) -> Any:
        logging.getLogger('torch.onnx').setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of the tracer, about its own future
            return torch.onnx.export(graph, (image, ), dynamo=True, input_names=['image'], output_names=names,
                                     dynamic_shapes=shapes, opset_version=opset, verbose=False)

    try:
        program = trace(dict(image=axes))
    except torch.onnx.errors.OnnxExporterError:
        axes = {}
        try:
            program = trace(None)
        except torch.onnx.errors.OnnxExporterError as error:
            raise InputError(f'{type(graph.model).__name__} cannot be exported: {error.__cause__ or error}') from error
    program.model.metadata_props.update(
        image=f'float32 (N, {graph.channels}, H, W) in [0, {graph.peak:g}], RGB if it has three channels, H and W multiples of '
        f'{graph.multiple}', task=graph.task.__name__, config=graph.config)
    make_folder(path.parent)
    with complete_file(path) as scratch:
        program.save(str(scratch), external_data=False)
        foreign = {node.domain for node in onnx.load(scratch).graph.node} - {'', 'ai.onnx'}
        if foreign:
            raise InputError(f"{type(graph.model).__name__} needs operators of {', '.join(sorted(foreign))}")
    return list(axes.values())


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
        raise InputError(f'the test set of {cfg.filename} is not there ({error}); --random-only checks without it') from error
    image = item['inputs'] if 'inputs' in item else item['images']
    image = torch.as_tensor(np.asarray(image))
    image = image * (peak / 255) if image.dtype == torch.uint8 else image.float()
    image = image if image.ndim == 4 else image[None]
    if image.shape[1] == 3 and cfg.default_scope != 'mmsight':  # hosts read BGR
        image = image.flip(1)
    height, width = image.shape[-2:]
    return nn.functional.pad(image, (0, -width % multiple, 0, -height % multiple))
