"""Every operation of the OpenAPI document as a request that can be sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .support import METHODS, document, encode, resolve, segment


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that needs credentials, with the body that the document gives as its example."""

    method: str
    template: str
    body: object | None

    def target(self, names: Mapping[str, str]) -> str:
        """The path for these ids."""
        return re.sub(r"\{(\w+)\}", lambda found: segment(names[found[1]]), self.template)

    @property
    def content(self) -> bytes:
        """The example as it travels."""
        return b"" if self.body is None else encode(self.body)


def routes() -> Iterator[Route]:
    """Every operation that needs credentials."""
    for template, item in document()["paths"].items():
        for method in METHODS:
            if method in item and item[method].get("security") != []:
                yield Route(method.upper(), template, _example(item[method]))


def _example(operation: dict) -> object | None:
    if "requestBody" not in operation:
        return None
    content, _ = resolve(operation["requestBody"], "")
    [media] = [value for name, value in content["content"].items() if name == "application/json"]
    return media["example"] if "example" in media else next(iter(media["examples"].values()))["value"]


READS_BY_POST = {
    "/hub/v1/resolve/",
    "/hub/v1/user/read_many/",
    "/hub/v1/user/{distinct_id}/merge_preview/",
    "/hub/v1/user/{distinct_id}/unmerge_preview/",
}
"""Operations that only read, though they have a body."""
