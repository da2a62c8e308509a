#!/bin/sh
# Records the session that the README shows, on the embedded model, for tests/test_transcript.py to replay.
# Run it when a preprompt changed, and put what it prints into the README.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/gitgen-record.XXXXXX")
export GITGEN_MODEL=local GIT_CONFIG_GLOBAL="$work/config"
git config --global user.name Ada
git config --global user.email ada@example.org
git config --global init.defaultBranch main
cd "$work"
gitgen new greet --quiet --steps generate,entrypoint --prompt-file "$here/greet/prompt" --name recorded
cd greet
gitgen fix --quiet "$(cat "$here/greet/feedback")"
git fast-export gitgen/recorded >"$here/greet/recorded"
