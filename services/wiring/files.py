"""Site and rules of the settings, as files."""

from pathlib import Path

from domain.errors import ConflictError
from domain.site import Site
from rules.book import RuleBook, load_rules, shipped
from services.editions import Edition
from services.settings import Settings
from services.site import find, load_site, pack, read_files


def site_of(settings: Settings) -> Site:
    """The site that the settings name. Raises FaultyFileError, FaultySiteError, NotFoundError."""
    return load_site(find(settings.site))


def rules_of(settings: Settings) -> RuleBook:
    """The rules that the settings name, by rule name. Raises FaultyFileError."""
    return load_rules(Path(settings.rules)) if settings.rules else shipped()


def shadow_rules_of(settings: Settings) -> RuleBook:
    """The shadow rules that the settings name. Raises FaultyFileError, ConflictError where none are named."""
    if not settings.shadow:
        raise ConflictError("no shadow rules are named: say --shadow FOLDER, or set TIDEWALK_SHADOW")
    return load_rules(Path(settings.shadow))


def editions_of(settings: Settings, site: Site, rules: RuleBook) -> tuple[Edition, ...]:
    """Site and rules as files, for the journal."""
    return (
        Edition("site", site.hash, pack(read_files(find(settings.site)))),
        Edition("rules", rules.version, rules.packed),
    )
