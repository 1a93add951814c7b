# D2-Net on VGG16 with ImageNet weights: 'torchvision' downloads them, a path reads a file.
# Single scale, as the paper's NC suggest.
model = dict(type='mmsight.D2Net', pretrained='torchvision', max_keypoints=4096)
