"""How a network computes while it trains: plain float32, or bfloat16 where torch holds that to be safe."""

import torch
from torch import Tensor, nn

PRECISIONS = ("fp32", "bf16")


class Computing(nn.Module):
    """A network in another way of computing; the weights stay float32 and are the network's own.

    "bf16": matrix products and convolutions in bfloat16 (`torch.autocast`), images and feature maps in channels-last
    order, logits float32 again. "fp32": as the network is. Raises ValueError for another precision.
    """

    def __init__(self, network: nn.Module, precision: str = "fp32"):
        super().__init__()
        if precision not in PRECISIONS:
            raise ValueError(f"There is no precision '{precision}': choose one of {', '.join(PRECISIONS)}.")
        self.network, self.precision = network, precision
        if precision == "bf16":
            network.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, classes), float32."""
        if self.precision == "fp32":
            return self.network(images)
        with torch.autocast(images.device.type, torch.bfloat16):
            return self.network(images.contiguous(memory_format=torch.channels_last)).float()
