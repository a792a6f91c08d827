#!/bin/sh
# A .env from .env.example, or ($1, $2) any file from its example: a fresh secret wherever it says change-me.
set -eu
from=${1:-.env.example}
to=${2:-.env}
umask 077
if [ -e "$to" ]; then
  echo "$to is there already, and stays as it is" >&2
  exit 1
fi
while IFS= read -r line; do
  case $line in
    '#'* | *[!=]change-me*) printf '%s\n' "$line" ;;
    *=change-me*) printf '%s=%s\n' "${line%%=*}" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$from" >"$to"
