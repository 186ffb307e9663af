"""The category documents in force, read once per version: a thousand categories take tens of milliseconds to read.

A document is identified by its version, which is looked up for every request. So what one process commits is what every
other process uses from then on.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from suprsend_hub.domain.categories import CategoryDocument
from suprsend_hub.domain.category_reading import decode_categories
from suprsend_hub.domain.category_translations import decode_translations, fallbacks, translate
from suprsend_hub.store import categories
from suprsend_hub.store.categories import PreferenceSettings
from suprsend_hub.store.database import Database

MAX_DOCUMENTS = 64
"""Documents kept in a process: workspaces, and again for each language asked for; some megabytes each at most."""
EMPTY = CategoryDocument()
_T = TypeVar("_T")


class Latest(Generic[_T]):
    """Keeps one value per key together with its version; drops the least recently used beyond a number."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._values: OrderedDict[Hashable, tuple[Hashable, _T]] = OrderedDict()

    def find(self, key: Hashable, version: Hashable) -> _T | None:
        """Return the value of this version."""
        found = self._values.get(key)
        if found is None or found[0] != version:
            return None
        self._values.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, version: Hashable, value: _T) -> None:
        """Keep a value in place of that of another version."""
        self._values[key] = version, value
        self._values.move_to_end(key)
        if len(self._values) > self._at_most:
            self._values.popitem(last=False)


class CategoryCache:
    """Reads the categories in force. One instance per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents = Latest[CategoryDocument](MAX_DOCUMENTS)
        self._translated = Latest[CategoryDocument](MAX_DOCUMENTS)

    async def document(
        self, workspace_id: int, settings: PreferenceSettings, locale: str | None = None
    ) -> CategoryDocument:
        """Return the categories in force, in a language if one is given."""
        version = settings.category_version
        document = EMPTY if version == 0 else self._documents.find(workspace_id, version)
        if document is None:
            document = await self._read(workspace_id, version)
            self._documents.put(workspace_id, version, document)
        if locale is None or settings.translation_version == 0:
            return document
        key, both = (workspace_id, locale), (version, settings.translation_version)
        translated = self._translated.find(key, both)
        if translated is None:
            translated = await self._translate(workspace_id, document, locale)
            self._translated.put(key, both, translated)
        return translated

    async def _read(self, workspace_id: int, version_no: int) -> CategoryDocument:
        async with self._database.connection() as connection:
            found = await categories.find(connection, workspace_id, version_no)
        assert found is not None, "a version in force is stored"
        return decode_categories(found.document)

    async def _translate(self, workspace_id: int, document: CategoryDocument, locale: str) -> CategoryDocument:
        async with self._database.connection() as connection:
            found = await categories.find_translations(connection, workspace_id, fallbacks(locale))
        texts = {name: decode_translations(content) for name, content in found.items()}
        return translate(document, texts, locale)
