"""Multiplies by weights of eight bits as they are, where a model keeps them so.

The packaged model holds its weights as int8 with one scale a column, and a graph that makes float32 of them
before the first text comes. A short text then costs what it takes to read 42 MB of weights. ONNX Runtime can
multiply by the bytes themselves (`MatMulNBits` of its contrib operators), which are a quarter of that: texts
of ten tokens take two thirds of the time, and their vectors are the same but for the rounding of each block
of the activations (cosine 0.9996).

Each row of a batch is rounded by itself, so that a text's vector does not depend on its company.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

BLOCK = 32
"""Weights that share a scale, and activations that are rounded together. Larger blocks lose more."""

INT8_ACTIVATIONS = 4
"""`accuracy_level` of MatMulNBits."""

OPERATORS = "com.microsoft"


@dataclass(frozen=True, slots=True)
class _Product:
    """A product by eight-bit weights."""

    matmul: onnx.NodeProto
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
    products = list(_products(proto.graph))
    if not products:
        return model
    for product in products:
        _replace(proto.graph, product)
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
        if weights.dtype == np.int8 and len(weights) % BLOCK == 0 and scales.size == weights.shape[1]:
            yield _Product(matmul, weights, scales)


def _replace(graph: onnx.GraphProto, product: _Product) -> None:
    inputs, outputs = product.weights.shape
    [name] = product.matmul.output
    # MatMulNBits takes unsigned weights around 128, the blocks of one output after the other.
    unsigned = (product.weights.T.astype(np.int16) + 128).astype(np.uint8).reshape(outputs, -1, BLOCK)
    blocks = inputs // BLOCK
    graph.initializer.append(numpy_helper.from_array(unsigned, f"{name}.weights"))
    graph.initializer.append(numpy_helper.from_array(np.repeat(product.scales, blocks), f"{name}.scales"))
    product.matmul.CopyFrom(
        helper.make_node(
            "MatMulNBits",
            [product.matmul.input[0], f"{name}.weights", f"{name}.scales"],
            [name],
            domain=OPERATORS,
            K=inputs,
            N=outputs,
            bits=8,
            block_size=BLOCK,
            accuracy_level=INT8_ACTIVATIONS,
        )
    )


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Takes away what made float32 of the weights, and the weights as they were."""
    for _ in range(2):  # a Mul, then its Cast
        used = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
        for node in [node for node in graph.node if not used.intersection(node.output)]:
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)
