"""A real Grafana that the environment names: each test has an organisation of its own there, taken away after it."""

import base64
import json
import os
import urllib.error
import urllib.request
from typing import Any, Self
from uuid import uuid4

from tests.fakes.grafana_server import Answer, GrafanaDoor

PATIENCE_S = 30


def named_grafana() -> dict[str, str] | None:
    """Address, user and password of the server administrator; None where the environment names none."""
    names = {
        "address": "TIDEWALK_TEST_GRAFANA_URL",
        "user": "TIDEWALK_TEST_GRAFANA_USER",
        "password": "TIDEWALK_TEST_GRAFANA_PASSWORD",
    }
    found = {field: os.environ.get(name, "") for field, name in names.items()}
    return found if found["address"] else None


class RealGrafana(GrafanaDoor):
    """An organisation of its own while entered, with a service account of each role."""

    def __init__(self, address: str, user: str, password: str) -> None:
        super().__init__()
        self._address = address.rstrip("/")
        self._administrator = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        self._org = 0

    def __enter__(self) -> Self:
        self._org = self._administered("POST", "/api/orgs", {"name": f"tidewalk-test-{uuid4().hex[:12]}"})["orgId"]
        self.admin, self.editor, self.viewer = (self._account(role) for role in ("Admin", "Editor", "Viewer"))
        return super().__enter__()

    def __exit__(self, *told: object) -> None:
        super().__exit__(*told)
        gone, self._org = self._org, 0  # nobody can take away the organisation that he speaks from
        self._administered("DELETE", f"/api/orgs/{gone}")

    def answer(self, method: str, path: str, body: Any, token: str) -> Answer:
        """One request, handed on."""
        return self._asked(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})

    def _account(self, role: str) -> str:
        """The token of a new service account."""
        made = self._administered("POST", "/api/serviceaccounts", {"name": role, "role": role})
        told = self._administered("POST", f"/api/serviceaccounts/{made['id']}/tokens", {"name": role})
        return str(told["key"])

    def _administered(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": self._administrator, **({"X-Grafana-Org-Id": str(self._org)} if self._org else {})}
        status, told = self._asked(method, path, body, headers)
        assert status in (200, 201), (method, path, status, told)
        return told

    def _asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        known = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"{self._address}{path}", data, known, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as told:  # noqa: S310
                return told.status, json.loads(told.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")
