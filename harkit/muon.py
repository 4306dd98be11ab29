"""Muon: a step of equal size in every direction of a convolution's weights."""

import torch
from torch import Tensor

TINY = 1e-12  # where a length is 0: before a batch normalisation that begins at 0, no gradient comes
STEPS, COEFFICIENTS = 4, (3.4445, -4.7750, 2.0315)  # Newton–Schulz iterations, and the polynomial of Jordan et al.


class Muon(torch.optim.Optimizer):
    """SGD with momentum, and for the weights of convolutions (out, in, height, width) Muon (Jordan et al., 2024).

    The gradient of a convolution, seen as a matrix (out, in × height × width), is large in few directions and small in
    all others, and so is SGD's step. Muon's step is the orthogonal matrix that lies nearest to it (`orthogonal`): every
    direction counts alike. For these weights `lr` is the length of a step as a share of theirs, which stays: after a
    batch normalisation it says nothing. All other weights get SGD's step, `others` times `lr`, with the weight decay.

    torch's own `torch.optim.Muon` takes no convolutions, and computes in bfloat16, on many a CPU 16 times as slow.
    """

    def __init__(self, params, lr: float, momentum: float = 0.9, weight_decay: float = 0.0, others: float = 5.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, others=others))

    @torch.no_grad()
    def step(self, closure=None):
        """Change the weights by their gradients; those without one stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._change(weight, group)
        return loss

    def _change(self, weight: Tensor, group: dict) -> None:
        gradient, state = weight.grad, self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        moving = state["momentum_buffer"].mul_(group["momentum"]).add_(gradient)
        if weight.ndim != 4:
            weight.sub_(moving.add_(weight, alpha=group["weight_decay"]), alpha=group["others"] * group["lr"])
            return
        ahead = gradient.add(moving, alpha=group["momentum"])  # where the momentum will carry it (Nesterov)
        step, length = orthogonal(ahead.flatten(1)).view(weight.shape), weight.norm()
        weight.sub_(step * (length / step.norm().clamp(min=TINY)), alpha=group["lr"])
        weight.mul_(length / weight.norm().clamp(min=TINY))


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly the orthogonal matrix nearest to `matrix` (rows, columns): all its singular values are made about 1.

    A few matrix products (Newton–Schulz) in the place of a decomposition bring them to 0.7 … 1.2; those below a
    hundredth of the largest stay smaller. Each iteration multiplies from the left by a polynomial of the matrix times
    its transpose. So the polynomials are gathered, all of them small and square, and the wide matrix is needed twice
    only: for a convolution of 3 × 3 less than half of the arithmetic, in exact numbers the same.
    """
    if len(matrix) > matrix.shape[1]:
        return orthogonal(matrix.T).T
    wide = matrix / matrix.norm().clamp(min=TINY)
    products = wide @ wide.T
    gathered = factor = _polynomial(products)
    for _ in range(STEPS - 1):
        products = factor @ products @ factor
        factor = _polynomial(products)
        gathered = factor @ gathered
    return gathered @ wide


def _polynomial(products: Tensor) -> Tensor:
    """What an iteration multiplies the matrix by, from its products with its transpose: both (rows, rows)."""
    a, b, c = COEFFICIENTS
    found = torch.addmm(products, products, products, beta=b, alpha=c)
    found.diagonal().add_(a)
    return found
