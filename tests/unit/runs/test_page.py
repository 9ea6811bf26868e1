"""The page of a run says every number, escapes what it is given, and refers to nothing outside."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import statistics
import tomllib

import pytest

from thermozoo.cli.progress import Bars
from thermozoo.config.load import check_config
from thermozoo.plotting import plot_heat, png_bytes
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs import experiment
from thermozoo.runs.page import render_page

CONFIG = """
[computer]
temperature = 0.1
mobility = 1.0
trainable_biases = ["hidden"]
[computer.units]
visible = 784
hidden = 512
label = {size = 10, frozen = true}
[computer.potential]
plugin = "quartic"
J2 = 1.25
J4 = 1.0
[computer.potential.hidden]
plugin = "double-well"
J2 = -2.0
[computer.connectivity]
plugin = "bipartite"
within = ["hidden"]
[dynamics]
integrator = "euler-maruyama"
dt = 1e-3
duration = 2.5
[data]
plugin = "digits"
classes = [0, 1, 2]
per_class = 1
[noising]
protocol = "linear-fade"
amplitude = 2.0
fade = 0.75
hidden = "projection"
[training]
method = "descent"
[generation]
samples = 1000
"""

#: With the keys of a real report (see `test_the_report_of_these_tests_is_that_of_a_run`) and numbers to look for.
REPORT = {
    "method": "online",
    "loss_initial": 652.8712,
    "loss_final": 647.9134,
    "loss_perfect": 648.0,
    "likelihood_gain_nats": 12407.3,
    "likelihood_gain_se": 154.2,
    "imposed_signal": {"start_E0": 2.0, "end_E0": 0.0, "constant": False, "zero_from": 1.875},
    "windows": 1,
    "trained_parameters": {},
    "coupling_norm": 12.613,
    "training": {"noising_trajectories": 900, "learning_rate": 4e-4},
    "samples": 1000,
    "heat_mean_kT": 1351.4,
    "heat_std_kT": 198.2,
    "heat_by_term_kT": {"on-site": -3281.2, "coupling": 4630.1, "bias": 2.5},
    "work_mean_kT": 17.25,
    "mean_best_correlation": 0.6912,
    "best_correlation_std": 0.0812,
    "class_names": {},
    "class_counts": {"0": 341, "1": 302, "2": 357},
    "inverted": 487,
    "thermodynamic_advantage": 3.88e11,
    "diversity": 0.4127,
    "nearest_prototype_distance": 0.786,
    "judge": {
        "accuracy": 0.913,
        "chance": 0.1,
        "tested": 1000,
        "noise": 0.52,
        "withheld": None,
        "fraction_in_classes": 0.97,
        "class_entropy_bits": 1.571,
        "coverage": 1.0,
        "counts": dict.fromkeys("0123456789", 0) | {"0": 340, "1": 300, "2": 330, "7": 30},
    },
    "engine": "compiled",
    "seed": 424242,
    "config_digest": "9f2c0c8d",
    "parameter_digest": "77aa01bc",
    "hardware": {
        "preset": "electrical",
        "description": "RC nodes at room temperature",
        "time_unit_seconds": 1e-6,
        "temperature_kelvin": 300.0,
        "seconds_per_sample": 2.5e-6,
        "joules_per_sample": 5.6e-18,
        "watts": 2.24e-12,
    },
    "comparison": [
        {
            "method": "exact",
            "loss_final": 647.95,
            "likelihood_gain_nats": 12350.0,
            "likelihood_gain_se": 153.0,
            "heat_mean_kT": 1340.0,
            "heat_std_kT": 190.0,
            "mean_best_correlation": 0.685,
            "best_correlation_std": 0.079,
            "inverted": 480,
            "diversity": 0.412,
            "nearest_prototype_distance": 0.79,
            "coupling_norm": 12.6,
            "coverage": 1.0,
            "fraction_in_classes": 0.96,
            "judge_withheld": None,
            "seconds": 14.2,
        },
        {"method": "online", "heat_mean_kT": 1288.0, "seconds": None},
    ],
    "seconds": {
        "assembly": 0.41,
        "training": 61.5,
        "evaluation": 12.5,
        "generation": 171.2,
        "judging": 3.2,
        "comparison": 14.9,
        "figures": 5.1,
    },
}

MANIFEST = {
    "versions": {"thermozoo": "0.1.0", "numpy": "2.4.6"},
    "python": "3.12.3",
    "machine": "x86_64",
    "plugins": [{"kind": "potential", "name": "quartic", "distribution": "thermozoo", "version": "0.1.0"}],
    "seed": REPORT["seed"],
    "config_digest": REPORT["config_digest"],
    "parameter_digest": REPORT["parameter_digest"],
    "engine": {"name": "compiled", "threads": 2, "blas": ["openblas 0.3.30", "openblas 0.3.31"]},
    "precision": "single",
    "noise": "philox4x32-10, Box-Muller",
    "seconds": REPORT["seconds"],
    "config_source": "three.toml",
}

TINY = """
[computer.units]
visible = 784
hidden = 2
[computer.connectivity]
plugin = "bipartite"
[dynamics]
duration = 0.004
engine = "reference"
[training]
method = "online"
cycles = 2
compare = ["exact", "online"]
held_out = 2
[generation]
samples = 3
[hardware]
preset = "electrical"
"""


def _differences(ours, real, path=""):
    """Where keys or types are not the same; a value that may be None has the type of the other."""
    if isinstance(ours, dict) and isinstance(real, dict):
        for key in {*ours, *real}:
            if key in ours and key in real:
                yield from _differences(ours[key], real[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(ours, list) and isinstance(real, list):
        yield from _differences(ours[0], real[0], f"{path}[0]")
    elif None not in (ours, real) and type(ours) is not type(real):
        yield f"{path}: {type(ours).__name__} is not {type(real).__name__}"


def test_the_report_of_these_tests_is_that_of_a_run(tmp_path, monkeypatch):
    config = check_config(tomllib.loads(TINY), catalogue(), "tiny.toml")
    monkeypatch.setattr(experiment, "draw_figures", lambda *arguments: {})
    experiment.run_experiment(config, catalogue(), tmp_path / "run", reporter=Bars())
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert list(_differences(REPORT, report)) == []
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    of_others = {"versions": None, "engine": None}  # depend on what is installed, and on the engine
    assert list(_differences(MANIFEST | of_others, manifest | of_others)) == []
    page = _Page((tmp_path / "run" / "report.html").read_text("utf-8"))
    assert page.balanced
    assert "More results" not in page.text  # all of it is said in words


class _Page(html.parser.HTMLParser):
    """Text, tags and attributes of a page."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})

    def __init__(self, text):
        super().__init__()
        self.words, self.tags, self.attributes, self.open = [], [], [], []
        self.balanced = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))


@pytest.fixture(scope="module")
def figures():
    return {"heat": png_bytes(plot_heat([1200.0, 1500.0])), "strange": b"\x89PNG but no"}


@pytest.fixture(scope="module")
def page(figures):
    return _Page(render_page(REPORT, CONFIG, figures, MANIFEST))


@pytest.mark.parametrize(
    "part",
    [
        # headline and cost
        "1,306 units turned thermal noise into images 1,000 times and released 1,351 ± 198 kT",
        "(mean ± standard deviation over 1,000 samples)",
        "standard error of the mean is 6.3 kT",
        "784-128-128-784 perceptron: 217,088 multiply-accumulates a step at 1 pJ",
        "2.4 × 10⁸ kT at 300 K",
        "ten steps",
        "5.2 × 10¹⁴ kT",
        "this is 3.9 × 10¹¹",
        # computer
        "visible (784 units), hidden (512 units) and label (10 units, frozen)",
        "quartic (J2 = 1.25, J4 = 1)",
        "hidden double-well (J2 = \u22122)",
        "bipartite (within = hidden)",
        "kT = 0.1 E₀ with mobility µ = 1",
        "euler-maruyama in 2,500 steps of 0.001 for 2.5 1/(µE₀)",
        # training
        "digits (classes = 0, 1, 2, per_class = 1)",
        "linear-fade (amplitude = 2, fade = 0.75, hidden = projection)",
        "The method is online.",
        "Training took 61.5 s.",
        "went from 652.87 (untrained) to 647.91; N/2 = 648 is the mean of a perfect model",
        "12,407 ± 154 nats more likely",
        "The loss is not the heat.",
        # generation
        "best correlation is 0.691 ± 0.081 (mean",
        "487 (48.7 %) of the outputs are inverted",
        "0 341 34.1 %",
        "2 357 35.7 %",
        "Frobenius norm 12.6 E₀",
        "noising trajectories 900",
        "learning rate 0.0004",
        "on-site \u22123,281.2 kT",
        "coupling 4,630.1 kT",
        "bias 2.5 kT",
        "total 1,351.4 kT",
        "does 17.2 kT of work",
        # quality
        "The diversity of the outputs is 0.413: the mean of",
        "mean distance from the nearest prototype is 0.786",
        "with white noise of 0.520 times their contrast",
        "right about 91.3 % of such images",
        "puts 97 % of the outputs into a class that the computer was trained on",
        "100 % of these classes are covered",
        "entropy of its verdicts is 1.57 bits",
        "as the judge sees them class outputs share 0 340 34.0 %",
        "7 30 3.0 %",
        # hardware
        "for RC nodes at room temperature",
        "temperature 300 K",
        "preset electrical",
        "time per sample 2.50 µs",
        "energy per sample 5.60 aJ",
        "power 2.24 pW",
        # comparison
        "exact 647.950 12,350 ± 153 1,340 ± 190 0.685 ± 0.079 14.2 480 0.412 0.79 12.6 1 0.96",
        "online 1,288",
        # rest
        "assembly 0.410 s",
        "total 269 s (4 min 29 s)",
        "seed 424242",
        "config digest 9f2c0c8d",
        "parameter digest 77aa01bc",
        "thermozoo 0.1.0, numpy 2.4.6",
        "potential quartic thermozoo 0.1.0",
        'method = "descent"',
        "engine name compiled, threads 2, blas openblas 0.3.30 and openblas 0.3.31",
    ],
)
def test_page_says(page, part):
    # Cells of tables are apart on the page, not in the text that the parser sees.
    assert part.replace(" ", "") in re.sub(r"\s", "", page.text)


def test_nothing_is_dumped(page):
    assert "[&#39;" not in page.text
    assert "['" not in page.text.partition("Config (TOML)")[0]
    assert "judge noise" not in page.text
    assert "judge counts" not in page.text


def test_page_is_well_formed_and_needs_nothing_from_outside(page, figures):
    assert page.balanced
    assert page.open == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    for _, name, value in page.attributes:
        if name in {"src", "href", "srcset", "poster", "action", "data"}:
            assert value.startswith("data:image/png;base64,")
        assert not name.startswith("on")
    text = render_page(REPORT, CONFIG, figures, MANIFEST)
    assert "url(" not in text
    assert "@import" not in text
    assert "http://" not in text
    assert "https://" not in text


def test_page_is_for_phones_printers_and_dark_rooms(figures):
    text = render_page(REPORT, CONFIG, figures, MANIFEST)
    assert 'name="viewport"' in text
    assert "@media print" in text
    assert "prefers-color-scheme: dark" in text


def test_figures_are_in_the_page_with_their_captions(page, figures):
    sources = [value for _, name, value in page.attributes if name == "src"]
    assert [base64.b64decode(s.partition(",")[2]) for s in sources] == list(figures.values())
    alternatives = [value for _, name, value in page.attributes if name == "alt"]
    assert alternatives[0].startswith("Heat. How much heat single generations released.")
    assert "Strange." in page.text


def test_what_the_words_do_not_say_is_listed():
    text = _Page(render_page({**REPORT, "class_entropy": 1.0948}, CONFIG, {}, {})).text
    assert "More results class entropy 1.095".replace(" ", "") in re.sub(r"\s", "", text)


def test_what_is_missing_is_left_out():
    page = _Page(render_page({**REPORT, "absent": None}, CONFIG, {}, MANIFEST))
    assert "None" not in page.text
    assert "absent" not in page.text
    assert "nan" not in page.text.replace("nano", "")


@pytest.mark.parametrize("key", [*REPORT, "all"])
def test_every_key_may_be_missing(key):
    report = {} if key == "all" else {k: v for k, v in REPORT.items() if k != key}
    missing = _Page(render_page(report, "", {}, {}))
    assert missing.balanced
    assert "None" not in missing.text
    as_none = _Page(render_page({**REPORT, key: None}, "", {}, {}))
    assert "None" not in as_none.text


def test_markup_in_what_was_given_is_shown_not_obeyed():
    evil = '<img src=x onerror="alert(1)">&amp;'
    report = {
        **REPORT,
        "class_counts": {evil: 3},
        "seed": evil,
        "seconds": {evil: 1.0},
        "remark": evil,
        "hardware": {"preset": evil},
        "comparison": [{"method": evil, "heat_mean_kT": 1.0, evil: 2}],
    }
    quoted = evil.replace("\\", "\\\\").replace('"', '\\"')
    config = (
        f"# {evil}\n[computer.units]\n'{evil}' = 3\n[computer.potential]\nplugin = '{evil}'\n"
        f"p = \"{quoted}\"\n[data]\nplugin = '{evil}'\n[training]\nmethod = '{evil}'\n"
        f"[noising]\nprotocol = '{evil}'\n[dynamics]\nintegrator = '{evil}'\ndt = 1\nduration = 2\n"
    )
    figures = {evil: b"\x89PNG"}
    text = render_page(report, config, figures, {"versions": {evil: evil}, "engine": evil})
    page = _Page(text)
    assert page.balanced
    assert page.tags.count("img") == 1
    assert "<img src=x" not in text
    assert page.text.count(evil) >= 12


@pytest.mark.parametrize(
    ("units", "part"),
    [
        ("visible = 36\nhidden = 8", "a 36-128-128-36 perceptron: 25,600 multiply-accumulates a step at 1 pJ"),
        ("label = {size = 10, frozen = true}\npicture = 64", "a 64-128-128-64 perceptron: 32,768 multiply"),
    ],
)
def test_the_digital_denoiser_has_the_size_of_the_image(units, part):
    assert part in _Page(render_page(REPORT, f"[computer.units]\n{units}\n", {}, {})).text


@pytest.mark.parametrize(
    ("signal", "part"),
    [
        ((2.0, 2.0, True, None), "does not fade: the force on a pixel of value one is 2 E₀ throughout"),
        ((0.0, 0.0, True, 0.0), "No image is imposed"),
        (
            (2.0, 0.0, False, 1.875),
            "is gone from t = 1.875 1/(µE₀) on (the force on a pixel of value one starts at 2 E₀)",
        ),
        ((2.0, 0.5, False, None), "2 E₀ at the start and 0.5 E₀ at the end: the image is imposed to the last"),
    ],
)
def test_what_becomes_of_the_imposed_image_follows_from_its_intensities(signal, part):
    keys = ("start_E0", "end_E0", "constant", "zero_from")
    report = {**REPORT, "imposed_signal": dict(zip(keys, signal, strict=True))}
    text = _Page(render_page(report, CONFIG, {"noising": b"\x89PNG"}, {})).text
    assert text.count(part) == 2  # how it was trained, and the caption of the figure
    assert "thermal noise alone" not in text or signal[3] is not None
    assert "let fade" not in text


def test_times_are_in_the_unit_of_the_figures():
    signal = {"start_E0": 2.0, "end_E0": 0.0, "constant": False, "zero_from": 1.5}
    config = CONFIG.replace("mobility = 1.0", "mobility = 4.0")
    text = _Page(render_page({**REPORT, "imposed_signal": signal}, config, {}, {})).text
    assert "is gone from t = 6 1/(µE₀) on" in text


@pytest.mark.parametrize(
    ("dt", "duration", "part"),
    [
        ("0.03", "2.5", "in 83 steps of 0.03 for 2.49 1/"),
        ("0.3", "0.9", "in 3 steps of 0.3 for 0.9 1/"),
        ("1e-3", "2.5", "in 2,500 steps of 0.001 for 2.5 1/"),
    ],
)
def test_the_time_is_that_of_the_steps(dt, duration, part):
    config = f"[computer]\nmobility = 1.0\n[dynamics]\ndt = {dt}\nduration = {duration}\n"
    assert part in _Page(render_page({}, config, {}, {})).text


def test_trained_potentials_and_windows_are_said():
    report = {
        **REPORT,
        "windows": 3,
        "trained_parameters": {"visible": {"J2": [0.61, 1.52]}, "hidden": {"J2": [-2.25, -1.5]}},
    }
    text = _Page(render_page(report, CONFIG, {"couplings": b"\x89PNG"}, {})).text
    assert "Before training, and while it is noised, every unit has the on-site energy quartic" in text
    assert "now they are J2 of visible from 0.610 to 1.52 and J2 of hidden from \u22122.25 to \u22121.50" in text
    assert "Generation has 3 time windows, each with trained parameters of its own" in text
    assert "the couplings of the last of 3 time windows" in text
    plain = _Page(render_page({**REPORT, "windows": 1, "trained_parameters": {}}, CONFIG, {}, {})).text
    assert "It moves" in plain
    assert "Every unit has the on-site energy" in plain
    assert "window" not in plain


def test_files_of_plugins_are_named_where_the_config_is_said_to_run_again():
    plugin = {"kind": "dataset", "name": "stripes", "version": None, "file": "my plugins/stripes.py", "sha256": "0a1b"}
    text = _Page(render_page(REPORT, CONFIG, {}, {"plugins": [plugin, {**plugin, "name": "dots"}]})).text
    assert "with thermozoo run config.toml --plugin 'my plugins/stripes.py': every default" in text
    assert "dataset stripes my plugins/stripes.py SHA-256 0a1b" in text
    assert "--plugin" not in _Page(render_page(REPORT, CONFIG, {}, MANIFEST)).text
    copied = {**plugin, "copy": "plugins/stripes.py"}
    text = _Page(render_page(REPORT, CONFIG, {}, {"plugins": [copied]})).text
    assert "--plugin" not in text
    assert "it finds the plugins that are single files there: plugins/stripes.py." in text


def test_a_figure_that_is_missing_is_named_where_it_would_be():
    missing = {"heat": "ValueError: <no> heat", "noising": "interrupted"}
    page = render_page(REPORT, CONFIG, {"outputs": b""}, MANIFEST, missing)
    text = _Page(page).text
    assert "Heat. This figure is missing: ValueError: <no> heat." in text
    assert "Noising. This figure is missing: interrupted." in text
    assert page.index("This figure is missing: interrupted") < page.index("This figure is missing: ValueError")


def test_one_sample_has_no_standard_deviation():
    report = {
        **REPORT,
        "samples": 1,
        "heat_std_kT": 0.0,
        "comparison": None,
        "best_correlation_std": 0.0,
    }
    text = _Page(render_page(report, CONFIG, {}, {})).text
    assert "into images once and released 1,351 kT of heat." in text
    assert "standard deviation over" not in text
    assert "that mean" not in text
    assert "one sample has no spread" in _Page(render_page(report, CONFIG, {"heat": b"\x89PNG"}, {})).text


def test_method_of_the_report_comes_first_and_that_of_the_config_second():
    config = "[training]\nmethod = 'exact'\n"
    assert "The method is online." in _Page(render_page({"method": "online"}, config, {}, {})).text
    assert "The method is exact." in _Page(render_page({"method": None}, config, {}, {})).text


def test_the_perfect_loss_is_said_only_where_it_is_known():
    report = {**REPORT, "loss_perfect": None, "loss_final": 647.9}
    text = _Page(render_page(report, CONFIG, {"loss": b"\x89PNG"}, {})).text
    assert "went from 652.87 (untrained) to 647.90." in text
    assert "N/2" not in text
    assert "is not known for this objective and integrator" in text


@pytest.mark.parametrize(
    ("method", "curve"), [("exact", False), ("moments", False), ("descent", True), ("online", True)]
)
def test_the_loss_caption_says_what_is_drawn(method, curve):
    text = _Page(render_page({**REPORT, "method": method}, CONFIG, {"loss": b"\x89PNG"}, {})).text
    assert ("The blue curve follows one fixed noising trajectory" in text) is curve
    assert ("the two points are the computer before and after it" in text) is not curve


def test_loss_below_its_mean_is_explained_and_above_it_is_not():
    below = _Page(render_page({**REPORT, "loss_final": 647.9}, CONFIG, {}, {})).text
    above = _Page(render_page({**REPORT, "loss_final": 648.1}, CONFIG, {}, {})).text
    assert "scatters to both sides" in below
    assert "scatters to both sides" not in above


def test_standard_error_follows_from_samples():
    # Independent of the page: the standard deviation of a mean of n samples, by its definition.
    samples = [1.0, 2.0, 4.0, 8.0]
    deviation = statistics.stdev(samples)
    report = {"heat_mean_kT": statistics.fmean(samples), "heat_std_kT": deviation, "samples": 4}
    error = (statistics.variance(samples) / 4) ** 0.5
    assert f"standard error of the mean is {error:.1f} kT" in _Page(render_page(report, "", {}, {})).text


@pytest.mark.parametrize("method", ["exact", "moments", "descent", "online"])
def test_every_method_is_explained(method):
    text = _Page(render_page({}, f"[training]\nmethod = '{method}'\n", {}, {})).text
    assert re.search(rf"The method is {method}\. It \w+ the", text)


@pytest.mark.parametrize(
    ("withheld", "said"),
    [
        ("guessing", "Guessing among its 10 classes would be right about 10 %: in this noise the judge is not clearly"),
        ("unknown class", "the data set has no other image, so the judge does not know it"),
    ],
)
def test_a_judge_whose_verdicts_mean_nothing_is_not_quoted(withheld, said):
    judge = {**REPORT["judge"], "withheld": withheld}
    judge |= dict.fromkeys(("fraction_in_classes", "class_entropy_bits", "coverage", "counts"))
    rows = [{**REPORT["comparison"][0], "coverage": None, "fraction_in_classes": None, "judge_withheld": withheld}]
    page = _Page(render_page({**REPORT, "judge": judge, "comparison": rows}, CONFIG, {}, MANIFEST))
    assert said in page.text
    for verdict in ("of the outputs into a class", "are covered", "entropy of its verdicts", "as the judge sees them"):
        assert verdict not in page.text
    assert "; no coverage and no fraction in classes" in page.text


def test_a_data_set_without_other_classes_is_said_to_have_none():
    judge = {**REPORT["judge"], "withheld": "no other class", "fraction_in_classes": None}
    rows = [{**REPORT["comparison"][0], "fraction_in_classes": None, "judge_withheld": "no other class"}]
    page = _Page(render_page({**REPORT, "judge": judge, "comparison": rows}, CONFIG, {}, MANIFEST))
    assert "every output falls into one of them, whatever it looks like" in page.text
    assert "of the outputs into a class that" not in page.text
    assert "100 % of these classes are covered" in page.text
    assert "; no fraction in classes: the data set has no other class" in page.text


@pytest.mark.parametrize(
    ("named", "said"),
    [('["hidden", "label"]', "Biases are trained in hidden."), ('["label"]', "No bias is trained.")],
)
def test_no_bias_of_a_clamped_group_is_trained(named, said):
    config = re.sub(r"trainable_biases = .*", f"trainable_biases = {named}", CONFIG)
    assert said in _Page(render_page(REPORT, config, {}, MANIFEST)).text


@pytest.mark.parametrize(
    ("dt", "said"),
    [
        ("1e-3", "in 2,500 steps of 0.001 for 2.5 1/(µE₀)."),
        ("0.003", "in 833 steps of 0.003 for 2.499 1/(µE₀) (the config's 2.5 in whole steps)."),
    ],
)
def test_a_duration_that_was_rounded_is_said_to_be(dt, said):
    assert said in _Page(render_page(REPORT, CONFIG.replace("dt = 1e-3", f"dt = {dt}"), {}, MANIFEST)).text
