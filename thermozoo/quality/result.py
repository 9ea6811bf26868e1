"""What was measured of outputs, of real images and of imitations, and what could not be had and why."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo.keys import Key

__all__ = ["HELD_OUT", "MEASURES", "OUTPUTS", "Quality", "QualityRow"]

#: The row of what was generated.
OUTPUTS = "outputs"

#: The row of real images that neither the computer nor the judge has learned.
HELD_OUT = "real held-out"


@attrs.frozen(kw_only=True)
class QualityRow:
    """The measures of one set of images; None for what could not be had."""

    name: Annotated[str, Key("what was measured")]
    frechet_components: Annotated[
        float | None, Key("squared Frechet distance to real images in their first principal components")
    ]
    frechet_features: Annotated[
        float | None, Key("squared Frechet distance to real images in the last hidden layer of the judge")
    ]
    precision: Annotated[
        float | None, Key("fraction that lies in the manifold of real images, in that layer (third neighbors)")
    ]
    recall: Annotated[float | None, Key("fraction of real images that lie in the manifold of these")]
    nearest: Annotated[float | None, Key("mean largest correlation with an image that the computer has learned")]
    diversity: Annotated[
        float | None, Key("mean distance of two of one class in these components, over that of real images")
    ]
    judged_right: Annotated[
        float | None,
        Key(
            "fraction that the judge puts into its class: the one asked for, or for outputs of which none was asked, "
            "that of the learned image they resemble most; of real images their own"
        ),
    ]
    confidence: Annotated[float | None, Key("mean probability that the judge gives to its verdicts")]


#: The measures of a row.
MEASURES = tuple(field.name for field in attrs.fields(QualityRow) if field.name != "name")


@attrs.frozen(kw_only=True)
class Quality:
    """Outputs beside real images and imitations."""

    rows: Annotated[
        tuple[QualityRow, ...],
        Key(
            "one row of measures each for the outputs, for real images that neither the computer nor the judge has "
            "learned, for the learned images themselves, and for imitations: the mean image and Gaussians of every "
            "class, the untrained computer, noise. All but the outputs, the untrained computer and the noise carry the "
            "grain of the outputs"
        ),
    ]
    noise: Annotated[
        float | None, Key("that grain: white noise over an image's standard deviation; `null` with nothing to estimate")
    ]
    measured: Annotated[int, Key("outputs that were measured: all, or 2,000 at random")]
    compared: Annotated[
        int, Key("images of each row that distances, precision and recall are taken from: as many for all")
    ]
    reference: Annotated[int, Key("real images that distances are measured to")]
    judge_images: Annotated[int, Key("other real images that the judge, a perceptron, was trained on")]
    components: Annotated[int, Key("principal components of the real images")]
    fitted_to: Annotated[str | None, Key("what the imitations were fitted to: images that are `learned`, or `judge`'s")]
    confusion: Annotated[
        dict[str, dict[str, int]] | None, Key("outputs by their class, and in it by the verdict of the judge")
    ]
    withheld: Annotated[dict[str, str], Key("what could not be had, and why, by measure or row")]

    def row(self, name: str) -> QualityRow | None:
        """Return the row of a name, None where there is none."""
        return next((one for one in self.rows if one.name == name), None)
