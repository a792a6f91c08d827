"""Every command of `tidewalk`. Each is imported when it is asked for, so that --help is quick."""

import click

from services.commands.elsewhere import Elsewhere

COMMANDS = {
    "demo": ("services.commands.demo", "demo", "Watch a simulated coast being looked after, with nothing installed."),
    "serve": ("services.commands.serve", "serve", "Run the service against your broker and your stores."),
    "simulate": ("services.commands.simulate", "simulate", "Play a coast against any MQTT broker."),
    "site": ("services.commands.site", "site", "Check, show and import the site files."),
    "replay": (
        "services.commands.replay",
        "replay_command",
        "Play recorded traffic, and see what would have come of it.",
    ),
    "drill": ("services.commands.drill", "drill", "Drills 演练: a scenario over your crews, and how each of them did."),
    "rules": ("services.commands.rules", "rules", "Check and test the rule files."),
    "profiles": ("services.commands.profiles", "profiles", "List, check and test the profiles of devices."),
    "quarantine": ("services.commands.quarantine", "quarantine", "What was kept aside, why, and trying it again."),
    "orders": ("services.commands.orders", "orders", "Work orders: list them, and one with its whole history."),
    "dashboards": ("services.commands.dashboards", "dashboards", "Grafana's dashboards: made, published, drawn."),
    "channels": ("services.commands.channels", "channels", "How people are reached beside MQTT; a test message."),
    "maintain": ("services.commands.maintain", "maintain", "Planned work: announce it, list it, end it."),
    "influx": ("services.commands.influx", "influx", "Set InfluxDB up, see what it lacks, and draw roll-ups."),
    "user": ("services.commands.people", "user", "People who sign in: their roles, zones and passwords."),
    "token": ("services.commands.people", "token", "Tokens for programs: made, listed, revoked."),
    "crew": ("services.commands.crew", "crew", "The page of a crew, on a phone: links given out and revoked."),
    "prove": ("services.commands.prove", "prove_command", "Derive an order again from what was heard, step by step."),
    "doctor": ("services.commands.doctor", "doctor", "Find what would lose data or fail, and what mends it."),
    "bench": ("services.commands.bench", "bench", "Measure the hot paths on this machine."),
}


class Every(Elsewhere):
    """All of them, in the order of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """What a newcomer needs first."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table alone: nothing is imported to show the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, _, short) in COMMANDS.items()])


@click.group(
    cls=Every,
    elsewhere={name: one[:2] for name, one in COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="tidewalk")
def cli() -> None:
    """Tidewalk keeps a scenic coastline lit, clean and open.

    Sensors publish over MQTT; every reading is kept; rules raise alarms; crews get orders and answer them; the sensors
    verify the repair. Start with `tidewalk demo`.
    """
