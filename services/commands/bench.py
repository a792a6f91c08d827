"""`tidewalk bench`: figures of the hot paths, on this machine. Benches are imported when they are asked for."""

import importlib

import click

BENCHES = {
    "ingest": ("services.commands.bench_ingest", "ingest_bench", "Messages a second through one whole service."),
    "e2e": ("services.commands.bench_e2e", "e2e_bench", "A service between a real broker and a real store."),
    "api": ("services.commands.bench_api", "api_bench", "What the API answers in, while messages pour in."),
    "rules": ("services.commands.bench_rules", "rules_bench", "What a quiet reading costs the rule engine."),
    "backtest": ("services.commands.bench_backtest", "backtest_bench", "History played to all rules, from DuckDB."),
    "store": ("services.commands.bench_store", "store_bench", "A reading store alone: DuckDB or InfluxDB."),
}


class Benches(click.Group):
    """A group whose members are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """By name."""
        return list(BENCHES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import it now."""
        if cmd_name not in BENCHES:
            return None
        module, name, _ = BENCHES[cmd_name]
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table alone: nothing is imported to show the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, _, short) in BENCHES.items()])


@click.group(cls=Benches)
def bench() -> None:
    """Measure the hot paths on this machine. Figures and what they mean are in docs/performance.md.

    Every bench ends with one JSON line whose keys are stable. Compare only figures of one machine, taken in one go.
    """
