"""Feature loss, adversarial loss, and the totals of both kinds of model against plain arithmetic."""

import math

import pytest
import skimage.data
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope
from mmsight.projects.super_resolution import AdversarialLoss, AdversarialSuperResolver, SuperResolver, VGGFeatureLoss
from mmsight.projects.super_resolution.vgg_loss import layer_index
from torchvision.models import vgg16, vgg19

from mmsight.engine.pretrained import vgg16_hed
from mmsight.errors import InputError

PREPROCESSOR = dict(type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, output_channel_order='RGB')
GENERATOR = dict(type='mmsight.SRCNNGenerator', width=4, up_width=4)


def random_loss(**options):
    loss = VGGFeatureLoss(weights='random', **options)
    loss.init_weights()
    return loss


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """VGG19's whole state, drawn at random: the file's format is what counts."""
    path = tmp_path_factory.mktemp('vgg') / 'vgg19.pth'
    with torch.device('meta'):
        net = vgg19(weights=None)
    state = {name: torch.randn(value.shape) * 0.05 if name.startswith('features') else torch.empty(0)
             for name, value in net.state_dict().items()}
    torch.save(state, path)
    return path, state


@pytest.mark.parametrize('layer, index', [('conv1_1', 0), ('conv2_2', 7), ('conv3_3', 14), ('conv3_4', 16), ('conv5_4', 34)])
def test_layers_by_torchvision_index(layer, index):
    assert layer_index(layer) == index
    with torch.device('meta'):
        assert isinstance(vgg19(weights=None).features[index], torch.nn.Conv2d)


def test_the_report_takes_the_last_convolution_before_the_third_pool():
    with torch.device('meta'):
        features = vgg19(weights=None).features
    pools = [i for i, module in enumerate(features) if isinstance(module, torch.nn.MaxPool2d)]
    assert layer_index('conv3_4') + 2 == pools[2]


@pytest.mark.parametrize('post_relu', [True, False])
@pytest.mark.parametrize('normalise', ['imagenet', 'raw'])
def test_features_are_torchvisions(weights, post_relu, normalise):
    path, state = weights
    loss = VGGFeatureLoss('conv3_3', post_relu, normalise, str(path))
    loss.init_weights()
    x = torch.rand(1, 3, 24, 20) * 2 - 1
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    y = ((x + 1) / 2 - mean) / std if normalise == 'imagenet' else x
    for index in (0, 2, 5, 7, 10, 12, 14):
        if index in (5, 10):
            y = F.max_pool2d(y, 2)
        y = F.conv2d(y, state[f'features.{index}.weight'], state[f'features.{index}.bias'], padding=1)
        y = F.relu(y) if index < 14 or post_relu else y
    assert torch.allclose(loss.features(x), y, rtol=1e-4, atol=1e-5)
    other = torch.rand_like(x)
    expected = (loss.features(x) - loss.features(other)).square().mean()
    assert torch.allclose(loss(x, other), expected)


def test_vgg16_from_an_installed_package_sees_bgr_in_0_to_255():
    """Layer by layer in plain torch."""
    loss = VGGFeatureLoss('conv2_1', network='VGG16', normalise='caffe', weights='mmsight://vgg16-hed')
    loss.init_weights()
    state = vgg16_hed()
    x = torch.rand(1, 3, 12, 10) * 2 - 1
    y = ((x + 1) * 127.5)[:, [2, 1, 0]] - torch.tensor([104.007, 116.669, 122.679]).view(3, 1, 1)
    for index in (0, 2, 5):
        y = F.max_pool2d(y, 2) if index == 5 else y
        y = F.relu(F.conv2d(y, state[f'features.{index}.weight'], state[f'features.{index}.bias'], padding=1))
    assert torch.allclose(loss.features(x), y, rtol=1e-4, atol=1e-2)


def test_features_of_vgg16_hed_hardly_see_colours():
    """Why the perceptual loss alone loses them: a negative is hardly farther from an image than its bicubic enlargement."""
    photo = torch.from_numpy(skimage.data.coffee()[60:188, 120:248].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    small = F.interpolate(photo, scale_factor=0.25, mode='bicubic', antialias=True)
    enlarged = F.interpolate(small, scale_factor=4, mode='bicubic')
    loss = VGGFeatureLoss('conv3_3', network='VGG16', normalise='caffe', weights='mmsight://vgg16-hed')
    loss.init_weights()
    assert loss(-photo, photo) < 5 * loss(enlarged, photo)
    assert F.mse_loss(-photo, photo) > 40 * F.mse_loss(enlarged, photo)


@pytest.mark.parametrize('layer, index', [('conv3_3', 14), ('conv4_1', 17), ('conv5_3', 28)])
def test_layers_of_vgg16(layer, index):
    assert layer_index(layer, 'VGG16') == index
    with torch.device('meta'):
        assert isinstance(vgg16(weights=None).features[index], torch.nn.Conv2d)
    with pytest.raises(ValueError, match="VGG16 has no layer 'conv3_4'"):
        layer_index('conv3_4', 'VGG16')


def test_feature_loss_of_equal_images_is_zero_and_its_gradient_reaches_the_generated_alone():
    loss = random_loss()
    x, y = torch.rand(1, 3, 16, 16, requires_grad=True), torch.rand(1, 3, 16, 16, requires_grad=True)
    assert loss(x, x) == 0
    loss(x, y).backward()
    assert x.grad.abs().sum() > 0 and y.grad is None
    assert not list(loss.parameters()) and not loss.state_dict()


def test_missing_weights_stop_the_training(tmp_path):
    with pytest.raises(InputError, match='none.pth: the VGG19 weights do not exist; give the path of vgg19'):
        VGGFeatureLoss(weights=str(tmp_path / 'none.pth')).init_weights()


def test_weights_that_cannot_be_downloaded(monkeypatch):
    import urllib.error

    def fail(*args, **kwargs):
        raise urllib.error.URLError('no network')

    monkeypatch.setattr('torch.hub.download_url_to_file', fail)
    with pytest.raises(InputError, match='cannot be downloaded .*no network.*give the path'):
        VGGFeatureLoss(weights='torchvision').init_weights()


def test_weights_of_another_vgg(tmp_path):
    with torch.device('meta'):
        shapes = {name: value.shape for name, value in vgg16(weights=None).features.state_dict(prefix='features.').items()}
    torch.save({name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / 'vgg16.pth')
    with pytest.raises(InputError, match='vgg16.pth: these are not the weights of VGG19'):
        VGGFeatureLoss('conv3_3', weights=str(tmp_path / 'vgg16.pth')).init_weights()


@pytest.mark.parametrize('content', [b'', b'not a checkpoint'])
def test_weights_that_cannot_be_read(tmp_path, content):
    (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(InputError, match='bad.pth: the VGG19 weights cannot be read'):
        VGGFeatureLoss(weights=str(tmp_path / 'bad.pth')).init_weights()


def test_weights_are_asked_for_only_when_training_begins():
    with pytest.raises(RuntimeError, match='init_weights'):
        VGGFeatureLoss(weights='random')(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))


def test_unknown_layer():
    with pytest.raises(ValueError, match="no layer 'conv3_5'"):
        VGGFeatureLoss('conv3_5')


def test_adversarial_loss():
    logits = torch.tensor([[[[0.3, -1.2]]]])
    p = [1 / (1 + math.exp(-v)) for v in (0.3, -1.2)]
    loss = AdversarialLoss('bce', 'lsgan', loss_weight=1e-3)
    assert loss(logits, True).item() == pytest.approx(-1e-3 * (math.log(p[0]) + math.log(p[1])) / 2)
    assert loss(logits, False, is_disc=True).item() == pytest.approx((p[0]**2 + p[1]**2) / 2)
    assert loss(logits, True, is_disc=True).item() == pytest.approx(((1 - p[0])**2 + (1 - p[1])**2) / 2)
    smooth = AdversarialLoss('bce', 'bce', real_label=0.9)
    expected = -sum(0.9 * math.log(v) + 0.1 * math.log(1 - v) for v in p) / 2
    assert smooth(logits, True, is_disc=True).item() == pytest.approx(expected)
    with pytest.raises(ValueError, match='one of bce, lsgan'):
        AdversarialLoss('wgan')


def batch(number=4):
    from mmagic.structures import DataSample
    torch.manual_seed(0)
    images = [torch.randint(0, 256, (3, 6, 6), dtype=torch.uint8) for _ in range(number)]
    samples = [DataSample(gt_img=torch.randint(0, 256, (3, 24, 24), dtype=torch.uint8)) for _ in range(number)]
    for sample in samples:
        sample.set_metainfo({f'{key}_{what}': value for key in ('gt', 'img')
                             for what, value in (('channel_order', 'rgb'), ('color_type', 'color'))})
    return dict(inputs=images, data_samples=samples)


def tensors(data):
    low = torch.stack(data['inputs']).float() / 127.5 - 1
    high = torch.stack([sample.gt_img for sample in data['data_samples']]).float() / 127.5 - 1
    return low, high


@pytest.fixture
def _host():
    init_default_scope('mmagic')


@pytest.mark.usefixtures('_host')
def test_srcnn_loss_is_the_content_loss():
    data = batch()
    low, high = tensors(data)
    model = SuperResolver(GENERATOR, dict(type='MSELoss'), data_preprocessor=PREPROCESSOR)
    model.init_weights()
    expected = (model.generator(low) - high).square().mean()
    found = model.train_step(data, OptimWrapper(torch.optim.SGD(model.parameters(), 0.0)))
    assert torch.allclose(found['loss'], expected)


def gan(content=None, split=False):
    model = AdversarialSuperResolver(
        generator=GENERATOR, content_loss=content or dict(type='MSELoss'), data_preprocessor=PREPROCESSOR, split_batch=split,
        discriminator=dict(type='mmsight.SRDiscriminator', width=4, dense=8),
        adversarial_loss=dict(type='mmsight.AdversarialLoss', discriminator='lsgan'))
    model.init_weights()
    wrappers = OptimWrapperDict(**{
        name: OptimWrapper(torch.optim.SGD(getattr(model, name).parameters(), 0.0)) for name in ('generator', 'discriminator')})
    return model, wrappers


@pytest.mark.usefixtures('_host')
@pytest.mark.parametrize('content', [None, dict(type='mmsight.VGGFeatureLoss', layer='conv1_2', weights='random')])
@pytest.mark.parametrize('split', [False, True])
def test_srgan_totals_by_hand(content, split):
    """Eq. g and m with learning rate 0: what is logged is content + 1e-3 adversarial, and the discriminator's squares."""
    data = batch()
    low, high = tensors(data)
    model, wrappers = gan(content, split)
    logs = model.train_step(data, wrappers)
    first, second = (slice(0, 2), slice(2, 4)) if split else (slice(None), slice(None))
    sr = model.generator(low)
    real, fake, told = (model.discriminator(x).sigmoid() for x in (high[first], sr[first], sr[second]))
    content_loss = model.pixel_loss(sr[second], high[second])
    adversarial = -told.log().mean()
    close = dict(rtol=1e-4, atol=1e-6)
    assert torch.allclose(logs['loss_content'], content_loss, **close)
    assert torch.allclose(logs['loss'], content_loss + 1e-3 * adversarial, **close)
    assert torch.allclose(logs['loss_discriminator_real'], (real - 1).square().mean(), **close)
    assert torch.allclose(logs['loss_discriminator_fake'], fake.square().mean(), **close)
    accuracy = ((real > 0.5).float().mean() + (fake < 0.5).float().mean()) / 2
    assert torch.allclose(logs['discriminator_accuracy'], accuracy)


@pytest.mark.usefixtures('_host')
def test_each_step_moves_its_own_network():
    data = batch()
    model, wrappers = gan()
    for name, other in (('generator', 'discriminator'), ('discriminator', 'generator')):
        for group in wrappers[name].optimizer.param_groups:
            group['lr'] = 0.1
        for group in wrappers[other].optimizer.param_groups:
            group['lr'] = 0.0
        before = {key: value.clone() for key, value in model.named_parameters()}
        model.train_step(batch(), wrappers)
        moved = {key.split('.')[0] for key, value in model.named_parameters() if not torch.equal(value, before[key])}
        assert moved == {name}
    assert data


@pytest.mark.usefixtures('_host')
def test_validation_gives_predictions_and_the_training_loss():
    data = batch(2)
    low, high = tensors(data)
    model = SuperResolver(GENERATOR, dict(type='MSELoss'), data_preprocessor=PREPROCESSOR).eval()
    with torch.no_grad():
        expected = model.generator(low)
        *predictions, extra = model.val_step(data)
    assert torch.allclose(extra.loss['val_loss'], (expected - high).square().mean())
    wanted = ((expected + 1) * 127.5).clamp(0, 255).flip(1)  # the host gives BGR
    assert torch.allclose(torch.stack([p.output.pred_img for p in predictions]), wanted, atol=1e-3)
