"""The conventions that hold for torch's operators and for those of ONNX, without either library."""

import math


def is_outer(first: tuple[int, ...] | None, second: tuple[int, ...] | None) -> bool:
    """Whether an element-wise product of these shapes is an outer product.

    That is a column (n, 1) by a row (m), as `torch.outer` computes it, or a batch of columns (…, n, 1) by a batch of rows
    (…, 1, m). A batch of numbers (n, 1) by a row (1, m) is not told apart from scaling where n is 1, and counts as that.
    """
    if first is None or second is None:
        return False
    if len(second) == 1:
        return len(first) == 2 and first[1] == 1 and second[0] > 1
    if len(first) != len(second) or len(first) < 3:
        return False
    (*batch, n, column), (*other_batch, row, m) = first, second
    return batch == other_batch and column == row == 1 and n > 1 and m > 1


def fft_flops(elements: int, length: int, is_real: bool) -> int:
    """FLOPs of the Fourier transforms of `elements` numbers, `length` of them in each transform.

    A transform of n complex numbers is 5 n log2 n floating-point operations, and half as many where one side is real: the
    convention of the benchmarks of FFTW (Frigo and Johnson 2005).
    """
    return round((2.5 if is_real else 5) * elements * math.log2(max(1, length)))
