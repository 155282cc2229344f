"""Writes goldens of plain residual networks with torchvision's own classes, narrowed so that the files are small.

Run from the repository root: python testdata/reference/plain_resnet_golden.py. Each file holds the weights and running statistics,
the pixels of a batch, and its features in eval mode, in train mode, and in eval mode after that one batch has moved the statistics.
"""
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet


def narrow(block, layers, width, small):
    net = ResNet(block, layers)
    net.inplanes = width
    net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(width)
    if small:
        net.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        net.maxpool = nn.Identity()
    for i, blocks in enumerate(layers):
        setattr(net, f"layer{i + 1}", net._make_layer(block, width << i, blocks, stride=1 if i == 0 else 2))
    net.fc = nn.Identity()
    return net


def golden(name, block, layers, width, small, side):
    torch.manual_seed(len(name))
    net = narrow(block, layers, width, small)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    out = {"weight/" + key: value.clone() for key, value in net.state_dict().items()}
    out["pixels"] = torch.randn(4, 3, side, side)
    with torch.no_grad():
        out["features"] = net.eval()(out["pixels"])
        out["features/training"] = net.train()(out["pixels"])
        out["features/after"] = net.eval()(out["pixels"])
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    save_file({k: v.contiguous() for k, v in out.items()}, Path("vision/testdata") / f"{name}.safetensors", metadata=versions)


torch.set_num_threads(1)
Path("vision/testdata").mkdir(exist_ok=True)
golden("plain_basic", BasicBlock, [1, 2, 1, 1], 4, False, 40)
golden("plain_bottleneck", Bottleneck, [1, 1, 2, 1], 2, False, 40)
golden("plain_small", BasicBlock, [1, 1, 1, 1], 4, True, 12)
