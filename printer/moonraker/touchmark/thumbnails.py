# Thumbnails of encrypted files, served from memory under the address where front ends look for those of plain ones.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import logging
import os
from collections import OrderedDict
from typing import Any, Awaitable, Callable, Dict, List, NamedTuple, Optional, Tuple

from .link import GatewayError

MOST_BYTES = 8 * 1024 * 1024
"""Most that is kept in memory; what is older is asked for again when somebody looks at it."""
ADDRESS = r"/server/files/gcodes/(?:(?P<folder>.+)/)?\.touchmark/(?P<card>[0-9a-f]{32})/(?P<size>[0-9]{1,4}x[0-9]{1,4})/(?P<file>[^/]+)\.png"


class Picture(NamedTuple):
    """A thumbnail: its size in pixels and its PNG."""

    width: int
    height: int
    png: bytes


class Thumbnails:
    """Keeps the thumbnails of the cards that were opened last, and gives them to whoever knows a card's random name, which stands in the file's metadata.

    Moonraker serves pictures without asking who it is, because an <img> cannot say so: without that name they would be open to the whole network.
    """

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._kept: "OrderedDict[Tuple[str, str], bytes]" = OrderedDict()
        self._bytes = 0

    def keep(self, name: str, card: str, pictures: List[Picture]) -> List[Dict[str, Any]]:
        """Keeps the pictures of the card; what Moonraker's metadata says of them."""
        for picture in pictures:
            self._keep(card, f"{picture.width}x{picture.height}", picture.png)
        file = os.path.basename(name)
        return [{"width": p.width, "height": p.height, "size": len(p.png), "relative_path": f".touchmark/{card}/{p.width}x{p.height}/{file}.png"} for p in pictures]

    async def find(self, folder: Optional[str], card: str, size: str, file: str, ask: Callable[[str], Awaitable[List[Picture]]]) -> Optional[bytes]:
        """The PNG at an address, None where there is none. `ask` opens a file's card again when the picture is not kept any more."""
        name = f"{folder}/{file}" if folder else file
        mark = (self._storage.get(name, None) or {}).get("touchmark")
        if not isinstance(mark, dict) or mark.get("card") != card:
            return None
        if (card, size) not in self._kept:
            try:
                self.keep(name, card, await ask(name))
            except GatewayError as error:
                logging.info(f"touchmark: no thumbnail of {name!r}: {error}")
        png = self._kept.get((card, size))
        if png is not None:
            self._kept.move_to_end((card, size))
        return png

    def _keep(self, card: str, size: str, png: bytes) -> None:
        self._bytes += len(png) - len(self._kept.pop((card, size), b""))
        self._kept[card, size] = png
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1])


def serve(application: Any, thumbnails: Thumbnails, ask: Callable[[str], Awaitable[List[Picture]]]) -> bool:
    """Has Moonraker answer at ADDRESS, ahead of its own files; False where this version does not let itself be extended so."""
    from ..application import AuthorizedRequestHandler

    class Handler(AuthorizedRequestHandler):
        """As Moonraker's own pictures: no sign-in, CORS where it is allowed."""

        def initialize(self) -> None:
            super().initialize()
            self.auth_required = False

        async def get(self, folder: Optional[str], card: str, size: str, file: str) -> None:
            png = await thumbnails.find(folder, card, size, file, ask)
            if png is None:
                self.send_error(404)
                return
            self.set_header("Content-Type", "image/png")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "private, no-store")
            self.finish(png)

    try:
        application.mutable_router.add_handler(f"{application.route_prefix}{ADDRESS}", Handler)
        rules = application.mutable_router.rules
        rules.insert(0, rules.pop())
        return True
    except AttributeError:
        logging.warning("touchmark: this version of Moonraker serves no thumbnails from memory")
        return False
