#!/bin/sh
# gitgen's main job, for real, on the embedded model: a program from a prompt, one fix, the log and the usage.
# Run by `make demo`; leaves what it made in a temporary folder, and prints where.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/gitgen-demo.XXXXXX")
export GITGEN_MODEL=local
if ! git config user.email >/dev/null; then
    # For this demo alone: gitgen itself never makes an identity up.
    export GIT_AUTHOR_NAME=Demo GIT_AUTHOR_EMAIL=demo@example.org
    export GIT_COMMITTER_NAME=Demo GIT_COMMITTER_EMAIL=demo@example.org
fi

cat <<'END'
This runs on SmolLM2-135M, a model so small that it needs no key, no graphics card and no compiler. It shows the
machinery, not the quality: the requests, the commits and the counts are real, the program is what 135 million
parameters can do.

END

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

gitgen models pull || exit 1
cd "$work" || exit 1
run gitgen new greet --steps generate,entrypoint --prompt-file "$here/greet/prompt" --name greet || failed=yes
cd greet 2>/dev/null || exit 1
[ "${failed-}" ] || run gitgen fix "$(cat "$here/greet/feedback")" || failed=yes
run gitgen log
run gitgen usage
run git log --oneline --stat

[ "${failed-}" ] && printf '\nA reply could not be used; it is kept on the branch, and no file was changed: gitgen show\n'
cat <<END

All of it is in $work/greet: cat greet.py, gitgen show, git log -p.

A better model, for real work:
  any GGUF file   gitgen fix '...' --model path/to/file.gguf
  Ollama          gitgen fix '...' --base-url http://localhost:11434/v1 --model qwen2.5-coder:7b
  llama.cpp       gitgen fix '...' --base-url http://localhost:8080/v1
  any other       gitgen fix '...' --base-url URL --model NAME    (an OpenAI-compatible endpoint)
  OpenAI          OPENAI_API_KEY=... gitgen fix '...'
END
[ -z "${failed-}" ]
