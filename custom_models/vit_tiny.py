"""A small vision transformer: the shape of DeiT-Tiny (Touvron et al. 2021), made of torchvision's parts."""

from torch import nn
from torchvision.models import VisionTransformer


def build() -> nn.Module:
    """12 layers, 3 heads, 192 wide, patches of 16 x 16 pixels, 1000 classes; input [3, 224, 224]."""
    return VisionTransformer(
        image_size=224, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768, num_classes=1000
    )
