"""Multiplies by weights of eight bits as they are, where a model keeps them so.

The packaged model holds its weights as int8 with one scale a column, and a graph that makes float32 of them
before the first text comes. Multiplying integers by them takes less time: what a processor has for
that (VNNI and its like) is made for it, and a quarter as much memory is read. For that the activations are
rounded to eight bits as well, each token's from its least to its largest, and the sums are exact.

What several products take, the input of attention, has a few channels that are much larger than the others,
and rounding by them would lose the others. It is rounded in blocks of 32 (`MatMulNBits`), which is slower.

The vectors are the same but for that rounding (cosine above 0.998). Each row is rounded by itself, so that a
text's vector does not depend on its company.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPERATORS = "com.microsoft"
"""ONNX Runtime's own operators, two of which multiply integers and scale the sums."""

ZERO = 128
"""What stands for 0 in an unsigned byte of weights."""

STEPS = 255
"""From the least activation of a row to the largest."""

BLOCK = 32
"""Weights that share a scale, and activations that are rounded together, where it is done in blocks."""

INT8_ACTIVATIONS = 4
"""`accuracy_level` of MatMulNBits."""


@dataclass(frozen=True, slots=True)
class _Product:
    """A product by eight-bit weights."""

    activations: str
    output: str
    weights: npt.NDArray[np.int8]
    """Shape (inputs, outputs)."""
    scales: npt.NDArray[np.float32]
    """One for each output."""


def with_eight_bit_products(model: bytes) -> bytes:
    """The same model, multiplying by its int8 weights; as it is if it has none, or none of this form.

    Args:
        model: an ONNX graph. Looked for is `MatMul(x, Mul(Cast(int8 weights), scales))`.
    """
    proto = onnx.load_model_from_string(model)
    products = {product.output: product for product in _products(proto.graph)}
    if not products:
        return model
    _multiply_integers(proto.graph, products)
    _drop_unused(proto.graph)
    proto.opset_import.append(helper.make_opsetid(OPERATORS, 1))
    return proto.SerializeToString()


def _products(graph: onnx.GraphProto) -> Iterator[_Product]:
    stored = {each.name: each for each in graph.initializer}
    made_by = {output: node for node in graph.node for output in node.output}
    for matmul in graph.node:
        scaling = made_by.get(matmul.input[1]) if matmul.op_type == "MatMul" else None
        cast = made_by.get(scaling.input[0]) if scaling is not None and scaling.op_type == "Mul" else None
        if scaling is None or cast is None or cast.op_type != "Cast":
            continue
        if cast.input[0] not in stored or scaling.input[1] not in stored:
            continue
        weights = numpy_helper.to_array(stored[cast.input[0]])
        scales = numpy_helper.to_array(stored[scaling.input[1]]).astype(np.float32).reshape(-1)
        if weights.dtype == np.int8 and weights.ndim == 2 and scales.size == weights.shape[1]:
            yield _Product(matmul.input[0], matmul.output[0], weights, scales)


def _multiply_integers(graph: onnx.GraphProto, products: Mapping[str, _Product]) -> None:
    """Puts the products in the places of the model's own."""
    signed = sums_are_exact()
    weight_of_0: np.int8 | np.uint8 = np.int8(0) if signed else np.uint8(ZERO)
    constants = {
        "eight_bit.one": np.float32(1),
        "eight_bit.zero": np.uint8(0),
        "eight_bit.weight_of_0": weight_of_0,
        "eight_bit.step": np.float32(1 / STEPS),
        "eight_bit.shortest": np.float32(1e-30),
    }
    graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items())
    nodes: list[onnx.NodeProto] = []
    taken = Counter(product.activations for product in products.values())
    for node in graph.node:
        product = products.get(node.output[0])
        if product is None:
            nodes.append(node)
            continue
        if taken[product.activations] > 1 and len(product.weights) % BLOCK == 0:
            nodes.append(_product_in_blocks(graph, product))
            continue
        weights = product.weights if signed else (product.weights.astype(np.int16) + ZERO).astype(np.uint8)
        graph.initializer.append(numpy_helper.from_array(weights, f"{product.output}.weights"))
        graph.initializer.append(numpy_helper.from_array(product.scales, f"{product.output}.scales"))
        sums = product.weights.sum(axis=0, dtype=np.float32) * product.scales
        graph.initializer.append(numpy_helper.from_array(sums, f"{product.output}.sums"))
        nodes += _rounding(product.activations) + _integer_product(product.activations, product.output)
    del graph.node[:]
    graph.node.extend(nodes)


def _product_in_blocks(graph: onnx.GraphProto, product: _Product) -> onnx.NodeProto:
    inputs, outputs = product.weights.shape
    # MatMulNBits takes unsigned weights, the blocks of one output after the other, each with its scale.
    unsigned = (product.weights.T.astype(np.int16) + ZERO).astype(np.uint8).reshape(outputs, -1, BLOCK)
    scales = np.repeat(product.scales, inputs // BLOCK)
    graph.initializer.append(numpy_helper.from_array(unsigned, f"{product.output}.weights"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{product.output}.scales"))
    return helper.make_node(
        "MatMulNBits",
        [product.activations, f"{product.output}.weights", f"{product.output}.scales"],
        [product.output],
        domain=OPERATORS,
        K=inputs,
        N=outputs,
        bits=8,
        block_size=BLOCK,
        accuracy_level=INT8_ACTIVATIONS,
    )


def _rounding(name: str) -> list[onnx.NodeProto]:
    """Rounds each row to 256 steps from its least to its largest; a row of equals stays one."""
    return [
        helper.make_node("ReduceMax", [name], [f"{name}.largest"], axes=[-1], keepdims=1),
        helper.make_node("ReduceMin", [name], [f"{name}.least"], axes=[-1], keepdims=1),
        helper.make_node("Sub", [f"{name}.largest", f"{name}.least"], [f"{name}.range"]),
        helper.make_node("Mul", [f"{name}.range", "eight_bit.step"], [f"{name}.step_or_0"]),
        helper.make_node("Max", [f"{name}.step_or_0", "eight_bit.shortest"], [f"{name}.step"]),
        helper.make_node("Sub", [name, f"{name}.least"], [f"{name}.above"]),
        helper.make_node("Div", [f"{name}.above", f"{name}.step"], [f"{name}.steps"]),
        helper.make_node(
            "QuantizeLinear", [f"{name}.steps", "eight_bit.one", "eight_bit.zero"], [f"{name}.rounded"]
        ),
    ]


def _integer_product(activations: str, output: str) -> list[onnx.NodeProto]:
    """The product of the steps, scaled, and that of the least, which is the same in all columns of a row."""
    inputs = (
        *(f"{activations}.rounded", f"{output}.weights"),
        *("eight_bit.one", f"{output}.scales"),
        *("eight_bit.zero", "eight_bit.weight_of_0"),
    )
    return [
        helper.make_node("MatMulIntegerToFloat", inputs, [f"{output}.in_steps"], domain=OPERATORS),
        helper.make_node("Mul", [f"{output}.in_steps", f"{activations}.step"], [f"{output}.above"]),
        helper.make_node("Mul", [f"{activations}.least", f"{output}.sums"], [f"{output}.of_least"]),
        helper.make_node("Add", [f"{output}.above", f"{output}.of_least"], [output]),
    ]


@cache
def sums_are_exact() -> bool:
    """Whether this processor adds products of an unsigned and a signed byte without overflow.

    Those of x86 that lack VNNI add two of them in 16 bits, where the largest do not fit, and ONNX Runtime
    says nothing. There weights are made unsigned too: then it takes another way, right and slower.
    """
    rows, inputs, outputs = 4, 64, 32
    product = helper.make_node("MatMulInteger", ["activations", "weights"], ["sums"])
    graph = helper.make_graph(
        [product],
        "largest",
        [
            helper.make_tensor_value_info("activations", TensorProto.UINT8, (rows, inputs)),
            helper.make_tensor_value_info("weights", TensorProto.INT8, (inputs, outputs)),
        ],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, (rows, outputs))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    largest = {
        "activations": np.full((rows, inputs), 255, dtype=np.uint8),
        "weights": np.full((inputs, outputs), 127, dtype=np.int8),
    }
    return bool((session.run(None, largest)[0] == 255 * 127 * inputs).all())


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Takes away what made float32 of the weights, and the weights as they were."""
    for _ in range(2):  # a Mul, then its Cast
        used = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
        for node in [node for node in graph.node if not used.intersection(node.output)]:
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)
