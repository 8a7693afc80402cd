"""openapi.yaml as a judge: does an answer have the shape that is promised for its path, method, status and type?

Wanted: PyYAML, and one of the two validators for JSON Schema 2020-12. Debian's python3-yaml and python3-jsonschema will
do, or the virtual environment of ./dev test (see python_tools()).
"""

import os
import sys

from . import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TOOLS = os.path.join(ROOT, "build", "tools", "python-test", "bin")


def python_tools():
    """Starts the script again with the Python of ./dev test's virtual environment, where this one lacks the modules."""
    try:
        import yaml  # noqa: F401

        _validator_for({"type": "object"})
    except ImportError:
        other = os.path.join(TOOLS, "python")
        if sys.prefix != sys.base_prefix or not os.access(other, os.X_OK):
            print("SKIP needs python3-yaml and python3-jsonschema, or the tools of ./dev test")
            sys.exit(harness.SKIP_STATUS)
        os.execv(other, [other, *sys.argv])


def _validator_for(schema):
    """A function that lists what is wrong with a value."""
    try:
        import jsonschema

        judge = jsonschema.Draft202012Validator(schema)
        return lambda value: [
            f"{'/'.join(map(str, e.absolute_path))}: {e.message[:400]}" for e in judge.iter_errors(value)
        ]
    except ImportError:
        import jsonschema_rs

        judge = jsonschema_rs.validator_for(schema)
        return lambda value: [
            f"{'/'.join(map(str, e.instance_path))}: {e.message[:400]}" for e in judge.iter_errors(value)
        ]


class OpenApi:
    def __init__(self):
        import yaml

        with open(os.path.join(ROOT, "openapi.yaml"), encoding="utf-8") as file:
            self.document = yaml.safe_load(file)

    def problems(self, pointer, value):
        """What is wrong with a value, by the schema at a JSON pointer."""
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **self.document, "$ref": f"#{pointer}"}
        return _validator_for(schema)(value)

    def look_up(self, pointer):
        """(pointer, what stands there), references followed."""
        node = self.document
        for step in pointer.strip("/").split("/"):
            node = node[step.replace("~1", "/").replace("~0", "~")]
        if isinstance(node, dict) and "$ref" in node:
            return self.look_up(node["$ref"].removeprefix("#"))
        return pointer, node

    def statuses(self, method, path):
        return set(self.document["paths"][path][method.lower()]["responses"])

    def hold_answer(self, method, path, response):
        """Fails where the answer is none of those that are promised."""
        harness.check(
            str(response.status) in self.statuses(method, path), f"{method} {path} promises no {response.status}"
        )
        where = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}/responses/{response.status}"
        pointer, promised = self.look_up(where)
        for name in promised.get("headers", {}):
            self._hold_header(f"{pointer}/headers/{name}", name, response)
        contents = promised.get("content", {})
        # What libmicrohttpd says by itself, before anybody asked us, is HTML without a word about it.
        kind = response.headers.get_content_type() if "Content-Type" in response.headers else "text/html"
        if not contents:
            harness.check_equal(response.body, b"", "body")
            return
        harness.check(
            kind in contents, f"{method} {path} promises no {kind} with {response.status}, but {list(contents)}"
        )
        value = response.json() if kind.endswith("json") else response.body.decode()
        found = self.problems(f"{pointer}/content/{kind.replace('/', '~1')}/schema", value)
        harness.check_equal(found, [], f"{method} {path} {response.status}: {response.summary()[:1500]}")

    def _hold_header(self, pointer, name, response):
        pointer, promised = self.look_up(pointer)
        value = response.headers.get(name)
        if value is not None and promised.get("schema", {}).get("type") == "integer":
            harness.check_equal(self.problems(f"{pointer}/schema", int(value)), [], name)
        elif value is not None and "schema" in promised:
            harness.check_equal(self.problems(f"{pointer}/schema", value), [], name)
