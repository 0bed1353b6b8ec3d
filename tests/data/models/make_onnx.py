"""Write the small ONNX files here by the frameworks' own exporters, and what the frameworks compute beside them.

    python tests/data/models/make_onnx.py scikit-learn     (scikit-learn, skl2onnx)
    python tests/data/models/make_onnx.py pytorch          (torch, onnx, onnxscript; on the processor)

Each NAME.onnx has a NAME_expected.npz: X, rows of raw inputs; Y, what the framework gives for them.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROWS = 12


def data(inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows in units of their own, and which of three classes each is in."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(240, inputs)) * np.linspace(0.5, 4, inputs) + np.linspace(-3, 3, inputs)
    return X.astype(np.float32), np.argmax(X @ rng.normal(size=(inputs, 3)), axis=1)


def keep(name: str, X: Any, Y: Any) -> None:
    np.savez(HERE / f"{name}_expected.npz", X=np.asarray(X, np.float32), Y=np.asarray(Y, np.float32))


def scikit_learn() -> None:
    """Classifiers of three and of two classes, and a regressor, each behind a StandardScaler."""
    from skl2onnx import to_onnx
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = data(6)
    value = MLPRegressor(hidden_layer_sizes=(12,), activation="tanh", max_iter=60, random_state=1)
    learners = {
        "sklearn_three": (MLPClassifier((12, 8), max_iter=60, random_state=1), y),
        "sklearn_two": (MLPClassifier((10,), activation="logistic", max_iter=60, random_state=1), y == 1),
        "sklearn_value": (value, X[:, 0] * X[:, 1]),
    }
    for name, (learner, targets) in learners.items():
        model = make_pipeline(StandardScaler(), learner).fit(X, targets)
        options = {"zipmap": False} if name == "sklearn_two" else {}
        exported = to_onnx(model, X[:1], options={id(learner): options} if options else None)
        (HERE / f"{name}.onnx").write_bytes(exported.SerializeToString())
        keep(name, X[:ROWS], model.predict_proba(X[:ROWS]) if "value" not in name else model.predict(X[:ROWS]))


def pytorch() -> None:
    """A perceptron with BatchNorm and Dropout, and a small convolutional network, each with statistics of its own."""
    import torch
    from torch import nn

    torch.manual_seed(5)
    perceptron = nn.Sequential(
        *(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Linear(12, 8), nn.LeakyReLU(0.1), nn.BatchNorm1d(8), nn.Linear(8, 3), nn.Softmax(dim=1)),
    )
    convolutional = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU6(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 4, 3, groups=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)),
    )
    for name, model, shape in (("torch_mlp", perceptron, (6,)), ("torch_cnn", convolutional, (1, 10, 8))):
        _train(model, shape)
        X = torch.randn(ROWS, *shape)
        for made, export in _EXPORTS.items():
            export(model, torch.zeros(1, *shape), HERE / f"{name}{made}.onnx")
        keep(name, X.reshape(ROWS, -1), model(X).detach())


def _train(model: Any, shape: tuple[int, ...]) -> None:
    """A few steps, so that the statistics of BatchNorm are not those that it starts with."""
    import torch

    optimiser = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(20):
        X = torch.randn(32, *shape) * 2 + 1
        loss = torch.nn.functional.cross_entropy(model(X), X.reshape(32, -1)[:, :3].argmax(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()


def _by_trace(model: Any, x: Any, path: Path) -> None:
    """The exporter of long standing."""
    import torch

    names = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": {"x": {0: "N"}, "y": {0: "N"}}}
    torch.onnx.export(model, (x,), path, dynamo=False, **names)


def _by_graph(model: Any, x: Any, path: Path) -> None:
    """The exporter of today; weights in the file."""
    import onnx
    import torch

    torch.onnx.export(model, (x,), path, dynamo=True, external_data=False)
    made = onnx.load(path)
    for part in (*made.graph.node, *made.graph.value_info, *made.graph.input, *made.graph.output, made.graph):
        del part.metadata_props[:]  # the maker's stack and folders
    onnx.save(made, path)


_EXPORTS: dict[str, Callable[[Any, Any, Path], None]] = {"": _by_trace, "_dynamo": _by_graph}

if __name__ == "__main__":
    {"scikit-learn": scikit_learn, "pytorch": pytorch}[sys.argv[1]]()
