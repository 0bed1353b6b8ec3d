"""Every operator that is read, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from armlet.formats.onnx.builder import Builder
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators import dense, elementwise, pools, quantised, shapes, tail, windows
from armlet.formats.onnx.values import Known

Operator: TypeAlias = Callable[[Builder, Node, list[Known]], Known]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "Gemm": dense.gemm,
        "MatMul": dense.matmul,
        **dict.fromkeys(("ai.onnx.ml.LinearRegressor", "ai.onnx.ml.LinearClassifier"), dense.linear_model),
        "Conv": windows.conv,
        "Pad": windows.pad,
        "MaxPool": pools.pool,
        "AveragePool": pools.pool,
        "GlobalMaxPool": pools.global_pool,
        "GlobalAveragePool": pools.global_pool,
        "ReduceMean": pools.reduced,
        "ReduceMax": pools.reduced,
        **dict.fromkeys(("Add", "Sub", "Mul", "Div"), elementwise.arithmetic),
        "Sum": elementwise.total,
        "Neg": elementwise.negated,
        "BatchNormalization": elementwise.batch_normalization,
        "ai.onnx.ml.Scaler": elementwise.scaler,
        **dict.fromkeys(("Relu", "Sigmoid", "Tanh"), elementwise.activation),
        **dict.fromkeys(("LeakyRelu", "PRelu"), elementwise.leaky_relu),
        **dict.fromkeys(("Clip", "Max", "Min"), elementwise.clip),
        "HardSigmoid": elementwise.hard_sigmoid,
        "Reshape": shapes.reshape,
        "Flatten": shapes.flatten,
        **dict.fromkeys(("Squeeze", "Unsqueeze"), shapes.squeeze),
        "Transpose": shapes.transpose,
        **dict.fromkeys(("Identity", "Dropout", "Cast"), shapes.passed),
        "QuantizeLinear": quantised.quantised,
        "DequantizeLinear": quantised.dequantised,
        "Shape": shapes.shape_of,
        **dict.fromkeys(("Softmax", "LogSoftmax", "ArgMax", "TopK"), tail.largest),
        **dict.fromkeys(("ai.onnx.ml.Binarizer", "Greater", "Less"), tail.labelled),
        "Concat": tail.both_shares,
    }
)
_IN_QDQ = "quantise in the QDQ form (QuantFormat.QDQ), or give the model before it was quantised"
HINTS: Mapping[str, str] = MappingProxyType(  # for operators that have no counterpart
    {
        **dict.fromkeys(("LSTM", "GRU", "RNN"), "recurrent networks are not compiled; unroll it into dense layers"),
        **dict.fromkeys(("If", "Loop", "Scan"), "export the model without branches and loops"),
        **dict.fromkeys(("LayerNormalization", "InstanceNormalization"), "use BatchNorm, which folds into weights"),
        **dict.fromkeys(("QLinearMatMul", "QLinearConv", "MatMulInteger", "ConvInteger"), _IN_QDQ),
        **dict.fromkeys(("DynamicQuantizeLinear", "com.microsoft.QGemm", "com.microsoft.QLinearSoftmax"), _IN_QDQ),
        **dict.fromkeys(("com.microsoft.QLinearAdd", "com.microsoft.QLinearLeakyRelu"), _IN_QDQ),
        **dict.fromkeys(("com.microsoft.QLinearSigmoid", "com.microsoft.QLinearGlobalAveragePool"), _IN_QDQ),
        **dict.fromkeys(("Elu", "Selu", "Gelu", "HardSwish", "Mish", "Softplus"), "train with ReLU, tanh or sigmoid"),
        "ConvTranspose": "use a convolution, or dense layers",
        "ai.onnx.ml.Normalizer": "normalise each row before it comes to the network",
        "ai.onnx.ml.Imputer": "fill in missing values before they come to the network",
    }
)
ELSE = "leave it out of the model, or write it with the operators of docs/models.md"
