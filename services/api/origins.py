"""Which page a browser sends something from."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_same_origin(headers: Headers) -> bool:
    """Whether a browser says that the page which asks came from the very host it asks. Who says no Origin is no page
    of ours.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "")
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # no browser says such a one
        return False
