"""What the app promises beyond APIFlask, which checks requests, writes answers and describes the API."""

import json
import re
from typing import Any

from apiflask import APIFlask
from flask import Request
from flask_cognito import cognito_public, openapi_security_schemes
from werkzeug.exceptions import BadRequest, UnprocessableEntity, UnsupportedMediaType

from .schemas import Error

SIGNED_IN: list[dict[str, list[str]]] = [{"cognito": []}, {"cognito_session": []}]
# What the routes of these blueprints take; those of any other need a token or a session.
SECURITY = {"Site": [], "Board": [{}, *SIGNED_IN]}

NO_CONTENT = {204: "Done."}
# More than a title of brackets has.
MOST_BRACKETS = 256
ID = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
ANY_ERROR = {
    "description": "Any error, each in this shape.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


class JsonRequest(Request):
    """A request whose body must say that it is JSON. APIFlask alone would take any content type."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """Return the body. `null` is refused, because APIFlask would take it for an empty object."""
        if not self.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        text = self.get_data()
        # Checked before the parser recurses, because it would overflow the small stack of a thread.
        if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
            raise BadRequest("The body is nested too deeply.")
        body = super().get_json()
        if body is None:
            raise UnprocessableEntity("The body is null.")
        return body


def init_app(app: APIFlask) -> None:
    """Describe the routes of `app` at `/openapi.json`."""
    app.request_class = JsonRequest
    automatic = ("200_RESPONSE", "404_RESPONSE", "AUTH_ERROR_RESPONSE", "SERVERS", "VALIDATION_ERROR_RESPONSE")
    app.config.update({f"AUTO_{part}": False for part in automatic}, AUTO_OPERATION_ID=True)
    app.description = "Todos of Cognito's users."
    app.security_schemes = schemes = openapi_security_schemes(app)
    cognito_public(app.view_functions["openapi.spec"])

    @app.spec_processor
    def complete(spec: Any) -> Any:
        spec["components"]["schemas"]["Error"] = Error.model_json_schema()
        for operation in (each for path in spec["paths"].values() for each in path.values()):
            offered = SECURITY.get(operation["tags"][0], SIGNED_IN)
            operation["security"] = [demand for demand in offered if demand.keys() <= schemes.keys()]
            operation["responses"]["default"] = ANY_ERROR
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter.update(required=True, schema=ID)
        # APIFlask names a model within another "TodoPage.TodoView": one name for each model is enough.
        text = re.sub(r'"(#/components/schemas/)?[A-Z]\w+\.(\w+)"', r'"\1\2"', json.dumps(spec))
        named_once: object = json.loads(text)
        return named_once
