"""The local model's eight-bit products: they say what its float32 products say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.embeddings import eight_bit
from service.embeddings.eight_bit import sums_are_exact, with_eight_bit_products
from service.embeddings.model_files import PINNED_MODEL
from tests.unit.embeddings.test_local import TEXTS

INPUTS, OUTPUTS = 64, 8


ROUNDED_PRODUCT = [
    *("ReduceMax", "ReduceMin", "Sub", "Mul", "Max", "Sub", "Div", "QuantizeLinear"),
    *("MatMulIntegerToFloat", "Mul", "Mul", "Add"),
]


def small_model(
    dtype: npt.DTypeLike = np.int8, operator: str = "Mul", value: int | None = None
) -> onnx.ModelProto:
    """One product by stored weights, which a Cast and a Mul make float32."""
    weights = np.random.default_rng(3).integers(-127, 128, (INPUTS, OUTPUTS)).astype(dtype)
    if value is not None:
        weights[:] = value
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["weights"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node(operator, ["wide", "scales"], ["scaled"]),
            helper.make_node("MatMul", ["x", "scaled"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", INPUTS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", OUTPUTS])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.linspace(0.001, 0.02, OUTPUTS, dtype=np.float32), "scales"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: bytes, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a model makes of some rows."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": rows})[0], dtype=np.float32)


def kinds(model: bytes) -> list[str]:
    """The operators of a model."""
    return [node.op_type for node in onnx.load_model_from_string(model).graph.node]


@pytest.fixture(params=[True, False], ids=["with VNNI", "without"])
def exact(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of either kind of processor, where this one is right both ways."""
    if request.param and not sums_are_exact():
        pytest.skip("this processor is one that the other way is for")
    monkeypatch.setattr(eight_bit, "sums_are_exact", lambda: request.param)


@pytest.mark.usefixtures("exact")
def test_the_same_product() -> None:
    """Products by the bytes are those by float32, but for the rounding of what is multiplied."""
    model = small_model().SerializeToString()
    changed = with_eight_bit_products(model)
    assert kinds(changed) == ROUNDED_PRODUCT
    rows = np.random.default_rng(5).standard_normal((7, INPUTS)).astype(np.float32)
    expected = run(model, rows)
    np.testing.assert_allclose(run(changed, rows), expected, atol=0.01 * np.abs(expected).max())


@pytest.mark.usefixtures("exact")
def test_the_largest_values() -> None:
    """Where all there is to add up is as large as can be, nothing overflows; rows of zeros stay zeros."""
    model = small_model(np.int8, value=127).SerializeToString()
    rows = np.array([[1e6], [-1e6], [0.0]], dtype=np.float32).repeat(INPUTS, axis=1)
    rows[:, 0] = 0  # so that the others are a whole range away from the least, or from the largest
    np.testing.assert_allclose(run(with_eight_bit_products(model), rows), run(model, rows), rtol=1e-5)


def test_every_row_by_itself() -> None:
    """A row of large numbers does not make its neighbours coarser."""
    changed = with_eight_bit_products(small_model().SerializeToString())
    rows = np.random.default_rng(5).standard_normal((7, INPUTS)).astype(np.float32)
    beside = np.concatenate((rows, 1_000 * rows))
    np.testing.assert_allclose(run(changed, beside)[:7], run(changed, rows), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "model", [small_model(np.int16), small_model(operator="Div")], ids=["int16", "divided"]
)
def test_other_models(model: onnx.ModelProto) -> None:
    """A model of another form stays as it is, to the byte."""
    assert with_eight_bit_products(model.SerializeToString()) == model.SerializeToString()


def test_the_packaged_model() -> None:
    """All 36 products of the packaged model are by bytes, half of them in blocks, and its vectors stay."""
    from service.embeddings import sentence_model
    from service.embeddings.model_files import read_model_files

    files = read_model_files()
    changed = with_eight_bit_products(files.model)
    assert kinds(changed).count("MatMulIntegerToFloat") == kinds(changed).count("MatMulNBits") == 18
    by_bytes = sentence_model.SentenceModel(files).embed(TEXTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence_model, "with_eight_bit_products", lambda model: model)
        float32 = sentence_model.SentenceModel(files).embed(TEXTS)
    assert PINNED_MODEL.read() == files.model
    assert np.einsum("td,td->t", by_bytes, float32).min() > 0.998
