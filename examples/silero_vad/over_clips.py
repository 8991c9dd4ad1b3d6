"""The package's own files, which take one frame and what the frame before left behind, made to run over whole clips.

The network in a file stays as it is. A loop around it goes over the frames of a clip, and the largest probability decides.
"""

import copy
import warnings
from pathlib import Path

import numpy as np

RATE = 16_000

# The graph around the network. `scan` calls the network for each frame; it is `body` that is put in below.
_AROUND = """
over_clips (float[batch, time] samples) => (float[batch, 2] scores)
{{
    cut = Constant <value_ints = [0, -1, 512]> ()
    frames = Reshape (samples, cut)
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    last = Constant <value_ints = [-1]> ()
    two = Constant <value_ints = [2]> ()
    context = Constant <value_ints = [-64]> ()
    frame = Constant <value_ints = [512]> ()
    ends = Slice (frames, context, frame, two)
    earlier = Slice (ends, zero, last, one)
    shifted = Constant <value_ints = [0, 1, 0, 0, 0, 0]> ()
    before = Pad (earlier, shifted)
    heard = Concat <axis = 2> (before, frames)
    batch_size = Shape <start = 0, end = 1> (samples)
    width = Constant <value_ints = [128]> ()
    state_shape = Concat <axis = 0> (two, batch_size, width)
    silence = ConstantOfShape (state_shape)
    typed_heard = Cast <to = {type}> (heard)
    typed_silence = Cast <to = {type}> (silence)
    left, probabilities = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1]> (typed_silence, typed_heard)
    loudest = ReduceMax <axes = [1], keepdims = 0> (probabilities)
    speech = Cast <to = 1> (loudest)
    certain = Constant <value_float = 1.0> ()
    none = Sub (certain, speech)
    scores = Concat <axis = 1> (none, speech)
}}
"""


def script(file: Path, target: Path) -> None:
    """Write a TorchScript file that runs the network of the package's, which is the one for 16,000 samples per second."""
    import torch
    from model import Frames
    from torch import nn

    class OverClips(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frames, self.network = Frames(), torch.jit.load(str(file))._model

        def forward(self, samples: torch.Tensor) -> torch.Tensor:
            state = torch.zeros(2, samples.shape[0], 128)
            speech = torch.zeros(samples.shape[0], 1)
            for frame in self.frames(samples).unbind(1):
                probability, state = self.network(frame, state)
                speech = torch.maximum(speech, probability)
            return torch.cat((1 - speech, speech), dim=1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # TorchScript is deprecated; it is what the package has
        torch.jit.save(torch.jit.script(OverClips().eval()), str(target))


def graph(file: Path, target: Path) -> None:
    """Write an ONNX file that runs the network of the package's: its inputs are `input`, `state` and, in some, the rate `sr`."""
    import onnx
    from onnx import helper, numpy_helper, parser

    network = onnx.load(file)
    body = network.graph
    inputs, outputs = ({value.name: copy.deepcopy(value) for value in values} for values in (body.input, body.output))
    del body.input[:], body.output[:]
    body.input.extend([inputs["state"], inputs["input"]])
    body.output.extend([outputs["stateN"], outputs["output"]])
    if "sr" in inputs:
        body.initializer.append(numpy_helper.from_array(np.array(RATE, np.int64), "sr"))
    around = parser.parse_graph(_AROUND.format(type=inputs["input"].type.tensor_type.elem_type))
    (scan,) = [node for node in around.node if node.op_type == "Scan"]
    scan.attribute.append(helper.make_attribute("body", body))
    model = helper.make_model(around, opset_imports=network.opset_import, ir_version=network.ir_version)
    onnx.checker.check_model(model)
    onnx.save(model, target)
