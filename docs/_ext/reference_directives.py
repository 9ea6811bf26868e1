"""Directives that put the generated text of reference pages in place."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from reference_texts import checks_text, command_line_text, config_text, hook_text, report_text
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["setup"]


class _Text(SphinxDirective):
    """Parses generated MyST text in place, headings included."""

    final_argument_whitespace: ClassVar[bool] = False

    def text(self) -> str:
        """Return the text."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse it."""
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)


class ConfigReference(_Text):
    """Every table and key of the config."""

    def text(self) -> str:
        """See `config_text`."""
        return config_text()


class CommandLineReference(_Text):
    """Every command."""

    def text(self) -> str:
        """See `command_line_text`."""
        return command_line_text()


class ChecksReference(_Text):
    """Every check of the verification suite."""

    def text(self) -> str:
        """See `checks_text`."""
        return checks_text()


class HookReference(_Text):
    """One hook."""

    required_arguments = 1

    def text(self) -> str:
        """See `hook_text`."""
        return hook_text(self.arguments[0])


class ReportReference(_Text):
    """Every key of the report."""

    def text(self) -> str:
        """See `report_text`."""
        return report_text()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("config-reference", ConfigReference)
    app.add_directive("command-line-reference", CommandLineReference)
    app.add_directive("checks-reference", ChecksReference)
    app.add_directive("report-reference", ReportReference)
    app.add_directive("hook", HookReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
