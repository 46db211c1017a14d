"""A directive that shows what a command's ``--help`` says, by asking the command.

In a page::

    ```{command-help} nd-print
    ```

    ```{command-help} nd-token make
    ```
"""

from importlib.metadata import entry_points
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

#: Characters a line: what fits on a page.
WIDTH = 84


class CommandHelp(SphinxDirective):
    """The help text of the installed command of that name, or of one below it."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make a block of the text."""
        name, *below = self.arguments
        (entry_point,) = entry_points(group="console_scripts", name=name)
        command = entry_point.load()
        for each in below:
            command = command.commands[each]
        text = help_of(" ".join(self.arguments), command)
        block = nodes.literal_block(text, text, language="text")
        return [block]


def help_of(name: str, command: click.Command) -> str:
    """Return what ``--help`` prints.

    Args:
        name: what is typed to run the command.
        command: the command.
    """
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": WIDTH}
    return command.get_help(click.Context(command, info_name=name, **settings))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
