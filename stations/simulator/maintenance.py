"""What a station does when it is serviced from afar: reboot, hand over its log, install new firmware."""

import logging
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from . import files

if TYPE_CHECKING:
    from .station import Station

logger = logging.getLogger(__name__)

REBOOT_S = 8
DOWNLOAD_S = 12
PATIENCE_S = 4 * 3600

Say = Callable[[str], Coroutine[Any, Any, None]]
"""Tells the central system a phase, in its protocol's words."""


async def reboot(station: "Station", *, stop_reason: str, boot_reason: str) -> None:
    """Ends what runs, goes away, comes back. Where it cannot come back, `station.away` is over nevertheless."""
    for number in list(station.connectors):
        await station.stop(number, reason=stop_reason)
    station.reboots_when_idle = False
    await station.power_off()
    try:
        await station.clock.sleep(REBOOT_S)
        await station.connect(reason=boot_reason)
    finally:
        await station.back_again()


async def upload_log(station: "Station", *, url: str, name: str, say: Say, failed: str) -> None:
    """What went over the wire lately, as a text file, with the phases told on the way; `failed` is the word for that."""
    await say("Uploading")
    content = "\n".join([f"{station.identity} firmware {station.firmware}", *station.line.frames, ""]).encode()
    try:
        await files.upload(url, name, content)
    except files.UploadFailed as refused:
        logger.info("station=%s upload failed: %s", station.identity, refused)
        await say(failed)
        return
    await say("Uploaded")


async def update_firmware(station: "Station", *, url: str, say: Say) -> None:
    """Downloads, waits for the cars to leave, installs, and comes back with the version that the file's name tells."""
    await say("Downloading")
    await station.clock.sleep(DOWNLOAD_S)
    if not url.startswith(("http://", "https://", "ftp://", "ftps://")):
        await say("DownloadFailed")
        return
    await say("Downloaded")
    await station.until(lambda: not station.busy, within_s=PATIENCE_S)
    await say("Installing")
    station.firmware = version_in(url, station.firmware)
    await reboot(station, stop_reason="Reboot", boot_reason="FirmwareUpdate")
    await say("Installed")


def version_in(url: str, before: str) -> str:
    """`…/duo22-1.5.0.bin` → 1.5.0; a name without a version counts the last number up."""
    found = re.findall(r"\d+(?:\.\d+)+", url.rpartition("/")[2])
    if found:
        return str(found[-1])
    head, dot, last = before.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdigit() else f"{before}.1"
