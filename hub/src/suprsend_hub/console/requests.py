"""The console's class of requests. A module of its own, because cookies, visits and rendering all need it."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

from suprsend_hub.service.services import SERVICES, Services


class HubRequest(Request[Any, Any, State]):
    """A request to the console."""

    @property
    def services(self) -> Services:
        """The services of this process."""
        services: Services = self.app.state[SERVICES]
        return services
