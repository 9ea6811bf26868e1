"""What a run found: every key of ``report.json`` with its type, its unit and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

import attrs

from thermozoo.keys import Key
from thermozoo.quality import Quality
from thermozoo.runs.device import Device
from thermozoo.runs.imperfect import Imperfect

__all__ = [
    "GUESSING",
    "NO_OTHER_CLASS",
    "SECTIONS",
    "UNKNOWN_CLASS",
    "AskedFigures",
    "ComparisonRow",
    "Figures",
    "GenerationFigures",
    "ImposedSignal",
    "Key",
    "QualityFigures",
    "Report",
    "TrainingFigures",
    "Verdicts",
    "Withheld",
]


#: Why verdicts of the judge are withheld: it is not clearly better than guessing, it has seen no image of a class that
#: was trained on, or there is no other class that an output could fall into.
Withheld = Literal["guessing", "unknown class", "no other class"]
GUESSING: Final = "guessing"
UNKNOWN_CLASS: Final = "unknown class"
NO_OTHER_CLASS: Final = "no other class"


@attrs.frozen(kw_only=True)
class ImposedSignal:
    """How strongly noising imposed an image."""

    start_E0: Annotated[float, Key("force on a pixel of value one at the start", "E0")]
    end_E0: Annotated[float, Key("that force at the end", "E0")]
    constant: Annotated[bool, Key("whether it stays the same")]
    zero_from: Annotated[
        float | None,
        Key(
            "time from which on the protocol's formula is zero and nothing is imposed; `null`: to the end something is",
            "time",
        ),
    ]


@attrs.frozen(kw_only=True)
class Verdicts:
    """What the judge makes of the outputs."""

    accuracy: Annotated[float, Key("fraction of images that it was not trained on about which it is right")]
    chance: Annotated[float, Key("the accuracy of guessing")]
    tested: Annotated[int, Key("images that the accuracy was measured on")]
    noise: Annotated[
        float,
        Key("white noise that its images got because outputs are noisy, over the images' own standard deviation"),
    ]
    withheld: Annotated[
        Withheld | None,
        Key(
            "why verdicts are `null` that would mean nothing: all four are where the accuracy is not above chance by "
            "two standard errors (`guessing`) or the judge has seen no image of a class that was trained on "
            "(`unknown class`), `fraction_in_classes` alone where the data set has `no other class`; `null` where "
            "nothing is withheld"
        ),
    ]
    fraction_in_classes: Annotated[float | None, Key("fraction of the outputs that it puts into a trained class")] = (
        None
    )
    class_entropy_bits: Annotated[float | None, Key("entropy of its verdicts", "bit")] = None
    coverage: Annotated[
        float | None, Key("fraction of trained classes that get at least a tenth of an even share of the outputs")
    ] = None
    counts: Annotated[dict[str, int] | None, Key("outputs by class of the data set")] = None
    confusion: Annotated[
        dict[str, dict[str, int]] | None,
        Key(
            "outputs by the class that was asked for, and in it by the verdict; `null` where none was, absent in a "
            "report of an earlier version",
            optional=True,
        ),
    ] = None


@attrs.frozen(kw_only=True)
class AskedFigures:
    """Whether outputs show the class that was asked for."""

    counts: Annotated[dict[str, int], Key("outputs by the class that was asked for")]
    nearest_as_asked: Annotated[
        float,
        Key("fraction of the outputs whose largest correlation, with its sign, is with a prototype of that class"),
    ]
    nearest_by_class: Annotated[dict[str, float], Key("that fraction, by the class that was asked for")]
    judged_as_asked: Annotated[
        float | None,
        Key("fraction that a judge puts into that class; `null` where the verdicts of all are withheld"),
    ]
    judged_by: Annotated[
        Literal["quality", "judge"] | None,
        Key(
            "which one: the perceptron of `quality`, or else, where no real images are left to try it on, the linear "
            "classifier of `judge`"
        ),
    ]
    judged_by_class: Annotated[dict[str, float] | None, Key("that fraction, by the class that was asked for")]
    judge_accuracy: Annotated[
        float | None,
        Key(
            "fraction of real images, as noisy as the outputs, that it puts into their own class; neither it nor the "
            "computer has learned them"
        ),
    ]


@attrs.frozen(kw_only=True)
class ComparisonRow:
    """One method of a comparison; keys mean what they mean in the report."""

    method: str
    loss_final: float
    likelihood_gain_nats: float | None
    likelihood_gain_se: float | None
    heat_mean_kT: float
    heat_std_kT: float
    mean_best_correlation: float
    best_correlation_std: float
    inverted: int
    diversity: float | None
    nearest_prototype_distance: float
    coupling_norm: float
    coverage: float | None
    fraction_in_classes: float | None
    judge_withheld: Annotated[str | None, Key("the `withheld` of its judge")]
    seconds: Annotated[float, Key("time of its training", "s")]


@attrs.frozen(kw_only=True, slots=False)
class TrainingFigures:
    """What training achieved on held-out noising trajectories."""

    method: Annotated[str, Key("training method")]
    loss_initial: Annotated[float, Key("reverse loss per step on held-out noising trajectories, untrained")]
    loss_final: Annotated[float, Key("that of the trained computer")]
    loss_perfect: Annotated[
        float | None,
        Key(
            "$N/2$ with $N$ the free units, or half the sum of their weights: the mean of a perfect model, up to order "
            "$\\Delta t$; `null` where it is not known, because the objective is not the action of the integrator's "
            "reverse step"
        ),
    ]
    likelihood_gain_nats: Annotated[
        float | None,
        Key(
            "mean of $\\ln P_\\theta[\\tilde\\omega] - \\ln P_\\text{untrained}[\\tilde\\omega]$ per held-out "
            "trajectory; `null` where the integrator has no closed transition density",
            "nat",
        ),
    ]
    likelihood_gain_se: Annotated[float | None, Key("its standard error", "nat")]
    imposed_signal: Annotated[ImposedSignal, Key("how strongly noising imposed an image")]
    windows: Annotated[
        int, Key("time windows of generation, each with trained parameters of its own; 1 without windows")
    ]
    programs: Annotated[
        int,
        Key(
            "programs that were trained: one for each class with `by_class`, else 1; loss and gain are then means over "
            "classes, each of its program on its own images. Absent in a report of an earlier version",
            optional=True,
        ),
    ] = 1
    trained_parameters: Annotated[
        dict[str, dict[str, tuple[float, float]]],
        Key(
            "smallest and largest value after training, over units, windows and programs, of every on-site parameter "
            "that was trained, by group; empty without `potential_parameters`"
        ),
    ]
    coupling_norm: Annotated[
        float,
        Key(
            "Frobenius norm of the symmetric matrix $J$; with windows, of the last one, and with a program for each "
            "class, of the first",
            "E0",
        ),
    ]
    training: Annotated[
        dict[str, Any],
        Key(
            "figures of the method: trajectories and learning rate, or iterations and residuals; with a program for "
            "each class, by class where they differ"
        ),
    ]


@attrs.frozen(kw_only=True, slots=False)
class GenerationFigures:
    """What was generated and what it cost."""

    samples: Annotated[int, Key("generations")]
    equilibration_steps: Annotated[
        int | None,
        Key(
            "steps for which uncoupled units equilibrated from x = 0 before; 0 where they started from exact samples "
            "of their Boltzmann distributions; absent in a report of an earlier version",
            optional=True,
        ),
    ] = None
    heat_mean_kT: Annotated[float, Key("mean heat of a generation", "kT")]
    heat_std_kT: Annotated[float, Key("its standard deviation between generations", "kT")]
    heat_by_term_kT: Annotated[
        dict[str, float], Key("mean heat by the term of the energy that paid; sums to `heat_mean_kT`", "kT")
    ]
    work_mean_kT: Annotated[float, Key("mean work of switching couplings in time; 0 without windows", "kT")]
    mean_best_correlation: Annotated[
        float, Key("mean over samples of the largest absolute correlation with a prototype")
    ]
    best_correlation_std: Annotated[float, Key("its standard deviation over samples")]
    class_names: Annotated[
        dict[str, str], Key("what the data set calls its classes, by label; empty where they have no names")
    ]
    class_counts: Annotated[dict[str, int], Key("outputs by the class of the prototype they resemble most")]
    inverted: Annotated[int, Key("outputs whose best correlation is negative")]
    thermodynamic_advantage: Annotated[
        float | None,
        Key(
            "cost of one image with a digital denoiser, a perceptron with layers $N_v$-128-128-$N_v$ for $N_v$ pixels, "
            "over the mean heat; `null` where the mean heat is not positive"
        ),
    ]


@attrs.frozen(kw_only=True, slots=False)
class QualityFigures:
    """How good the outputs are."""

    diversity: Annotated[
        float | None,
        Key(
            "mean of 1 minus the absolute correlation over pairs of outputs: 0 when all are copies; `null` for a "
            "single one"
        ),
    ]
    nearest_prototype_distance: Annotated[
        float, Key("mean distance of an output from its nearest prototype, both scaled to unit norm")
    ]
    judge: Annotated[
        Verdicts | None,
        Key(
            "what a linear classifier, trained on at most 3,000 of the data set's other images, makes of the outputs; "
            "`null` where there are no other images"
        ),
    ]
    quality: Annotated[
        Quality | None,
        Key(
            "the outputs beside real images that nothing was trained on, and beside imitations; absent in a report of "
            "an earlier version",
            optional=True,
        ),
    ] = None
    asked: Annotated[
        AskedFigures | None,
        Key(
            "whether outputs show the class that was asked for; `null` where none was; absent in a report of an "
            "earlier version",
            optional=True,
        ),
    ] = None


@attrs.frozen(kw_only=True)
class Figures(QualityFigures, GenerationFigures, TrainingFigures):
    """All figures of one method."""

    @classmethod
    def of(cls, *parts: TrainingFigures | GenerationFigures | QualityFigures, **more: Any) -> Self:
        """Return the figures that parts of them, or all of one method, hold together."""
        return cls(**{one.name: getattr(part, one.name) for part in parts for one in attrs.fields(type(part))}, **more)


@attrs.frozen(kw_only=True)
class Report(Figures):
    """What ``report.json`` holds: the figures of the run's method, and what belongs to the run."""

    engine: Annotated[str, Key("what advanced the states")]
    seed: Annotated[int, Key("given or drawn")]
    config_digest: Annotated[str, Key("SHA-256 of the resolved config")]
    parameter_digest: Annotated[
        str,
        Key(
            "SHA-256 of everything that enters the energy of the trained computer; with windows, of the digests of all "
            "and of their shares of the time; with a program for each class, of classes and the digests of programs"
        ),
    ]
    hardware: Annotated[
        Device | None, Key("one generation in laboratory units; absent without `[hardware]`", optional=True)
    ] = None
    imperfections: Annotated[
        tuple[Imperfect, ...] | None,
        Key(
            "what the device did to what it was asked to be, in order; absent without `[hardware.imperfections]`",
            optional=True,
        ),
    ] = None
    heat_counted: Annotated[
        str | None,
        Key(
            "`by the path` where couplings are asymmetric: the first law then has the work of a force without an "
            "energy in it; absent where heat is known from energies and their driving",
            optional=True,
        ),
    ] = None
    seconds: Annotated[dict[str, float], Key("wall time by phase", "s")]
    comparison: Annotated[
        tuple[ComparisonRow, ...] | None,
        Key("one row for each method in `training.compare`; absent without it", optional=True),
    ] = None
    warnings: Annotated[
        tuple[str, ...],
        Key(
            "what the heat says of the program, with a remedy: that generations fall into two groups, or that one time "
            "window does most of the work; empty where nothing is wrong"
        ),
    ] = ()


#: The declarations by section of the reference.
SECTIONS: Mapping[str, type[attrs.AttrsInstance]] = {
    "Training": TrainingFigures,
    "Generation": GenerationFigures,
    "Quality": QualityFigures,
    "The run": Report,
}
