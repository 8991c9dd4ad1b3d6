"""The kinds of work in a pass, and which of them an operator or a module does.

A runtime, a module of torch and a FLOP counter each have names of their own for the same work. A kind is what they are compared by:
`Conv` of ONNX, `Conv2d` of torch and the operator `convolution` are all a convolution.
"""

from collections.abc import Iterable

CONVOLUTION = "convolution"
DEPTHWISE = "depthwise convolution"  # one filter per channel: each output channel sees one input channel
PRODUCT = "matrix product"
ATTENTION = "attention"
RECURRENT = "recurrent layer"
EMBEDDING = "embedding"
NORMALISATION = "normalisation"
ACTIVATION = "activation"
POOLING = "pooling"
ARITHMETIC = "element-wise arithmetic"
MOVING = "data movement"  # copies, transpositions, concatenations, other layouts
QUANTISATION = "quantisation"
OTHER = "other operators"
TRANSFORMER = "transformer layer"  # one that torch may run as a whole
BETWEEN = "between the layers"  # what a pass does outside every part that was timed

# The modules of torch.nn in which a layer's class is defined.
_OF_FILES = {
    "conv": CONVOLUTION,
    "linear": PRODUCT,
    "activation": ACTIVATION,
    "rnn": RECURRENT,
    "sparse": EMBEDDING,
    "transformer": TRANSFORMER,
    "batchnorm": NORMALISATION,
    "instancenorm": NORMALISATION,
    "normalization": NORMALISATION,
    "pooling": POOLING,
    **dict.fromkeys(("channelshuffle", "flatten", "fold", "padding", "pixelshuffle", "upsampling"), MOVING),
}
_TORCH = "torch.nn.modules."

_OF_OPERATORS = {
    CONVOLUTION: "convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc deform_conv2d "
    "conv1d_relu conv2d_relu conv3d_relu _convolution _slow_conv2d_forward cudnn_convolution mkldnn_convolution "
    "convolution_overrideable "
    "Conv FusedConv ConvInteger QLinearConv ConvTranspose QLinearConvTranspose DeformConv",
    PRODUCT: "mm addmm bmm baddbmm addbmm mv dot vdot addmv addr linear einsum mul matmul linear_relu linear_dynamic "
    "linear_relu_dynamic linear_dynamic_fp16 linear_relu_dynamic_fp16 _addmm_activation _sparse_addmm _int_mm _scaled_mm _grouped_mm "
    "_scaled_grouped_mm _weight_int8pack_mm _weight_int4pack_mm _weight_int4pack_mm_for_cpu _dyn_quant_matmul_4bit "
    "Gemm MatMul FusedMatMul FusedGemm QGemm QLinearMatMul MatMulInteger MatMulIntegerToFloat DynamicQuantizeMatMul MatMulNBits Einsum GemmFloat8",
    ATTENTION: "_scaled_dot_product_attention _scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention _scaled_dot_product_attention_math "
    "_native_multi_head_attention _flash_attention_forward _efficient_attention_forward flex_attention "
    "Attention MultiHeadAttention GroupQueryAttention QAttention",
    RECURRENT: "LSTM GRU RNN DynamicQuantizeLSTM mkldnn_rnn_layer lstm gru",
    EMBEDDING: "Gather EmbedLayerNormalization GatherBlockQuantized embedding",
    NORMALISATION: "BatchNormalization LayerNormalization SimplifiedLayerNormalization SkipLayerNormalization "
    "SkipSimplifiedLayerNormalization InstanceNormalization GroupNormalization GroupNorm LpNormalization RMSNormalization LRN",
    ACTIVATION: "Relu Clip HardSwish HardSigmoid Sigmoid Tanh Gelu FastGelu BiasGelu QuickGelu Erf Softmax LogSoftmax LeakyRelu "
    "PRelu Elu Selu Celu Softplus Softsign Mish Swish ThresholdedRelu QLinearSigmoid QLinearLeakyRelu QLinearSoftmax",
    POOLING: "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool NhwcMaxPool QLinearAveragePool "
    "QLinearGlobalAveragePool ReduceMean QLinearReduceMean",
    ARITHMETIC: "Add Sub Mul Div Pow Sqrt Exp Log Abs Neg Reciprocal Sum Mean Max Min ReduceSum ReduceMax ReduceMin ReduceL2 "
    "QLinearAdd QLinearMul Sin Cos Floor Ceil Round Sign Where Equal Less Greater LessOrEqual GreaterOrEqual Not And Or",
    MOVING: "Reshape Transpose Concat QLinearConcat Slice Split Squeeze Unsqueeze Flatten Expand Tile Pad Resize DepthToSpace "
    "SpaceToDepth ReorderInput ReorderOutput Identity Cast Shape ConstantOfShape GatherElements GatherND ScatterElements "
    "ScatterND Range Constant Upsample",
    QUANTISATION: "QuantizeLinear DequantizeLinear DynamicQuantizeLinear",
}  # fmt: skip
DEPTHWISE_PREFIX = "depthwise_"  # before the name of an operator, in what a counter writes
_KINDS = {name: kind for kind, names in _OF_OPERATORS.items() for name in names.split()}


def of_operator(name: str) -> str:
    """The kind of an operator of torch or ONNX, as a counter or a runtime names it.

    A name before a dot is that of a library (`quantized.linear`), one underscore behind it says that torch works in place.
    """
    if name.startswith(DEPTHWISE_PREFIX):
        return DEPTHWISE
    plain = name.rpartition(".")[2]
    return _KINDS.get(plain, _KINDS.get(plain.removesuffix("_"), OTHER))


def of_class(classes: Iterable[type]) -> str:
    """The kind of a torch module by its class and the classes that it extends; `BETWEEN` where it is no layer of torch.nn."""
    for each in classes:
        if each.__name__ == "MultiheadAttention" and each.__module__.startswith("torch."):
            return ATTENTION
        if each.__name__ == "Identity":
            return BETWEEN
        if each.__module__.startswith(_TORCH):
            return _OF_FILES.get(each.__module__.removeprefix(_TORCH), BETWEEN)
    return BETWEEN


def is_depthwise(groups: int, channels: int) -> bool:
    """Whether a convolution with so many groups and input channels has a filter per channel."""
    return groups > 1 and groups == channels
