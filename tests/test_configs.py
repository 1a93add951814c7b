"""Every config parses and follows the rules; every model of ours trains one step and predicts."""

import re

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmsight.configs import first_comment, list_configs, load_config
from mmsight.tasks import task_of

CONFIGS = {f'{path.parent.name}/{path.stem}': path for path in list_configs()}
PAPER = [name for name in CONFIGS if name.startswith('sar_shipnet/')]
LIVER = [name for name in CONFIGS if name.startswith('eas_unet/') and 'vnet' not in name]
# one of each model; the rest differ in data, schedule or alpha
MODELS = [f'sar_shipnet/{name}' for name in (
    'sar_shipnet_toy', 'sar-shipnet_lite0_ssdd_512_dense', 'sar-shipnet_r50_ssdd_512', 'centernet_r50_ssdd_512',
    'sar-shipnet_r50_ssdd_512_ca',
    'sar-shipnet_r50_ssdd_512_bca', 'sar-shipnet_r50_ssdd_512_bca-mrf', 'centernet_r18w32_ssdd_256', 'yolov3_d53_ssdd_416',
    'yolox_m_ssdd_640', 'ssd300_vgg16_ssdd_300', 'ssd512_vgg16_ssdd_512', 'retinanet_r50_ssdd_600',
    'faster-rcnn_r50_ssdd_600', 'retinanet_lite0_ssdd_256', 'faster-rcnn_lite0_ssdd_256', 'yolox_tiny_ssdd_256')]


# <model>_<backbone>_<data>_<size>[_<knob>], with hyphens inside a field
NAME = r'[a-z0-9-]+_[a-z0-9-]+_[a-z0-9-]+_(\d+(x\d+)*|x\d)(_[a-z0-9.-]+)?'


@pytest.mark.parametrize('name', CONFIGS)
def test_config_parses_and_follows_the_rules(name):
    cfg = load_config(str(CONFIGS[name]))
    paper, stem = name.split('/')
    assert re.fullmatch(rf'{paper}_toy(_[a-z-]+)?|{NAME}', stem) or paper == 'example_project'
    assert first_comment(CONFIGS[name])
    assert cfg.custom_imports == dict(imports=[f'mmsight.projects.{paper}'], allow_failed_imports=False)
    task_of(cfg)
    assert {'model', 'train_dataloader', 'test_dataloader', 'test_evaluator', 'optim_wrapper', 'train_cfg'} <= cfg.keys()
    assert not any('T_max' in scheduler for scheduler in cfg.get('param_scheduler') or [])  # the cosine ends with the training
    if name.endswith('_toy'):
        assert cfg.toy_data == paper and cfg.expected_results


@pytest.mark.parametrize('name', PAPER)
def test_one_class_and_one_metric_for_every_detector(name):
    cfg = load_config(str(CONFIGS[name]))
    head = cfg.model.roi_head.bbox_head if 'roi_head' in cfg.model else cfg.model.bbox_head
    assert head.num_classes == 1
    assert cfg.test_evaluator[0].type == 'mmsight.ShipDetectionMetric'
    scales = [step.scale for step in cfg.test_dataloader.dataset.pipeline if step.type == 'Resize']
    if name.rsplit('_', 1)[-1].isdigit():
        assert list(scales[0]) == [int(name.rsplit('_', 1)[-1])] * 2


@pytest.mark.parametrize('alpha', range(1, 10))
def test_table_3_differs_in_alpha_alone(alpha):
    base = load_config('sar-shipnet_r50_sarship_512').to_dict()
    leaf = load_config(f'sar-shipnet_r50_sarship_512_alpha0.{alpha}').to_dict()
    assert leaf['model']['bbox_head'].pop('gaussian') == dict(shape='elliptic', alpha=alpha / 10)
    base['model']['bbox_head'].pop('gaussian')
    assert base == leaf


@pytest.mark.slow
@pytest.mark.parametrize('name', MODELS)
def test_model_trains_a_step_and_predicts(name):
    """A finite loss, a gradient on every trainable parameter, and predictions, with an empty image in the batch."""
    from mmdet.registry import MODELS as REGISTRY
    from mmdet.structures import DetDataSample
    torch.manual_seed(0)
    cfg = load_config(name)
    init_default_scope('mmdet')
    model = REGISTRY.build(_without_downloads(cfg.model))
    model.init_weights()  # SSD's norm is uninitialised memory until then
    head = getattr(model, 'bbox_head', None)
    if hasattr(head, 'heatmap_head'):
        torch.nn.init.normal_(head.heatmap_head[-1].weight, std=0.01)  # starts at 0, which stops the gradient behind it
    size = 288 if 'ssd512' in name else 300 if 'ssd300' in name else 128  # the least that leaves SSD's last map a cell
    meta = dict(img_shape=(size, size), ori_shape=(size, size), batch_input_shape=(size, size), pad_shape=(size, size),
                scale_factor=(1., 1.), img_id=0)
    samples = [DetDataSample(metainfo=meta), DetDataSample(metainfo=meta)]
    samples[0].gt_instances = InstanceData(bboxes=torch.tensor([[20., 30., 70., 60.]]), labels=torch.zeros(1, dtype=torch.long))
    samples[1].gt_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    images = torch.randn(2, 3, size, size)
    model.train()
    loss, _ = model.parse_losses(model.loss(images, samples))
    loss.backward()
    assert torch.isfinite(loss)
    silent = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not silent
    model.eval()
    with torch.no_grad():
        for sample in model.predict(images, samples):
            assert sample.pred_instances.bboxes.shape[1] == 4 and torch.isfinite(sample.pred_instances.scores).all()


@pytest.mark.parametrize('name', LIVER)
def test_segmentor_trains_a_step_and_predicts(name):
    """A finite loss and a gradient on every parameter, with a slice without liver and ignored pixels; any size predicts."""
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS as REGISTRY
    from mmseg.structures import SegDataSample
    torch.manual_seed(0)
    cfg = load_config(name)
    init_default_scope('mmseg')
    _narrow(cfg.model)
    model = REGISTRY.build(cfg.model).train()
    target = torch.randint(0, 2, (2, 1, 48, 64))
    target[0], target[1, :, :9] = 0, 255
    meta = dict(img_shape=(48, 64), ori_shape=(48, 64), pad_shape=(48, 64))
    samples = [SegDataSample(gt_sem_seg=PixelData(data=part), metainfo=meta) for part in target]
    channels = cfg.model.backbone.get('in_channels', 1)
    loss, _ = model.parse_losses(model(torch.rand(2, channels, 48, 64), samples, mode='loss'))
    loss.backward()
    assert torch.isfinite(loss) and not [key for key, value in model.named_parameters() if value.grad is None]
    sample = SegDataSample(metainfo=dict(img_shape=(48, 64), ori_shape=(96, 128), pad_shape=(48, 64)))
    with torch.no_grad():
        predicted, = model.eval()(torch.rand(1, channels, 48, 64), [sample], mode='predict')
    assert predicted.pred_sem_seg.data.shape == (1, 96, 128)


def _narrow(model):
    """The same network at width 4: full width is tested by the benchmark's sizes."""
    width = model.backbone.get('base_channels')
    if width is None:  # a yardstick from outside, which is narrow
        return
    model.backbone.base_channels = 4
    head = model.decode_head
    head.in_channels = [n * 4 // width for n in head.in_channels] if head.type == 'mmsight.FusionHead' else 4
    if 'channels' in head:
        head.channels = 4
    if 'neck' in model:
        model.neck.in_channels = [n and n * 4 // width for n in model.neck.in_channels]


@pytest.mark.parametrize('name', ['eas-unet_w16_slices_64', 'eas-unet_w64_lits_256'])
def test_ablation_adds_one_part_at_a_time(name):
    plain, eas, full = (load_config(f'{name}{suffix}').model for suffix in ('_dsconv', '_dsconv-eas', ''))
    assert (plain.backbone.eas_stages, eas.backbone.eas_stages, full.backbone.eas_stages) == ((), (4, ), (4, ))
    assert plain.decode_head == eas.decode_head and full.decode_head.type == 'mmsight.FusionHead'
    assert {key: value for key, value in plain.backbone.items() if key != 'eas_stages'} == \
        {key: value for key, value in full.backbone.items() if key != 'eas_stages'}


@pytest.mark.parametrize('ours, bound', [('eas-unet_w64_lits_256', 0.5), ('eas-unet_w64_lits_256_separable', 0.3)])
def test_share_of_the_parameters_of_unet(ours, bound):
    from mmseg.registry import MODELS as REGISTRY
    init_default_scope('mmseg')
    with torch.device('meta'):
        sizes = [sum(p.numel() for p in REGISTRY.build(load_config(name).model).parameters())
                 for name in (ours, 'unet-2d_w64_lits_256')]
    assert sizes[0] <= bound * sizes[1]


# one of each model, and each row of Tables II to IV that is trained
ROTATED = [f'larsd/{name}' for name in (
    'larsd_toy', *(f'larsd-{row}_r101_hrsc2016_512' for row in ('baseline', 5, 6, 7, 9, 10)),
    *(f'{name}_hrsc2016_512' for name in ('rotated-retinanet_r50', 'rotated-fcos_r50', 'rtmdet-r_tiny', 's2anet_r50',
                                          'roi-trans_r50')),
    *(f'{name}_hrsc2016_512_lasa' for name in ('rotated-retinanet_r50', 'rotated-fcos_r50', 'rtmdet-r_tiny')),
    'rotated-fcos_r18w16_ssdd_256_lasa', 's2anet_r18w16_ssdd_256', 'larsd-11_lite0_ssdd_512', 'larsd-11_r18w16_ssdd_256',
    'larsd-11_r18w16_inshore_512', 'rotated-retinanet_r18w16_ssdd_256',
    'rtmdet-r_w24_ssdd_256',
    'rotated-fcos_r18w16_toy_128')]
# rows that are tested with another one's checkpoint
TESTED = {f'larsd/larsd-{trained}_r101_hrsc2016_512': [f'larsd-{row}_r101_hrsc2016_512' for row in rows]
          for trained, rows in (('baseline', (1, 2, 3, 4)), (7, (8, )), (10, (11, )))}


@pytest.mark.slow
@pytest.mark.parametrize('name', ROTATED)
def test_rotated_detector_trains_a_step_and_predicts(name):
    """A finite loss, a gradient on every trainable parameter, and rotated boxes, with an empty image in the batch."""
    from mmdet.structures import DetDataSample
    from mmengine.model import revert_sync_batchnorm
    from mmrotate.registry import MODELS as REGISTRY
    from mmrotate.structures import RotatedBoxes
    torch.manual_seed(0)
    cfg = load_config(name)
    assert cfg.test_evaluator.type == 'mmsight.RotatedShipMetric'
    init_default_scope('mmrotate')
    if 'roi_head' in cfg.model:  # the stand-in for compiled operators takes half a minute for the usual two thousand
        cfg.model.train_cfg.rpn_proposal.max_per_img = cfg.model.test_cfg.rpn.max_per_img = 100
    model = revert_sync_batchnorm(REGISTRY.build(_without_downloads(cfg.model)))
    meta = dict(img_shape=(128, 128), ori_shape=(128, 128), batch_input_shape=(128, 128), pad_shape=(128, 128),
                scale_factor=(1., 1.), img_id=0)
    samples = [DetDataSample(metainfo=meta), DetDataSample(metainfo=meta)]
    ships = torch.tensor([[60., 50., 70., 14., 0.4], [90., 90., 12., 40., -0.3], [30., 100., 20., 6., 1.2]])
    samples[0].gt_instances = InstanceData(bboxes=RotatedBoxes(ships), labels=torch.zeros(3, dtype=torch.long))
    samples[1].gt_instances = InstanceData(bboxes=RotatedBoxes(torch.zeros(0, 5)), labels=torch.zeros(0, dtype=torch.long))
    images = torch.randn(2, 3, 128, 128)
    model.train()
    loss, _ = model.parse_losses(model.loss(images, samples))
    loss.backward()
    assert torch.isfinite(loss)
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    model.eval()
    for settings in (cfg.model.test_cfg, *(load_config(row).model.test_cfg for row in TESTED.get(name, ()))):
        model.test_cfg = settings
        if 'bbox_head' in cfg.model:
            model.bbox_head.test_cfg = settings
        with torch.no_grad():
            for sample in model.predict(images, samples):
                assert sample.pred_instances.bboxes.shape[1] == 5 and torch.isfinite(sample.pred_instances.scores).all()


def test_rows_of_the_tables_differ_in_one_knob():
    """Tables II to IV: the same checkpoint with other points, another level, anchors."""
    models = {row: load_config(f'larsd-{row}_r101_hrsc2016_512').model for row in ('baseline', *range(1, 12))}
    for trained, tested, pattern in (('baseline', 1, 'rect9'), ('baseline', 2, 'diamond5'), ('baseline', 3, 'diamond9'),
                                     ('baseline', 4, 'diamond13'), (7, 8, 'diamond9'), (10, 11, 'diamond9')):
        with_lasa = models[tested].to_dict()
        assert with_lasa['test_cfg'].pop('lasa') == dict(pattern=pattern)
        assert with_lasa == models[trained].to_dict()
    for data in ('ssdd_256', 'inshore_512'):
        names = [f'larsd-{row}_r18w16_{data}' for row in ('baseline', 3, 10, 11)]
        reduced = [load_config(name).model.to_dict() for name in [*names, f'{names[-1]}_blend']]
        lasas = [model['test_cfg'].pop('lasa', None) for model in reduced]
        assert lasas == [None, dict(pattern='diamond9')] * 2 + [dict(pattern='diamond9', raw_weight=0.5)]
        assert reduced[0] == reduced[1] != reduced[2] == reduced[3] == reduced[4]
    assert [tuple(models[row].neck.out_levels) for row in ('baseline', 5, 6, 7, 9, 10)] == \
        [(2, ), (3, ), (4, ), (2, 3, 4), (2, ), (2, 3, 4)]
    anchors = models[9].bbox_head.prior_generator.anchors
    assert len(anchors) == 1 and anchors[0] == sum(models[10].bbox_head.prior_generator.anchors, [])


def _without_downloads(node):
    """The model config with every init_cfg gone: weights are drawn, not fetched."""
    if isinstance(node, dict):
        cleaned = ConfigDict({key: _without_downloads(value) for key, value in node.items()})
        if 'init_cfg' in cleaned:
            cleaned['init_cfg'] = None
        return cleaned
    return type(node)(_without_downloads(value) for value in node) if isinstance(node, (list, tuple)) else node


def test_real_data_configs_point_at_mmsight_data(monkeypatch, root):
    monkeypatch.setenv('MMSIGHT_DATA', '/elsewhere')
    cfg = Config.fromfile(str(root / 'configs/sar_shipnet/sar-shipnet_r50_ssdd_512.py'))
    assert cfg.train_dataloader.dataset.data_root == '/elsewhere/ssdd/'


def test_hrsid_trains_and_tests_on_other_lists():
    cfg = load_config('sar-shipnet_r50_hrsid_800')
    assert [cfg[f'{split}_dataloader'].dataset.ann_file for split in ('train', 'val', 'test')] == [
        f'annotations/{split}.json' for split in ('train', 'val', 'test')]
