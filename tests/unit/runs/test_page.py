"""The page of a run shows every figure and every number in its section, and refers to nothing outside."""

from __future__ import annotations

import base64
import html.parser
import re
import statistics
import types
import typing

import numpy as np
import pytest

from thermozoo.plotting import plot_heat, png_bytes
from thermozoo.runs.documented import documented
from thermozoo.runs.page import render_page
from thermozoo.runs.page.novelty import Novelty
from thermozoo.runs.place import FIGURES
from thermozoo.runs.report_file import read_report
from thermozoo.runs.results import SECTIONS

CONFIG = """
[computer]
temperature = 0.1
mobility = 1.0
trainable_biases = ["hidden"]
[computer.units]
visible = 784
hidden = 512
label = {size = 10, clamped = true}
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
held_out = 30
[generation]
samples = 1000
"""

COMPARED = {
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
}

MEASURED = {
    "frechet_components": 181.26,
    "frechet_features": None,
    "precision": 0.926,
    "recall": None,
    "nearest": 0.7801,
    "diversity": 0.2004,
    "judged_right": 0.812,
    "confidence": 0.959,
}

#: With numbers to look for.
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
    "quality": {
        "rows": [
            {**MEASURED, "name": "outputs"},
            {**MEASURED, "name": "real held-out", "frechet_components": 12.934, "judged_right": 0.943},
            {**MEASURED, "name": "learned images", "nearest": 0.9},
            {**MEASURED, "name": "noise", "recall": 0.0},
        ],
        "noise": 0.371,
        "measured": 1000,
        "compared": 442,
        "reference": 1447,
        "judge_images": 4898,
        "components": 47,
        "fitted_to": "judge",
        "confusion": {"0": {"0": 690, "1": 10}, "1": {"1": 300}},
        "withheld": {"frechet_features": "too few of them", "recall": "too few of them", "baselines": "none is left"},
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
        COMPARED,
        {**COMPARED, "method": "online", "heat_mean_kT": 1288.0, "likelihood_gain_nats": None},
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


class _Page(html.parser.HTMLParser):
    """Text by section, tags and attributes of a page."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})

    def __init__(self, report=REPORT, config=CONFIG, figures=None, manifest=MANIFEST, missing=None):
        super().__init__()
        self.source = render_page(read_report(report), config, figures or {}, manifest, missing)
        self.sections, self.tags, self.attributes, self.open = {"": ""}, [], [], []
        self.pictures = {}
        self.balanced = True
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "section":
            self.sections[dict(attrs)["id"]] = ""
        if tag == "img":
            self.pictures.setdefault(list(self.sections)[-1], []).append(dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.sections[list(self.sections)[-1]] += data

    def holds(self, section, *parts):
        """Whether parts stand in a section one after the other, whatever the blanks."""
        text = re.sub(r"\s", "", self.sections[section])
        for part in parts:
            _, found, text = text.partition(re.sub(r"\s", "", part))
            if not found:
                return False
        return True

    @property
    def text(self):
        return "".join(text for name, text in self.sections.items() if name != "config")


@pytest.fixture(scope="module")
def figures():
    return {"heat": png_bytes(plot_heat([1200.0, 1500.0])), "strange": b"\x89PNG but no"}


@pytest.fixture(scope="module")
def page(figures):
    return _Page(figures=figures)


@pytest.mark.parametrize(
    ("section", "parts"),
    [
        ("", ["1,306", "digits", "1,000"]),
        ("generation", ["0.6912 ± 0.0026", "487 of 1,000", "48.7 %", "0.780", "0.780"]),
        ("generation", ["81.2 % (79 to 84 %)", "94.3 %", "1,351 ± 198 kT", "1,000", "5.60 aJ", "300 K"]),
        ("generation", ["12,407 ± 154 nats"]),
        ("course", ["1/(µE₀)", "0.1 E₀", "300 K", "E₀ is 4.14 × 10⁻²⁰ J"]),
        ("computer", ["visible", "784", "hidden", "512", "label", "10", "quartic (J2 = 1.25, J4 = 1)"]),
        ("computer", ["hidden", "double-well (J2 = \u22122)", "bipartite (within = hidden)", "0.1 E₀", "µ = 1"]),
        ("computer", ["euler-maruyama", "2,500", "0.001", "2.5 1/(µE₀)"]),
        ("training", ["digits (classes = 0, 1, 2, per_class = 1)"]),
        ("training", ["linear-fade (amplitude = 2, fade = 0.75, hidden = projection)", "1.875", "2 E₀", "online"]),
        (
            "training",
            ["12,407 ± 154 nats", "61.5 s", "12.6 E₀", "652.87", "647.91", "\u22120.087 ± 0.093", "N/2 = 648"],
        ),
        ("training", ["noising trajectories", "900", "learning rate", "0.0004"]),
        (
            "quality",
            ["0.691 ± 0.081", "0.413", "0.786", "0.520", "91.3 %", "97 %", "30 %", "100 %", "1.57 bits", "1.58"],
        ),
        ("quality", ["0 341 34.1 % 340 34 %", "2 357 35.7 % 330 33 %", "7 30 3 %"]),
        ("measures", ["0.371", "1,447", "47", "442", "4,898"]),
        ("measures", ["Frechet distance, features, recall (too few of them)", "baselines (none is left)"]),
        ("measures", ["Frechet distance, components", "precision", "recall", "nearest", "judged right", "confidence"]),
        ("measures", ["outputs 181 0.93 0.780 0.20 0.81 0.96"]),
        ("measures", ["real held-out 12.9 0.93 0.780 0.20 0.94 0.96", "noise 181 0.93 0.00 0.780"]),
        ("cost", ["1,351 ± 198 kT", "1,000", "6.3 kT", "300 K", "17.2 kT", "784-128-128-784", "217,088", "1 pJ"]),
        ("cost", ["2.4 × 10⁸ kT", "5.2 × 10¹⁴ kT", "3.9 × 10¹¹"]),
        ("cost", ["on-site \u22123,281.2 kT", "coupling 4,630.1 kT", "bias 2.5 kT", "total 1,351.4 kT"]),
        (
            "hardware",
            ["RC nodes at room temperature", "2.50 µs", "5.60 aJ", "2.24 pW", "electrical", "300 K", "not known"],
        ),
        ("comparison", ["exact 647.950 12,350 ± 153 1,340 ± 190 0.685 ± 0.079 14.2 480 0.412 0.79 12.6 1 0.96"]),
        ("comparison", ["online", "1,288 ± 190"]),
        ("time", ["assembly 0.410 s", "total 269 s (4 min 29 s)"]),
        ("provenance", ["seed 424242", "9f2c0c8d", "77aa01bc", "thermozoo 0.1.0, numpy 2.4.6", "quartic"]),
        ("provenance", ["compiled, threads 2, blas openblas 0.3.30 and openblas 0.3.31"]),
        ("config", ['method = "descent"', "three.toml"]),
    ],
)
def test_numbers_stand_in_their_section(page, section, parts):
    assert page.holds(section, *parts)


def test_sections_are_in_order(page):
    assert [*page.sections] == [
        "",
        "generation",
        "course",
        "quality",
        "measures",
        "novelty",
        "cost",
        "hardware",
        "training",
        "computer",
        "comparison",
        "figures",
        "next",
        "time",
        "provenance",
        "config",
    ]


def test_nothing_is_dumped(page):
    for code in ("[&#39;", "['", "None", "fraction_in", "mean_", "heat_"):
        assert code not in page.text


def test_page_is_well_formed_and_needs_nothing_from_outside(page):
    assert page.balanced
    assert page.open == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    for _, name, value in page.attributes:
        if name in {"src", "href", "srcset", "poster", "action", "data"}:
            assert value.startswith(("data:image/png;base64,", "data:image/gif;base64,"))
        assert not name.startswith("on")
    assert not re.search(r"url\(|@import|https?://", page.source)


def test_page_is_for_phones_printers_and_dark_rooms(page):
    for part in ('name="viewport"', "@media print", "prefers-color-scheme: dark"):
        assert part in page.source


def test_figures_are_in_their_section_with_captions(page, figures):
    shown = {name: base64.b64decode(p["src"].partition(",")[2]) for name, [p] in page.pictures.items()}
    assert shown == {"cost": figures["heat"], "figures": figures["strange"]}
    assert all(picture["alt"] for [picture] in page.pictures.values())
    assert page.holds("figures", "Strange.")


def test_an_animation_keeps_its_kind_and_its_width():
    gif = b"GIF89a" + (230).to_bytes(2, "little") + bytes(8)
    [picture] = _Page(figures={"generation": gif}).pictures["course"]
    assert picture["src"] == "data:image/gif;base64," + base64.b64encode(gif).decode()
    assert "230px" in picture["style"]


def test_warnings_stand_near_the_top():
    said = "window 3 of 9 has 61 % of the heat <of all>"
    page = _Page({**REPORT, "warnings": [said]})
    assert page.holds("generation", "Heat", said)
    assert "Warning" not in _Page().text


def test_every_known_figure_has_a_section_and_a_caption():
    page = _Page(figures=dict.fromkeys(FIGURES, b"\x89PNG"))
    assert {name: len(pictures) for name, pictures in page.pictures.items()} == {
        "generation": 2,
        "course": 3,
        "training": 3,
        "cost": 2,
        "comparison": 1,
    }
    captions = [picture["alt"] for pictures in page.pictures.values() for picture in pictures]
    assert len(set(captions)) == len(FIGURES)
    assert all(len(caption) > 60 and "  " not in caption and "\n" not in caption for caption in captions)


@pytest.mark.parametrize(
    "key",
    [
        name
        for section in SECTIONS.values()
        for name, kind, _ in documented(section, inherited=False)
        if types.NoneType in typing.get_args(kind) and "." not in name
    ],
)
def test_what_is_none_is_left_out(key):
    page = _Page({**REPORT, key: None})
    assert page.balanced
    assert "None" not in page.text


def test_markup_in_what_was_given_is_shown_not_obeyed():
    evil = '<img src=x onerror="alert(1)">&amp;'
    report = {
        **REPORT,
        "method": evil,
        "class_counts": {evil: 3},
        "class_names": {"0": evil},
        "trained_parameters": {evil: {evil: [1.0, 2.0]}},
        "training": {evil: evil},
        "heat_by_term_kT": {evil: 1.0},
        "config_digest": evil,
        "seconds": {evil: 1.0},
        "hardware": {**REPORT["hardware"], "preset": evil, "description": evil},
        "comparison": [{**COMPARED, "method": evil}],
    }
    quoted = evil.replace("\\", "\\\\").replace('"', '\\"')
    config = CONFIG.replace("[computer.units]", f"[computer.units]\n'{evil}' = 3")
    for word in ("quartic", "bipartite", "euler-maruyama", "digits", "linear-fade", "descent", "projection", "hidden"):
        config = config.replace(f'"{word}"', f'"{quoted}"')
    page = _Page(report, config, {evil: b"\x89PNG"}, {"versions": {evil: evil}, "engine": evil}, {evil + "2": evil})
    assert page.balanced
    assert page.tags.count("img") == 1
    assert "<img src=x" not in page.source
    assert page.text.count(evil) >= 24


@pytest.mark.parametrize(
    ("units", "layers", "operations"),
    [
        ("visible = 36\nhidden = 8", "36-128-128-36", "25,600"),
        ("label = {size = 10, clamped = true}\npicture = 64", "64-128-128-64", "32,768"),
    ],
)
def test_the_digital_denoiser_has_the_size_of_the_image(units, layers, operations):
    config = re.sub(r"(\[computer.units\]\n).*?(?=\n\[)", rf"\1{units}", CONFIG, flags=re.DOTALL)
    config = re.sub(r"trainable_biases = .*", "trainable_biases = []", config)
    assert _Page(config=config).holds("cost", layers, operations)


@pytest.mark.parametrize(
    ("signal", "parts"),
    [
        ((2.5, 2.5, True, None), ["2.5 E₀"]),
        ((0.0, 0.0, True, 0.0), []),
        ((2.5, 0.0, False, 1.875), ["1.875 1/(µE₀)", "2.5 E₀"]),
        ((2.5, 0.75, False, None), ["2.5 E₀", "0.75 E₀"]),
    ],
)
def test_what_becomes_of_the_imposed_image_follows_from_its_intensities(signal, parts):
    keys = ("start_E0", "end_E0", "constant", "zero_from")
    report = {**REPORT, "imposed_signal": dict(zip(keys, signal, strict=True))}
    page = _Page(report, figures={"noising": b"\x89PNG"})
    assert page.holds("training", *parts, *parts)  # how it was trained, and the caption of the figure
    assert not page.holds("training", *parts, *parts, "E₀", "E₀") or not parts
    assert page.holds("training", "1.875") is (1.875 in signal)


def test_times_are_in_the_unit_of_the_figures():
    signal = {"start_E0": 2.0, "end_E0": 0.0, "constant": False, "zero_from": 1.625}
    config = CONFIG.replace("mobility = 1.0", "mobility = 4.0")
    assert _Page({**REPORT, "imposed_signal": signal}, config).holds("training", "6.5 1/(µE₀)")


@pytest.mark.parametrize(
    ("dt", "duration", "parts"),
    [
        ("0.03", "2.5", ["83", "0.03", "2.49 1/", "2.5"]),
        ("0.3", "0.9", ["3", "0.3", "0.9 1/"]),
        ("1e-3", "2.5", ["2,500", "0.001", "2.5 1/"]),
    ],
)
def test_the_time_is_that_of_the_steps(dt, duration, parts):
    config = CONFIG.replace("dt = 1e-3\nduration = 2.5", f"dt = {dt}\nduration = {duration}")
    assert _Page(config=config).holds("computer", "euler-maruyama", *parts)


def test_trained_potentials_and_windows_are_said():
    ranges = {"visible": {"J2": [0.61, 1.52]}, "hidden": {"J2": [-2.25, -1.5]}}
    page = _Page({**REPORT, "windows": 3, "trained_parameters": ranges}, figures={"couplings": b"\x89PNG"})
    assert page.holds("computer", "J2", "visible", "0.610", "1.52", "hidden", "\u22122.25", "\u22121.50")
    assert page.holds("training", "3 time windows", "12.6 E₀", "3 time windows")  # how it was trained, and the caption
    assert "window" not in _Page().text


def test_heat_that_was_counted_by_the_path_is_said_so():
    by_term = REPORT["heat_by_term_kT"] | {"asymmetry": 12.34}
    report = REPORT | {"heat_counted": "by the path", "heat_by_term_kT": by_term, "work_mean_kT": 12.34}
    page = _Page(report)
    assert page.holds(
        "cost", "heat was counted by the path", "circulating force", "12.3 kT in the mean. It never rests"
    )
    assert "Switching" not in page.text
    switching = _Page(report | {"windows": 8, "work_mean_kT": 17.25})
    assert switching.holds("cost", "12.3 kT in the mean; all work, that of switching", "is 17.2 kT")
    assert "by the path" not in _Page().text


def test_files_of_plugins_are_named_where_the_config_is_said_to_run_again():
    plugin = {"kind": "dataset", "name": "stripes", "version": None, "file": "my plugins/stripes.py", "sha256": "0a1b"}
    page = _Page(manifest={"plugins": [plugin, {**plugin, "name": "dots"}]})
    assert page.holds("config", "thermozoo run config.toml --plugin 'my plugins/stripes.py':")
    assert page.holds("provenance", "dataset stripes my plugins/stripes.py SHA-256 0a1b")
    assert not _Page().holds("config", "--plugin")
    copied = _Page(manifest={"plugins": [{**plugin, "copy": "plugins/stripes.py"}]})
    assert copied.holds("config", "thermozoo run config.toml --plugin plugins/stripes.py:")


def test_a_figure_that_is_missing_is_named_where_it_would_be():
    page = _Page(missing={"heat": "ValueError: <no> heat", "noising": "interrupted", "new": "late"})
    assert page.holds("cost", "Heat.", "ValueError: <no> heat.")
    assert page.holds("training", "Noising.", "interrupted.")
    assert page.holds("figures", "New.", "late.")


def test_one_sample_has_no_standard_deviation():
    report = {**REPORT, "samples": 1, "heat_std_kT": 0.0, "comparison": None, "best_correlation_std": 0.0}
    page = _Page(report, figures={"heat": b"\x89PNG"})
    assert page.holds("generation", "0.691", "1,351 kT")
    assert "±" not in page.sections["cost"] + page.sections["quality"]
    assert page.sections["generation"].count("±") == 2  # of the likelihood gain


def test_the_method_is_that_of_the_report():
    assert _Page().holds("training", "The method is online.")  # the config's is descent


def test_the_perfect_loss_is_said_only_where_it_is_known():
    page = _Page({**REPORT, "loss_perfect": None, "loss_final": 647.9}, figures={"loss": b"\x89PNG"})
    assert page.holds("training", "652.87", "647.90")
    assert "N/2" not in page.text


def test_standard_error_follows_from_samples():
    # Independent of the page: the standard deviation of a mean of n samples, by its definition.
    samples = [1.0, 2.0, 4.0, 8.0]
    deviation = statistics.stdev(samples)
    figures = {"heat_mean_kT": statistics.fmean(samples), "heat_std_kT": deviation, "samples": 4}
    error = (statistics.variance(samples) / 4) ** 0.5
    assert _Page({**REPORT, **figures}).holds("cost", f"{error:.1f} kT")


def test_every_method_and_its_loss_figure_is_explained():
    methods = ("exact", "moments", "descent", "online", "of a plugin")
    pages = [_Page({**REPORT, "method": m}, figures={"loss": b"\x89PNG"}) for m in methods]
    texts = [page.sections["training"].replace(m, "") for page, m in zip(pages, methods, strict=True)]
    assert len(set(texts)) == len(methods)
    assert len(texts[-1]) < min(map(len, texts[:-1]))
    assert all(len(page.pictures["training"][0]["alt"]) > 200 for page in pages)


@pytest.mark.parametrize(
    ("withheld", "none"),
    [
        ("guessing", ["fraction_in_classes", "class_entropy_bits", "coverage", "counts"]),
        ("unknown class", ["fraction_in_classes", "class_entropy_bits", "coverage", "counts"]),
        ("no other class", ["fraction_in_classes"]),
    ],
)
def test_verdicts_that_mean_nothing_are_not_quoted(withheld, none):
    judge = {**REPORT["judge"], "withheld": withheld, **dict.fromkeys(none)}
    rows = [{**COMPARED, "coverage": None, "fraction_in_classes": None, "judge_withheld": withheld}]
    page = _Page({**REPORT, "judge": judge, "comparison": rows})
    quality = page.sections["quality"]
    assert "97 %" not in quality
    assert ("1.57 bits" in quality, "100 %" in quality, "7303%" in re.sub(r"\s", "", quality)) == (len(none) == 1,) * 3
    known = _Page()
    assert len(page.sections["comparison"]) > 50
    assert quality != known.sections["quality"]
    assert page.holds("quality", "10 classes", "10 %") is (withheld == "guessing")


def test_a_report_of_an_earlier_version_has_no_measures():
    page = _Page({key: value for key, value in REPORT.items() if key != "quality"})
    assert page.balanced
    assert {"measures", "novelty"}.isdisjoint(page.sections)
    assert page.holds("generation", "0.6912 ± 0.0026")


@pytest.mark.parametrize(("named", "trained"), [('["hidden", "label"]', True), ('["label"]', False)])
def test_no_bias_of_a_clamped_group_is_trained(named, trained):
    page = _Page(config=re.sub(r"trainable_biases = .*", f"trainable_biases = {named}", CONFIG))
    sentence = next(part for part in page.sections["computer"].split(". ") if "ias" in part)
    assert ("hidden" in sentence) is trained
    assert "label" not in sentence


def test_the_outputs_come_first_below_the_prototypes_and_the_numbers_after_them():
    source = _Page(figures=dict.fromkeys(FIGURES, b"\x89PNG")).source
    order = ["<h1", 'class="lead"', 'alt="Prototypes.', 'alt="Outputs.', 'class="headline"', 'alt="The decision.']
    assert [source.count(part) for part in order] == [1] * len(order)
    places = [source.index(part) for part in order]
    assert places == sorted(places)
    assert "<table" not in source[: places[-1]]


def test_the_solvers_figures_are_folded_away():
    page = _Page()
    section = page.source.partition('<section id="training">')[2].partition("</section>")[0]
    before, _, folded = section.partition("<details>")
    assert "learning rate</td>" in folded.partition("</details>")[0]
    assert "<table" not in before


ASKED = CONFIG.replace("[generation]", '[generation]\ncondition = "each"')
CONFUSION = {"0": {"0": 9, "1": 1}, "2": {"0": 2, "2": 38}, "3": {"3": 3, "5": 17}}


def with_quality(**quality):
    return {**REPORT, "class_names": {"2": "two"}, "quality": {**REPORT["quality"], **quality}}


def test_what_was_asked_for_stands_beside_what_came_out_with_the_accuracy_of_the_judge():
    """The interval is that of Wilson: of 9 in 10 its ends are (0.9 + z2/20 +- z sqrt(0.009 + z2/400)) / (1 + z2/10)."""
    page = _Page(with_quality(confusion=CONFUSION), ASKED, dict.fromkeys(FIGURES, b"\x89PNG"))
    z = statistics.NormalDist().inv_cdf(0.975)
    middle, half = 0.9 + z**2 / 20, z * (0.009 + z**2 / 400) ** 0.5
    ends = [f"{100 * (middle + side * half) / (1 + z**2 / 10):.0f}" for side in (-1, 1)]
    assert page.holds(
        "generation", "81.2 % (71 to 89 %)", "94.3 %", "0 10 9 90 %", f"({ends[0]} to {ends[1]} %)", "two 40 38 95 %"
    )
    assert page.holds("generation", "3 20 3 15 %")
    usual = _Page(with_quality(confusion=CONFUSION), CONFIG, dict.fromkeys(FIGURES, b"\x89PNG"))
    assert not usual.holds("generation", "two 40 38")
    captions = [
        [p["alt"] for p in one.pictures["generation"] if p["alt"].startswith("Outputs.")] for one in (page, usual)
    ]
    assert captions[0] != captions[1]


def test_programs_for_classes_are_asked_for_each_though_no_condition_is_given():
    """The config that a run keeps names none, and the figure has a row for each class."""
    by_class = CONFIG.replace("[training]", "[training]\nby_class = true")
    asked, found = (
        _Page(with_quality(confusion=CONFUSION), one, dict.fromkeys(FIGURES, b"\x89PNG")) for one in (ASKED, by_class)
    )
    assert found.holds("generation", "two 40 38 95 %")
    assert [p["alt"] for p in found.pictures["generation"]] == [p["alt"] for p in asked.pictures["generation"]]


def test_a_class_that_was_asked_for_and_cannot_be_judged_is_said_so():
    rows = [{**row, "judged_right": None} for row in REPORT["quality"]["rows"]]
    report = with_quality(confusion=None, rows=rows, withheld={"judged_right": "two classes are too few"})
    page = _Page(report, ASKED)
    assert page.balanced
    assert page.holds("generation", "two classes are too few")
    assert _Page({**REPORT, "quality": None}, ASKED).balanced


@pytest.mark.parametrize(("shares", "said"), [((300, 343, 357), False), ((301, 402, 297), True)])
def test_judge_and_nearest_prototype_are_said_to_disagree_where_they_do(shares, said):
    """Of 1,000 outputs by the nearest prototype: 341, 302 and 357."""
    judge = {**REPORT["judge"], "counts": dict(zip("012", shares, strict=True))}
    page = _Page({**REPORT, "judge": judge, "class_names": {"0": "zero", "1": "one"}})
    assert page.holds("quality", "zero 341 34.1 %", f"{shares[0]}")
    assert page.holds("quality", "disagree") is page.holds("quality", "one: 30.2 %", "40.2 %", "8.7 %") is said


def test_a_class_nobody_names_has_no_row():
    page = _Page()
    assert page.holds("quality", "share", "0 341", "7 30")
    assert not page.holds("quality", "share", "0 341", "6 0 0 %")


@pytest.mark.parametrize(
    ("outputs", "real", "learned", "verdict"),
    [
        (0.9, 0.7, 0.9, "copies"),
        (0.81, 0.7, 0.9, "copies"),
        (0.75, 0.7, 0.9, "somewhat"),
        (0.71, 0.7, 0.9, "new"),
        (0.65, 0.7, 0.9, "new"),
        (0.4, 0.7, 0.9, "unlike"),
        (0.6, 0.95, 0.98, "unlike"),
        (0.96, 0.95, 0.98, "unknown"),
    ],
)
def test_whether_it_memorizes_follows_from_copies_and_real_images(outputs, real, learned, verdict):
    assert Novelty(outputs, real, learned).verdict == verdict
    values = {"outputs": outputs, "real held-out": real, "learned images": learned}
    rows = [{**MEASURED, "name": name, "nearest": value} for name, value in values.items()]
    page = _Page(with_quality(rows=rows))
    assert page.holds("novelty", *(f"{value:.3f}" for value in values.values()))
    assert page.holds("novelty", "precision") is (verdict != "copies")
    assert "novelty" not in _Page(with_quality(rows=rows[:2])).sections


def test_what_hardware_would_take_is_said_without_hardware_too():
    """The duration is 2.5 in units of 1/(mu E0): a microsecond, a millisecond or a nanosecond in the presets."""
    page = _Page({key: value for key, value in REPORT.items() if key != "hardware"})
    assert page.holds(
        "hardware", "electrical", "2.50 µs", "mechanical", "2.50 ms", "superconducting", "2.50 ns", "[hardware]"
    )
    fast = _Page({**REPORT, "hardware": None}, CONFIG.replace("mobility = 1.0", "mobility = 4.0"))
    assert fast.holds("hardware", "10.0 µs", "10.0 ms")


def test_the_distance_from_the_perfect_loss_has_its_scatter():
    """Half a chi-squared number of 1,296 degrees of freedom a step, 2,500 steps, 30 trajectories."""
    random = np.random.default_rng(8)
    means = (random.chisquare(1296, size=(400, 2500)) / 2).mean(axis=1)  # of one trajectory each
    error = means.std() / 30**0.5  # known to 3.5 %
    assert _Page({**REPORT, "loss_final": 648.5}).holds("training", f"0.500 ± {error:.2f}")
    weighted = CONFIG.replace("held_out = 30", "held_out = 30\nweights = {hidden = 0.1}")
    page = _Page({**REPORT, "loss_final": 648.5}, weighted)
    assert page.holds("training", "hidden = 0.1", "weighted likelihood", "0.50 from N/2")


def test_encodings_of_groups_are_said():
    tables = """
[noising.visible]
protocol = "hold-ramp"
width = 0.5
[encoding]
seed = 3
[encoding.visible]
plugin = "image"
[[encoding.label]]
plugin = "one-hot"
[[encoding.label]]
plugin = "tree"
copies = 4
medoids = false
"""
    page = _Page(config=CONFIG.replace("[training]", tables + "[training]"))
    assert page.holds("training", "visible is shown image, by hold-ramp (width = 0.5).")
    assert page.holds("training", "label is shown one-hot and tree (copies = 4, medoids = false).")
    assert not _Page().holds("training", "is shown image")


def test_what_a_schedule_drives_is_said():
    tables = """
[schedule.temperature]
protocol = "ramp"
final = 0.05
[schedule."potential.hidden.J2"]
protocol = "constant"
amplitude = 2.0
"""
    page = _Page(config=CONFIG.replace("[training]", tables + "[training]"))
    assert page.holds(
        "computer", "drives temperature by ramp (final = 0.05) and potential.hidden.J2 by constant (amplit"
    )
    assert page.holds("course", "there is no other input but what a schedule drives.")
    assert not _Page().holds("computer", "a schedule drives")
    driven = _Page(
        {**REPORT, "work_mean_kT": 2.5, "windows": 1}, config=CONFIG.replace("[training]", tables + "[training]")
    )
    assert driven.holds("cost", "The schedule does 2.50 kT of work in the mean, which the heat includes.")


@pytest.mark.parametrize(("method", "windows", "change"), [("exact", 1, "windows=4"), ("moments", 8, "windows=16")])
def test_three_commands_come_next(method, windows, change):
    plugin = {"kind": "potential", "name": "quartic", "version": None, "file": "my dir/q.py", "copy": "plugins/q.py"}
    page = _Page({**REPORT, "method": method, "windows": windows}, manifest={"plugins": [plugin]})
    assert page.tags.count("dt") == 3
    assert page.holds("next", "thermozoo run config.toml --plugin plugins/q.py --seed 424241")
    assert page.holds("next", f"thermozoo run config.toml --plugin plugins/q.py --set training.{change}")
    assert page.holds("next", "thermozoo show quartic --plugin plugins/q.py")
    other = {key: value for key, value in plugin.items() if key != "copy"}
    elsewhere = _Page({**REPORT, "seed": 0}, manifest={"plugins": [other]})
    assert elsewhere.holds("next", "thermozoo run config.toml --plugin 'my dir/q.py' --seed 1", "training.method=exact")


def test_no_method_is_proposed_that_further_terms_refuse():
    """Exact training solves for pair couplings alone."""
    table = '[computer.terms.springs]\n[computer.terms.springs.interaction]\nplugin = "difference"\n'
    table += '[computer.terms.springs.connectivity]\nplugin = "ring"\n'
    page = _Page({**REPORT, "method": "descent"}, config=CONFIG.replace("[training]", f"{table}[training]\ncycles = 5"))
    assert page.holds("next", "--set training.cycles=10")
    assert not page.holds("next", "training.method=exact")


def test_no_more_windows_than_steps_are_proposed():
    few = re.sub(r"duration = .*", "duration = 0.01", re.sub(r"dt = .*", "dt = 0.002", CONFIG))
    assert _Page({**REPORT, "method": "exact", "windows": 2}, few).holds("next", "--set training.windows=4")
    assert _Page({**REPORT, "method": "exact", "windows": 3}, few).holds("next", "--set dynamics.dt=0.001")


def test_figures_lie_on_a_white_card_in_the_dark():
    style = re.sub(r"\s", "", _Page().source.partition("<style>")[2].partition("</style>")[0])
    assert re.search(r"\.picture\{[^}]*background:#fff;", style)
    assert "brightness" not in style
