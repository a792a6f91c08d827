"""Grafana over its HTTP API, by grafana-client: imported here alone, and never in the service's own environment."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from domain.errors import ConflictError, UnavailableError
from services.grafana.comparing import Found, Json

INSTALL: Final = (
    "publishing needs grafana-client, in a folder of its own because it would overwrite urllib3 for the service:"
    " pip install --require-hashes --target .venv/grafana -r deploy/requirements-grafana.lock,"
    " and run this command with PYTHONPATH=.venv/grafana"
)
_NOBODY, _NOT_ALLOWED, _NOT_FOUND, _QUICKER = 401, 403, 404, 412
_PATIENCE_S: Final = 15.0


class OverHttp:
    """A Grafana at an address. `token` is that of a service account with the role Editor, or Admin for data sources."""

    def __init__(self, address: str, token: str) -> None:
        try:
            from grafana_client import GrafanaApi  # type: ignore[import-not-found, unused-ignore]
            from grafana_client.client import GrafanaException  # type: ignore[import-not-found, unused-ignore]
            from niquests.exceptions import RequestException  # type: ignore[import-not-found, unused-ignore]
        except ModuleNotFoundError as missing:
            raise ConflictError(INSTALL) from missing
        where = urlsplit(address)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise ConflictError(f"--grafana {address!r}: say a URL, such as http://127.0.0.1:3000")
        if not token:
            raise ConflictError(f"Grafana asks who we are{_advice(_NOBODY)}")
        self._address, self._refused, self._broken = address, GrafanaException, RequestException
        prefix = where.path.strip("/")
        self._api = GrafanaApi(
            token,
            host=where.hostname,
            port=where.port,
            protocol=where.scheme,
            url_path_prefix=f"{prefix}/" if prefix else "",
            timeout=_PATIENCE_S,
        )

    def folders(self) -> Mapping[str, str]:
        """Uid → title."""
        return {one["uid"]: one["title"] for one in self._asked(self._api.folder.get_all_folders)}

    def make_folder(self, uid: str, title: str) -> None:
        """Make one."""
        self._asked(self._api.folder.create_folder, title, uid)

    def source(self, uid: str) -> Json | None:
        """A data source, without its secrets."""
        found: Json | None = self._asked(self._api.datasource.get_datasource_by_uid, uid, may_miss=True)
        return found

    def make_source(self, source: Json) -> None:
        """Make one, or change the one with its uid."""
        if self.source(source["uid"]) is None:
            self._asked(self._api.datasource.create_datasource, dict(source))
        else:
            self._asked(self._api.datasource.update_datasource_by_uid, source["uid"], dict(source))

    def dashboard(self, uid: str) -> Found | None:
        """A dashboard as it stands."""
        found = self._asked(self._api.dashboard.get_dashboard, uid, may_miss=True)
        if found is None:
            return None
        model, meta = found["dashboard"], found["meta"]
        said = self._asked(self._api.client.GET, f"/dashboards/uid/{uid}/versions?limit=1", may_miss=True) or []
        versions = said["versions"] if isinstance(said, Mapping) else said
        message = versions[0].get("message", "") if versions else ""
        return Found(model, model["version"], meta.get("folderUid", ""), message, bool(meta.get("provisioned")))

    def save(self, model: Json, folder: str, message: str, version: int) -> None:
        """Save it over that version and no other."""
        body = {key: value for key, value in model.items() if key not in ("id", "version")}
        told = {
            "dashboard": {**body, "id": None, **({"version": version} if version else {})},
            "folderUid": folder,
            "message": message,
            "overwrite": False,
        }
        self._asked(self._api.dashboard.update_dashboard, told)

    def _asked(self, what: Any, *told: Any, may_miss: bool = False) -> Any:
        try:
            return what(*told)
        except self._refused as refused:
            if may_miss and refused.status_code == _NOT_FOUND:
                return None
            if refused.status_code == _QUICKER:
                raise ConflictError("somebody else saved it a moment ago; look at it with diff, then publish") from None
            if not refused.status_code or refused.status_code >= 500:
                raise UnavailableError(f"Grafana at {self._address} does not answer: {refused.message}") from None
            raise ConflictError(f"Grafana refuses: {refused.message}{_advice(refused.status_code)}") from None
        except self._broken as broken:
            raise UnavailableError(f"no Grafana answers at {self._address}: {broken}") from None


def _advice(status: int) -> str:
    if status == _NOBODY:
        return "; the token of a service account is needed: --token, or TIDEWALK_GRAFANA_TOKEN"
    if status == _NOT_ALLOWED:
        return "; the service account needs the role Editor, and Admin to make data sources"
    return ""
