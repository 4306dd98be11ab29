"""A class on one server: README.md beside this file says how. The course lies in the folder above this one.

Works with The Littlest JupyterHub (which starts learners by systemd and keeps to `mem_limit`) and with a plain
`jupyterhub -f jupyterhub_config.py` (local processes of system users).
"""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
MEGABYTE = 2**20

c = get_config()  # noqa: F821 (JupyterHub gives it)

# Only this machine reaches the hub, unless HARKIT_HUB_IP says otherwise. The Littlest JupyterHub has its own proxy,
# which keeps to `tljh-config set http.address`.
c.JupyterHub.ip = os.environ.get("HARKIT_HUB_IP", "127.0.0.1")

# Pictures and decoded arrays are shared and read-only; what a learner makes lies in their home, which is theirs alone.
c.Spawner.environment = {
    "HARKIT_DATA": str(COURSE / "data"),
    "HARKIT_RESULTS": "~/harkit-results",
    "HARKIT_PROFILE": "reduced",
    "HARKIT_OFFLINE": "1",
    "JUPYTER_CONFIG_PATH": str(COURSE / "deploy"),  # labconfig/: JupyterLab asks nobody about news and newer versions
    "OMP_WAIT_POLICY": "PASSIVE",  # thirty trainings on a few cores: who waits must not spin
}
c.Spawner.cmd = [str(COURSE / "deploy" / "start.sh")]
c.Spawner.default_url = "/lab/tree/harkit/01_data_preparation.ipynb"
c.Spawner.args = [
    "--KernelManager.transport=ipc",  # a kernel speaks through files in the learner's home, not through open ports
    f"--ServerApp.max_body_size={50 * MEGABYTE}",  # the largest upload
]
c.Spawner.mem_limit = 4096 * MEGABYTE  # for one learner; above it, systemd ends the process that asks for more

# When a lesson begins, everybody clicks at once. Two servers a core start at a time; who comes later is asked to wait.
c.JupyterHub.concurrent_spawn_limit = max(4, 2 * (os.cpu_count() or 1))
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

# Who may log in: those who are named (README.md says how); until somebody is, everybody whom the authenticator knows.
if not c.Authenticator.get("allowed_users"):
    c.Authenticator.allow_all = True
