#!/bin/sh
# Every pinned package has a wheel for these platforms and Pythons: pip resolves the lock for each with --only-binary=:all:.
# Nothing is built. `download` fetches each wheel, so this takes a while and about 2 GB in a temporary folder.
set -eu
python="$1"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 3.11 3.12 3.13 3.14; do
  for platforms in "manylinux_2_28_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64" \
    "manylinux_2_28_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64" \
    "macosx_14_0_arm64 macosx_12_0_arm64 macosx_11_0_arm64 macosx_10_15_universal2 macosx_10_13_universal2 macosx_10_9_universal2"; do
    wanted=""
    for platform in $platforms; do wanted="$wanted --platform $platform"; done
    # shellcheck disable=SC2086  # the words are meant to split
    "$python" -m pip --disable-pip-version-check --quiet download --only-binary=:all: --no-deps --require-hashes \
      --implementation cp --python-version "$version" $wanted --dest "$folder" -r requirements.lock -r deploy/requirements-postgres.lock
    echo "wheels: CPython $version, ${platforms%% *}: $(cat requirements.lock deploy/requirements-postgres.lock | grep '==' | cut -d= -f1 | sort -u | wc -l) packages, all there"
    rm -f "$folder"/*
  done
done
