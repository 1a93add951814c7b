"""The network, drawn from the built model."""

from matplotlib.figure import Figure

from mmsight.engine.architecture import draw_architecture
from mmsight.engine.figures import Inputs


def draw(inputs: Inputs, opened: list[str], side: int) -> Figure:
    """See :func:`mmsight.engine.architecture.draw_architecture`; of several models the last one."""
    return draw_architecture(list(inputs.models.values())[-1], opened, side)
