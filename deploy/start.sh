#!/bin/sh
# A learner's server. JupyterHub starts this as that learner, never as root.
set -eu
course=$(dirname "$(dirname "$(readlink -f "$0")")")

umask 077          # what a learner writes, nobody else reads
chmod 700 "$HOME"  # many systems make homes that everybody reads

if [ ! -d "$HOME/harkit" ]; then  # once: from then on the copy is the learner's own
    rm -rf "$HOME/.harkit-unfinished"
    cp -R "$course/notebooks" "$HOME/.harkit-unfinished"
    mv "$HOME/.harkit-unfinished" "$HOME/harkit"
fi

PATH="$course/environment/bin:$PATH"
export PATH
exec jupyterhub-singleuser "$@"
