"""First-party encodings."""

from __future__ import annotations

from thermozoo import Encoding, hookimpl
from thermozoo_plugins.encodings.binary_features import BinaryFeatures
from thermozoo_plugins.encodings.class_code import ClassCode
from thermozoo_plugins.encodings.code import Code
from thermozoo_plugins.encodings.crop import Crop
from thermozoo_plugins.encodings.emphasis import Emphasis
from thermozoo_plugins.encodings.image import Image
from thermozoo_plugins.encodings.ink import Ink
from thermozoo_plugins.encodings.one_hot import OneHot
from thermozoo_plugins.encodings.projection import Projection
from thermozoo_plugins.encodings.residual_bits import ResidualBits
from thermozoo_plugins.encodings.sign_projection import SignProjection
from thermozoo_plugins.encodings.table import Table
from thermozoo_plugins.encodings.tree import Tree
from thermozoo_plugins.encodings.wrap import Wrap

__all__ = [
    "BinaryFeatures",
    "ClassCode",
    "Code",
    "Crop",
    "Emphasis",
    "Image",
    "Ink",
    "OneHot",
    "Projection",
    "ResidualBits",
    "SignProjection",
    "Table",
    "Tree",
    "Wrap",
]


@hookimpl
def thermozoo_encodings() -> list[type[Encoding]]:
    """Return the first-party encodings."""
    return [
        Image,
        Projection,
        Crop,
        Wrap,
        Ink,
        Emphasis,
        Code,
        ClassCode,
        OneHot,
        SignProjection,
        Tree,
        ResidualBits,
        BinaryFeatures,
        Table,
    ]
