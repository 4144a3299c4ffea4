"""How gunicorn runs the app. In this folder: `gunicorn "todo_api:create_app()"`; it finds this file by its name."""

from todo_api.logs import CONFIG

bind = "0.0.0.0:8000"  # the container's own network; `--bind 127.0.0.1:8000` on a machine
preload_app = True  # the app is built once, before the workers are forked
workers = 2  # WEB_CONCURRENCY sets another number
threads = 4
graceful_timeout = 20  # seconds that a request under way has to end, after SIGTERM
logconfig_dict = CONFIG  # the app logs each request itself: gunicorn's access log stays off
