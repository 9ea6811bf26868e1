"""The notebook of the examples runs from top to bottom, in 20 cells, and ends in heat that obeys the first law."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebook.ipynb"


@pytest.mark.long
def test_the_notebook_runs(capsys):
    import matplotlib

    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    assert len(cells) <= 20
    names = {"__name__": "notebook"}
    with matplotlib.rc_context():
        matplotlib.use("Agg")
        for number, cell in enumerate(cells):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
        names["plt"].close("all")
    # quadrature is the oracle; four standard errors: a false alarm in 16,000 seeds, and the seed is fixed
    assert abs(names["simulated"] - names["mean"]) < 4 * names["error"]
    computer, made = names["training"].computer, names["made"]
    lost = computer.energy(made.x[0].values) - computer.energy(made.x[-1].values)
    assert np.allclose(made.heat, lost)
    assert "kT an image" in capsys.readouterr().out


def test_it_holds_no_path_and_no_error():
    text = NOTEBOOK.read_text("utf-8")
    for cell in json.loads(text)["cells"]:
        assert not [o for o in cell.get("outputs", ()) if o["output_type"] == "error"]
    assert "site-packages" not in text
    assert "/home/" not in text
