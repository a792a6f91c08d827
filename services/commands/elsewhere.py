"""A group of commands of which some lie in modules of their own, imported on use: so --help is quick."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class Elsewhere(click.Group):
    """Its members, and those of `elsewhere`: module and name by the command's name."""

    def __init__(self, *said: Any, elsewhere: Mapping[str, tuple[str, str]], **more: Any) -> None:
        super().__init__(*said, **more)
        self._elsewhere = elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        """By name."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it now, where it lies elsewhere."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, name = self._elsewhere[cmd_name]
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)  # noqa: S101
        return found
