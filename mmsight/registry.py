"""Child registries of mmengine's, scope ``mmsight``: configs write our types as ``mmsight.Name``.

``locations`` name only modules that import no host toolbox: one location that fails to import breaks every lookup. A
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
