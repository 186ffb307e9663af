"""A browser without a screen: keeps cookies, takes the form token out of the page it is on, posts forms."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2

BASE_URL = "http://hub.test"
PASSWORD = "correct horse battery"
HOME = "/console/w/workspace%20A/"
USERS = HOME + "users/"
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_TAG = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class Page:
    """An answer, with what a reader sees of it."""

    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def source(self) -> str:
        return self.response.text

    @property
    def text(self) -> str:
        """The page without tags, entities resolved, blanks collapsed."""
        return " ".join(html.unescape(_TAG.sub(" ", self.source)).split())

    @property
    def location(self) -> str:
        return self.response.headers.get("location", "")

    def links(self, label: str) -> list[str]:
        """Addresses of the links whose text contains the label."""
        found = re.findall(r'<a\b[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', self.source, re.DOTALL)
        return [html.unescape(href) for href, inner in found if label in html.unescape(_TAG.sub("", inner))]

    def ids(self) -> list[str]:
        """The ids in the first column of the table."""
        cells = re.findall(r'<td class="id">(.*?)</td>', self.source, re.DOTALL)
        return [html.unescape(_TAG.sub("", cell)).strip() for cell in cells]


@dataclass(slots=True)
class Browser:
    """One browser of one person."""

    http: httpx2.AsyncClient
    token: str = ""

    async def get(self, path: str, **query: str) -> Page:
        """Load a page; redirects are not followed."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._seen(await self.http.get(target))

    async def post(self, path: str, *, form_token: str | None = None, **fields: str) -> Page:
        """Post a form with the token of the last page that had one."""
        body = urlencode({"form_token": self.token if form_token is None else form_token, **fields})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self._seen(await self.http.post(path, content=body, headers=headers))

    async def submit(self, path: str, page: str | None = None, **fields: str) -> Page:
        """Load the page of a form, then post it."""
        await self.get(page or path)
        return await self.post(path.partition("?")[0], **fields)

    async def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Page:
        return await self.submit("/console/sign-in/", name=name, password=password, **fields)

    async def follow_link(self, path: str) -> Page:
        """Open a one-time link and press its button."""
        return await self.submit(path)

    def _seen(self, response: httpx2.Response) -> Page:
        found = _TOKEN.search(response.text)
        if found:
            self.token = html.unescape(found.group(1))
        return Page(response)
