"""Chromium without a screen, as Debian packages it: what it shows, asks the network for, and complains about."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

MISSING = "" if shutil.which("chromium") and shutil.which("chromedriver") else "chromium and chromedriver are not here"
"""Why no browser can be driven, if so."""
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-color-profile=srgb", "--disable-dev-shm-usage"),
)


class Browser:
    """A window of Chromium."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._log: Callable[[str], list[dict[str, Any]]] = driver.get_log

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a file, as new; what was requested and said before is forgotten."""
        self.driver.get("about:blank")
        self.requested(), self.complaints()
        self.driver.get(page.as_uri() + fragment)

    def view(self, width: int, height: int, *, dark: bool = False, scale: float = 1) -> None:
        """Show pages on a screen of this size, for somebody who prefers light or dark."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])

    def until(self, script: str) -> None:
        """Wait until a script returns something true."""
        WebDriverWait(self.driver, 30).until(lambda _: self.run(script))

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns that is run in the page."""
        return self.driver.execute_script(script, *arguments)

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Send a command of the Chrome DevTools Protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def timings(self) -> tuple[float, float]:
        """Milliseconds from the start of the navigation to the end of the load event, and to the first paint."""
        script = """
            const [navigation] = performance.getEntriesByType("navigation");
            const paint = performance.getEntriesByName("first-contentful-paint")[0];
            return navigation.loadEventEnd && paint ? [navigation.loadEventEnd, paint.startTime] : null;
        """
        loaded, painted = WebDriverWait(self.driver, 30).until(lambda _: self.run(script))
        return float(loaded), float(painted)

    def requested(self) -> list[str]:
        """The addresses that were asked for since this was last called, whether they were reached or not."""
        told = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        sent = (event["params"]["request"]["url"] for event in told if event["method"] == "Network.requestWillBeSent")
        return [url for url in sent if url != "about:blank"]

    def complaints(self) -> list[str]:
        """What the console said since this was last called."""
        return [entry["message"] for entry in self._log("browser")]


@contextmanager
def browser(width: int = 1280, height: int = 900) -> Iterator[Browser]:
    """A window of its own, with nothing remembered."""
    with TemporaryDirectory(prefix="gitgen-chromium.", ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = cast(str, shutil.which("chromium"))
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        # Named, so that selenium looks for no driver of its own on the network.
        service = ChromeService(shutil.which("chromedriver"), env={**os.environ, "HOME": profile})
        driver = Chrome(options, service)
        try:
            yield Browser(driver)
        finally:
            driver.quit()
