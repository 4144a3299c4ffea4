"""The app as an AWS Lambda function, behind API Gateway or a function URL: `todo_api.lambda_handler.handle`.

Nothing here is about Lambda's authorizers: the app verifies the token itself, as it does anywhere else.
"""

from logging.config import dictConfig

from apig_wsgi import make_lambda_handler

from . import create_app
from .logs import CONFIG

dictConfig(CONFIG)
handle = make_lambda_handler(create_app())  # once for each environment of the function, not once for each request
