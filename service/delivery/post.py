"""Posts to addresses that clients chose, without becoming their arm into the network inside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2

from service.delivery.addresses import addresses_of
from service.memory.deliver import PostFailed

SECONDS = 10.0
"""How long one attempt may take, from the look-up of the name to the status of the answer."""

TIMEOUT = "TIMEOUT"
CONNECTION_FAILED = "CONNECTION_FAILED"
BAD_ANSWER = "BAD_ANSWER"


class HttpPost:
    """Implements `service.memory.deliver.Post`.

    The host is looked up once, every address that it has is judged, and the connection goes to one of those:
    a name that points elsewhere a moment later is not asked again. Certificates are checked for the name.
    Redirects are not followed, no proxy is used, and of the answer nothing but the status is read.

    Args:
        allow_private: addresses of private networks and of this machine may be reached too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        # A connection that was opened for one name must not serve another one of the same address.
        limits = httpx2.Limits(max_connections=100, max_keepalive_connections=0)
        self._client = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(limits=limits, trust_env=False, retries=0),
            headers={"User-Agent": "memoryd", "Accept-Encoding": "identity"},
            follow_redirects=False,
            timeout=SECONDS,
            trust_env=False,
        )

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """See the port."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._post(httpx2.URL(url), body, headers)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise PostFailed(TIMEOUT) from error
        except httpx2.NetworkError as error:
            raise PostFailed(CONNECTION_FAILED) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise PostFailed(BAD_ANSWER) from error

    async def close(self) -> None:
        """Ends connections."""
        await self._client.aclose()

    async def _post(self, url: httpx2.URL, body: bytes, headers: Mapping[str, str]) -> int:
        port = url.port or (443 if url.scheme == "https" else 80)
        *others, last = await addresses_of(url.host, port, allow_private=self._allow_private)
        for address in others:
            try:
                return await self._send(url, address, body, headers)
            except httpx2.ConnectError:
                continue
        return await self._send(url, last, body, headers)

    async def _send(self, url: httpx2.URL, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.host},
        )
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response.status_code
