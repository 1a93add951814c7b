"""Hooks and run logic that no host toolbox has. Imports no host."""

from mmsight.compat import mmengine_load, mmengine_pretty_text, mmengine_save

from .cached import Cached
from .channels_last_hook import ChannelsLastHook
from .checkpoint_hook import CheckCheckpointHook, CheckpointHook
from .finite_hook import FiniteHook
from .mixed_precision import AutocastOptimWrapper, full_precision
from .pretrained import load_from_package
from .result_hook import ResultHook
from .resume_hook import ResumeHook
from .stop_hook import StopHook
from .train_loops import EpochTrainLoop, IterTrainLoop
from .train_part_hook import TrainPartHook
from .weights import load_from_safetensors

__all__ = ['AutocastOptimWrapper', 'Cached', 'ChannelsLastHook', 'CheckCheckpointHook', 'CheckpointHook', 'EpochTrainLoop',
           'FiniteHook', 'IterTrainLoop', 'ResultHook', 'ResumeHook', 'StopHook', 'TrainPartHook', 'full_precision',
           'load_from_package', 'load_from_safetensors']

mmengine_load.apply()
mmengine_pretty_text.apply()
mmengine_save.apply()
