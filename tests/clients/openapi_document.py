"""Holds an OpenAPI document, read from standard input, to the specification (by
openapi-spec-validator), and its examples to the schemas that they stand in."""

import json
import sys

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


def examples(node, pointer):
    """Each schema with examples, and where it is."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            yield pointer, node
        for name, child in node.items():
            yield from examples(child, f"{pointer}/{name}")
    elif isinstance(node, list):
        for at, child in enumerate(node):
            yield from examples(child, f"{pointer}/{at}")


document = json.load(sys.stdin)
assert document["openapi"].startswith("3.1."), document["openapi"]
faults = [
    f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
    for fault in OpenAPIV31SpecValidator(document).iter_errors()
]
seen = 0
for pointer, schema in examples(document, ""):
    # What a schema refers to is found from its root.
    whole = {**schema, "components": document["components"]}
    for example in schema["examples"]:
        seen += 1
        for fault in OAS31Validator(whole).iter_errors(example):
            faults.append(f"{pointer}: the example {example!r}: {fault.message}")
operations = sum(
    method in {"get", "put", "post", "patch", "delete"}
    for item in document["paths"].values()
    for method in item
)
for fault in faults:
    print(fault, file=sys.stderr)
print(json.dumps({"operations": operations, "examples": seen, "faults": len(faults)}))
sys.exit(bool(faults))
