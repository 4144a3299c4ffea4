"""How gunicorn runs the app. In this folder: `gunicorn "todo_api:create_app()"`; it finds this file by its name."""

import os

from todo_api.logs import CONFIG

bind = "0.0.0.0:8000"  # the container's own network; `--bind 127.0.0.1:8000` on a machine
preload_app = True  # the app is built once, before the workers are forked
# Without Redis, each process has its own list of revoked tokens. `--workers` sets another number.
workers = 2 if os.environ.get("REDIS_URL") else 1
threads = 4
graceful_timeout = 20  # seconds that a request under way has to end, after SIGTERM
control_socket_disable = True  # it is not steered from a shell, and would write into the home folder
# gunicorn's own lines go where the app's go. The app logs each request itself: gunicorn's access log stays off.
logconfig_dict = {**CONFIG, "loggers": {"gunicorn.error": {"propagate": True}}}
