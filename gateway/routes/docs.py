"""The OpenAPI document, and a page to browse it that needs no other host."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

from gateway.openapi import document
from gateway.routes.answers import answer

ASSETS = "/docs/assets"

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", response_model=None)
async def openapi(request: Request) -> Response:
    written: Callable[[], bytes] = request.app.state.openapi
    return answer(written())


@router.get("/docs", response_model=None)
async def docs(request: Request) -> Response:  # noqa: ARG001 - every route is called with it
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=document.TITLE,
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
    )
