"""The parts of a network and what they read, against a network whose wiring is known, and the models in the box."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmsight.engine import architecture
from mmsight.engine.figures import find_plan
from mmsight.engine.load_model import load_model
from mmsight.errors import InputError


class Wired(nn.Module):
    """Down, and up again beside a skip; a head that is called on both scales, and a layer that is never called."""

    def __init__(self):
        super().__init__()
        down = nn.Sequential(nn.Conv2d(4, 8, 2, 2), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList([nn.Conv2d(1, 4, 3, padding=1), down])
        self.pool = nn.MaxPool2d(2)
        self.merge = nn.Conv2d(12, 4, 1)
        self.reduce = nn.Conv2d(8, 4, 1)
        self.head = nn.Conv2d(4, 2, 1)
        self.spare = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        fine = self.stages[0](x).relu_()
        coarse = self.stages[1](fine)
        merged = self.merge(torch.cat([fine, nn.functional.interpolate(coarse, scale_factor=2)], dim=1))
        return self.head(merged), self.head(self.reduce(coarse)) + self.pool(self.head(merged) * 2)


def traced(opened=()):
    model = Wired().eval()
    return architecture.trace(SimpleNamespace(model=model, outputs=model), opened, torch.rand(1, 1, 8, 8))


def test_parts_read_what_they_are_wired_to():
    """Through a concatenation, an enlargement and a change in place; what is never called is left out."""
    parts = traced()
    assert {name: part.sources for name, part in parts.items()} == {
        'stages.0': ['image'], 'stages.1': ['stages.0'], 'merge': ['stages.0', 'stages.1'], 'head': ['merge', 'reduce'],
        'reduce': ['stages.1']}
    assert parts['stages.1'].shapes == [(8, 4, 4)] and parts['head'].shapes == [(2, 8, 8), (2, 4, 4), (2, 8, 8)]
    twice = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 2, 1))
    assert architecture.kind_of(twice) == '2 x Conv2d'
    assert parts['merge'].parameters == 12 * 4 + 4 and parts['stages.1'].kind == 'Conv2d'


def test_parts_are_opened():
    assert list(traced(['stages.1']))[:2] == ['stages.0', 'stages.1.0']
    with pytest.raises(InputError, match="no part 'stages.2' to open; did you mean stages"):
        traced(['stages.2'])


def test_parts_stand_below_what_they_read_and_right_of_larger_maps():
    at = architecture.places(traced(), (1, 8, 8))
    # the head stands below all that it reads, also what it is called on later
    assert at == {'image': (0, 0), 'stages.0': (0, 1), 'stages.1': (1, 2), 'merge': (0, 3), 'reduce': (1, 3), 'head': (0, 4)}


@pytest.mark.parametrize('paper', ['eas_unet', 'larsd', 's2net', 'sar_shipnet', 'super_resolution'])
def test_all_parameters_of_the_models_in_the_box_are_shown(paper):
    plan = find_plan(paper, 'architecture')
    cfg, model = load_model(plan.models[-1])
    parts = architecture.trace(*_arguments(cfg, model, plan.settings))
    assert sum(part.parameters for part in parts.values()) == sum(values.numel() for values in model.parameters())
    at = architecture.places(parts, (3, plan.settings['side'], plan.settings['side']))
    assert len(set(at.values())) == len(at) and all(at[name][1] > at[source][1] for name, part in parts.items()
                                                    for source in part.sources)
    figure = architecture.draw_parts(parts, (3, plan.settings['side'], plan.settings['side']))
    assert {text.get_text().split('\n')[0] for text in figure.axes[0].texts} == {'image', *parts}


def _arguments(cfg, model, settings):
    graph, image = architecture.image_of(cfg, model, settings['side'])
    return graph, settings['opened'], image
