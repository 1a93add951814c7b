"""A ship that the data set calls difficult is neither found nor missed: it is no background in training either."""

import torch
from mmengine.structures import InstanceData
from mmsight.projects.sar_shipnet.centernet_head import GaussianCenterNetHead


def test_the_heatmap_learns_nothing_in_an_ignored_box():
    torch.manual_seed(0)
    head = GaussianCenterNetHead(
        in_channels=4, feat_channels=4, num_classes=1, gaussian=dict(shape='circular', radius='cornernet'))
    ship = InstanceData(bboxes=torch.tensor([[8., 8., 24., 24.]]), labels=torch.zeros(1, dtype=torch.long))
    ignored = InstanceData(bboxes=torch.tensor([[32., 16., 56., 40.], [12., 12., 20., 20.]]))

    def gradient(ignore):
        heatmap = torch.full((1, 1, 16, 16), 0.3, requires_grad=True)
        maps = torch.zeros(2, 1, 2, 16, 16)
        loss = head.loss_by_feat(heatmap, *maps, [ship], [{}], ignore)['loss_center_heatmap']
        return torch.autograd.grad(loss, heatmap)[0][0, 0]

    without, found = gradient(None), gradient([ignored])
    inside = torch.zeros(16, 16, dtype=torch.bool)
    inside[4:10, 8:14] = True  # rows and columns of the first box, which no ship touches
    assert (without[inside] != 0).all() and (found[inside] == 0).all()
    assert torch.equal(found[~inside], without[~inside])  # the second lies inside a ship, which is learnt nevertheless
