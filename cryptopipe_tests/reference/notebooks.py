"""Runs the code cells of a notebook in this process and gathers what they show.

A kernel would bring some twenty packages for the sake of one notebook. This does what its cells
need: one namespace, the value of the last expression as text and HTML, print, and figures of
matplotlib as PNG.
"""

import ast
import base64
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

Output = dict[str, Any]


def run(path: Path) -> list[list[Output]]:
    """Outputs of every code cell, in order, as the notebook format has them.

    Raises
    ------
    Exception
        Whatever a cell raised.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    return [_run("".join(cell["source"]), namespace) for cell in code_cells(load(path))]


def load(path: Path) -> dict[str, Any]:
    """The notebook."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Its cells of code, in order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def write_outputs(path: Path) -> None:
    """Run the notebook and keep in it what its cells show."""
    notebook = load(path)
    for number, (cell, outputs) in enumerate(
        zip(code_cells(notebook), run(path), strict=True), start=1
    ):
        cell["execution_count"] = number
        cell["outputs"] = [
            each | ({"execution_count": number} if each["output_type"] == "execute_result" else {})
            for each in outputs
        ]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def texts(outputs: list[Output]) -> list[str]:
    """What of a cell's outputs is text, whatever machine drew the figures."""
    found = []
    for each in outputs:
        text = each.get("text") or each.get("data", {}).get("text/plain", "")
        found.append(text if isinstance(text, str) else "".join(text))
    return found


def _run(source: str, namespace: dict[str, Any]) -> list[Output]:
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), "cell", "exec"), namespace)
        value = None
        if last is not None:
            assert isinstance(last, ast.Expr)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    outputs: list[Output] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
    outputs += [_figure(number) for number in plt.get_fignums()]
    plt.close("all")
    if value is not None and not outputs:
        outputs.append(_value(value))
    return outputs


def _value(value: Any) -> Output:
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return {"output_type": "execute_result", "metadata": {}, "data": data}


def _figure(number: int) -> Output:
    drawn = io.BytesIO()
    plt.figure(number).savefig(drawn, format="png", dpi=90, bbox_inches="tight")
    png = base64.b64encode(drawn.getvalue()).decode("ascii")
    data = {"image/png": png, "text/plain": "<Figure>"}
    return {"output_type": "display_data", "metadata": {}, "data": data}
