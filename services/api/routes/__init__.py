"""The routes of the API, one matter a file."""
