"""Child registries of mmengine's, scope ``mmsight``: configs write our types as ``mmsight.Name``.

Kinds of which MMSight has no types have a registry all the same: without one mmengine warns whenever a training of this scope
starts. ``locations`` name only modules that import no host toolbox: one location that fails to import breaks every lookup. A
project's types are registered by the config's ``custom_imports``.
"""

from mmengine import registry as root

_ENGINE = ['mmsight.engine']

HOOKS = root.Registry('hook', parent=root.HOOKS, scope='mmsight', locations=_ENGINE)
DATASETS = root.Registry('dataset', parent=root.DATASETS, scope='mmsight', locations=_ENGINE)
TRANSFORMS = root.Registry('transform', parent=root.TRANSFORMS, scope='mmsight', locations=_ENGINE)
MODELS = root.Registry('model', parent=root.MODELS, scope='mmsight', locations=[*_ENGINE, 'mmsight.models'])
OPTIM_WRAPPERS = root.Registry('optim wrapper', parent=root.OPTIM_WRAPPERS, scope='mmsight', locations=_ENGINE)
METRICS = root.Registry('metric', parent=root.METRICS, scope='mmsight', locations=_ENGINE)
EVALUATOR = root.Registry('evaluator', parent=root.EVALUATOR, scope='mmsight', locations=_ENGINE)
LOOPS = root.Registry('loop', parent=root.LOOPS, scope='mmsight', locations=_ENGINE)
VISUALIZERS = root.Registry('visualizer', parent=root.VISUALIZERS, scope='mmsight', locations=_ENGINE)
TASK_UTILS = root.Registry('task util', parent=root.TASK_UTILS, scope='mmsight', locations=_ENGINE)
DATA_SAMPLERS = root.Registry('data sampler', parent=root.DATA_SAMPLERS, scope='mmsight', locations=_ENGINE)
OPTIMIZERS = root.Registry('optimizer', parent=root.OPTIMIZERS, scope='mmsight', locations=_ENGINE)
OPTIM_WRAPPER_CONSTRUCTORS = root.Registry('optimizer wrapper constructor', parent=root.OPTIM_WRAPPER_CONSTRUCTORS,
                                           scope='mmsight', locations=_ENGINE)
PARAM_SCHEDULERS = root.Registry('parameter scheduler', parent=root.PARAM_SCHEDULERS, scope='mmsight', locations=_ENGINE)
VISBACKENDS = root.Registry('vis_backend', parent=root.VISBACKENDS, scope='mmsight', locations=_ENGINE)
