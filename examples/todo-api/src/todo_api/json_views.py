"""Views that take and return pydantic models: the types of a view's arguments say what a request must look like.

`body` is read from the JSON body, `query` from the query string, and whatever model the view returns is its answer.
The decorator goes closest to the view, below those of the extension: who may not ask at all is told so first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, UnprocessableEntity, UnsupportedMediaType

Model = TypeVar("Model", bound=BaseModel)
View = Callable[..., BaseModel | None]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a view takes and returns, as its type hints say."""

    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int


def json_view(*, status: int = 200) -> Callable[[View], Callable[..., Response]]:
    """Let a view take its JSON body and its query string as models, and answer with a model, or with nothing."""

    def decorate(view: View) -> Callable[..., Response]:
        hints = get_type_hints(view)
        answers = hints["return"] is not type(None)
        shape = Shape(
            body=hints.get("body"),
            query=hints.get("query"),
            answer=hints["return"] if answers else None,
            status=status if answers else 204,
        )

        @wraps(view)
        def answer(**arguments: Any) -> Response:
            if shape.query:
                arguments["query"] = _checked(shape.query.model_validate, request.args.to_dict())
            if shape.body:
                arguments["body"] = _checked(shape.body.model_validate_json, _json_body())
            result = view(**arguments)
            return Response(result.model_dump_json() if result else "", shape.status, mimetype="application/json")

        vars(answer)["shape"] = shape
        return answer

    return decorate


def _json_body() -> bytes:
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    return request.get_data()


def _checked(validate: Callable[[Any], Model], value: object) -> Model:
    try:
        return validate(value)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)[:5]
        problems = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)
        if errors[0]["type"] == "json_invalid":
            raise BadRequest(f"The body is not JSON{problems}") from exc
        raise UnprocessableEntity(problems) from exc
