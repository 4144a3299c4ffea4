"""The OpenAPI 3.1 description of the API, made from its routes, their type hints and their docstrings."""

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Literal

from flask import Flask
from flask_cognito import openapi_security_schemes
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from .json_views import Shape
from .schemas import Error

JsonObject = dict[str, Any]
Refs = dict[type[BaseModel], JsonObject]

TOKEN: dict[str, list[str]] = {"cognito": []}
# What the routes of a blueprint take; those of any other need a token.
SECURITY: dict[str, list[dict[str, list[str]]]] = {"site": [], "board": [{}, TOKEN]}

ID = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
PARAMETER = re.compile(r"<.*?(\w+)>")


def describe(app: Flask) -> JsonObject:
    """Return the description of every route of `app` whose view says what it takes and returns."""
    routes = [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]
    shaped = [(rule, view, vars(view)["shape"]) for rule, view in routes if "shape" in vars(view)]
    refs, schemas = schemas_of([shape for _, _, shape in shaped])
    paths: JsonObject = {}
    for rule, view, shape in shaped:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            paths.setdefault(PARAMETER.sub(r"{\1}", rule.rule), {})[method.lower()] = operation(rule, view, shape, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Todo API", "version": version("todo-api"), "description": "Todos of Cognito's users."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": openapi_security_schemes(app)},
    }


def schemas_of(shapes: list[Shape]) -> tuple[Refs, JsonObject]:
    """Return where the schema of each model is, and all the schemas."""
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [(Error, "serialization")]
    for shape in shapes:
        models += [(shape.body, "validation")] if shape.body else []
        models += [(shape.answer, "serialization")] if shape.answer else []
    found, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {model: found[model, mode] for model, mode in models}, definitions["$defs"]


def operation(rule: Rule, view: Callable[..., object], shape: Shape, refs: Refs) -> JsonObject:
    """Return the description of one method of a route."""
    blueprint, _, name = rule.endpoint.rpartition(".")
    described: JsonObject = {
        "operationId": name,
        "summary": view.__doc__,
        "tags": [blueprint],
        "security": SECURITY.get(blueprint, [TOKEN]),
        "parameters": [*path_parameters(rule), *query_parameters(shape)],
        "responses": {
            str(shape.status): answer("As asked for.", refs[shape.answer] if shape.answer else None),
            "default": answer("Any error, each in this shape.", refs[Error]),
        },
    }
    if shape.body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": refs[shape.body]}}}
    return described


def path_parameters(rule: Rule) -> list[JsonObject]:
    """Return the parameters in a route's path: all of them are ids."""
    return [{"name": name, "in": "path", "required": True, "schema": ID} for name in sorted(rule.arguments)]


def query_parameters(shape: Shape) -> list[JsonObject]:
    """Return the members of a view's query model."""
    properties = shape.query.model_json_schema()["properties"] if shape.query else {}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def answer(description: str, schema: JsonObject | None) -> JsonObject:
    """Return the description of one answer."""
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {"description": description, **content}
