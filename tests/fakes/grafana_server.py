"""A Grafana as its HTTP API is documented: folders, data sources, dashboards, versions; tokens, and its refusals.

It refuses what Grafana refuses: no token (401); a viewer's, who may neither write nor see who saved what, and an
editor's for making data sources (403); a folder or dashboard that is not there (404); a title or uid that is taken
(409, 412); a version that is not the newest (412); a dashboard (400) or a data source (403) that comes from files.
"""

import copy
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ADMIN, EDITOR, VIEWER = "glsa_admin", "glsa_editor", "glsa_viewer"
Answer = tuple[int, Any]


class GrafanaDoor:
    """Listens on a free loopback port while entered: remembers what it is asked, fails when it is told to, and lets
    somebody else be quicker. What is behind it answers.
    """

    admin, editor, viewer = ADMIN, EDITOR, VIEWER

    def __init__(self) -> None:
        self.failing = 0  # requests to answer with 500
        self.before_saving: Callable[[], None] | None = None  # somebody who is quicker
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                status, told = door.heard(self.command, self.path, body, token)
                said = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def heard(self, method: str, path: str, body: Any, token: str) -> Answer:
        """A request that came over the network."""
        self.asked.append(f"{method} {path}")
        if self.failing:
            self.failing -= 1
            return 500, {"message": "Internal Server Error"}
        if (method, path) == ("POST", "/api/dashboards/db") and (quicker := self.before_saving) is not None:
            self.before_saving = None
            quicker()
        return self.answer(method, path, body, token)

    def answer(self, method: str, path: str, body: Any, token: str) -> Answer:
        """One request."""
        raise NotImplementedError

    def asked_for(self, method: str, path: str, body: Any = None) -> Any:
        """What an administrator is answered."""
        status, told = self.answer(method, path, body, self.admin)
        assert status == 200, (method, path, status, told)
        return told

    @property
    def folders(self) -> dict[str, str]:
        """Uid → title."""
        return {one["uid"]: one["title"] for one in self.asked_for("GET", "/api/folders")}

    def source(self, uid: str) -> dict[str, Any]:
        """A data source, as it is told: of its secrets the names alone."""
        found: dict[str, Any] = self.asked_for("GET", f"/api/datasources/uid/{uid}")
        return found

    def model(self, uid: str) -> dict[str, Any]:
        """What a dashboard holds now."""
        found: dict[str, Any] = self.asked_for("GET", f"/api/dashboards/uid/{uid}")["dashboard"]
        return found

    def folder_of(self, uid: str) -> str:
        """The folder of a dashboard."""
        return str(self.asked_for("GET", f"/api/dashboards/uid/{uid}")["meta"]["folderUid"])

    def versions_of(self, uid: str) -> list[int]:
        """The versions of a dashboard, oldest first."""
        told = self.asked_for("GET", f"/api/dashboards/uid/{uid}/versions")
        return [one["version"] for one in reversed(told["versions"])]

    def edit(self, uid: str, change: Callable[[dict[str, Any]], None], message: str = "") -> None:
        """What somebody does in the browser, and saves."""
        model = self.model(uid)
        change(model)
        told = {"dashboard": model, "folderUid": self.folder_of(uid), "message": message}
        self.asked_for("POST", "/api/dashboards/db", told)


class GrafanaServer(GrafanaDoor):
    """The stand-in."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[dict[str, Any]]] = {}  # of each dashboard, oldest first
        self.provisioned: set[str] = set()
        self._made: dict[str, str] = {}  # folders

    def forget_folders(self) -> None:
        """As if they had never been made."""
        self._made.clear()

    def answer(self, method: str, path: str, body: Any, token: str) -> Answer:
        """One request."""
        if token not in (ADMIN, EDITOR, VIEWER):
            return 401, {"message": "Invalid API key"}
        writes, sources = method != "GET", path.startswith("/api/datasources")
        if (token != ADMIN and writes and (sources or token == VIEWER)) or (token == VIEWER and "/versions" in path):
            return 403, {"message": "You'll need additional permissions to perform this action."}
        for pattern, answer in (
            (r"/api/folders", self._folders),
            (r"/api/datasources(?:/uid/([\w-]+))?", self._sources),
            (r"/api/dashboards/db", self._save),
            (r"/api/dashboards/uid/([\w-]+)", self._dashboard),
            (r"/api/dashboards/uid/([\w-]+)/versions", self._versions),
        ):
            if found := re.fullmatch(pattern, path.partition("?")[0]):
                return answer(method, body, *found.groups())
        return 404, {"message": "Not found"}

    def _folders(self, method: str, body: Any) -> Answer:
        if method == "GET":
            return 200, [{"uid": uid, "title": title} for uid, title in self._made.items()]
        if body["uid"] in self._made:
            return 412, {"message": "a folder with the same uid already exists"}
        self._made[body["uid"]] = body["title"]
        return 200, {"uid": body["uid"], "title": body["title"], "version": 1}

    def _sources(self, method: str, body: Any, uid: str | None) -> Answer:
        if method == "POST":
            if body["uid"] in self.sources or any(one["name"] == body["name"] for one in self.sources.values()):
                return 409, {"message": "data source with the same name already exists"}
            uid = body["uid"]
        elif uid not in self.sources:
            return 404, {"message": "Data source not found"}
        if method == "PUT" and self.sources[uid or ""]["readOnly"]:
            return 403, {"message": "Cannot update read-only data source"}
        if method != "GET":
            secrets = {**self.sources.get(uid or "", {}).get("_secrets", {}), **body.get("secureJsonData", {})}
            told = {key: value for key, value in body.items() if key != "secureJsonData"}
            self.sources[uid or ""] = {**told, "_secrets": secrets, "readOnly": False}
        shown = {key: value for key, value in self.sources[uid or ""].items() if key != "_secrets"}
        return 200, {**shown, "secureJsonFields": dict.fromkeys(self.sources[uid or ""]["_secrets"], True)}

    def _dashboard(self, method: str, body: Any, uid: str) -> Answer:  # noqa: ARG002
        if method != "GET" or uid not in self.versions:
            return 404, {"message": "Dashboard not found"}
        newest = self.versions[uid][-1]
        meta = {"folderUid": newest["folder"], "provisioned": uid in self.provisioned, "version": newest["version"]}
        return 200, {"dashboard": copy.deepcopy(newest["data"]), "meta": meta}

    def _versions(self, method: str, body: Any, uid: str) -> Answer:  # noqa: ARG002
        if uid not in self.versions:
            return 404, {"message": "Dashboard not found"}
        told = [{key: one[key] for key in ("version", "message")} for one in reversed(self.versions[uid])]
        return 200, {"continueToken": "", "versions": told}

    def _save(self, method: str, body: Any) -> Answer:
        if method != "POST":
            return 404, {"message": "Not found"}
        model = body["dashboard"]
        uid = model.get("uid", "")
        if not model.get("title"):
            return 400, {"message": "Dashboard title cannot be empty", "status": "empty-name"}
        if not re.fullmatch(r"[\w-]{1,40}", uid):
            return 400, {"message": "uid contains illegal characters or is too long"}
        if body.get("folderUid") and body["folderUid"] not in self._made:
            return 404, {"message": "folder not found"}
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        if model.get("id") is not None and uid not in self.versions:
            return 404, {"message": "Dashboard not found", "status": "not-found"}
        known = self.versions.setdefault(uid, [])
        if known and not body.get("overwrite") and model.get("version", 0) != known[-1]["version"]:
            said = "The dashboard has been changed by someone else"
            return 412, {"message": said, "status": "version-mismatch"}
        version = known[-1]["version"] + 1 if known else 1
        data = {**model, "id": model.get("id") or len(self.versions), "version": version}
        known.append(
            {"version": version, "message": body.get("message", ""), "folder": body.get("folderUid", ""), "data": data}
        )
        return 200, {"uid": uid, "version": version, "status": "success"}
