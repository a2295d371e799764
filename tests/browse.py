"""A real browser without a screen: opens a site of files, follows all its links, says what it saw.

    python tests/browse.py SITE/index.html [--picture FILE.png]

It prints JSON: the pages that it opened, those that could not be opened, the places within pages
that links lead to and are not there, links out of the folder, what was written to the console, and
requests for anything but files of the folder and data within a page, which are not let through.
``--picture`` saves what the first page looks like. It needs PySide6 with its web engine, Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
os.environ.setdefault("QTWEBENGINE_CHROMIUM_FLAGS", "--no-sandbox --disable-gpu")

from PySide6.QtCore import QEventLoop, QSize, QTimer, QUrl
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInterceptor,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

_MOST_MILLISECONDS = 30_000
_LINKS = "JSON.stringify(Array.from(document.links, link => link.href))"


class _Guard(QWebEngineUrlRequestInterceptor):
    """Lets files of a folder through, and notes all else."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.others: list[str] = []

    def interceptRequest(self, info: Any) -> None:  # noqa: N802 (the library's name)
        url = info.requestUrl()
        if url.scheme() == "data":
            return
        if url.isLocalFile() and Path(url.toLocalFile()).is_relative_to(self._folder):
            return
        self.others.append(url.toString())
        info.block(True)


class _Page(QWebEnginePage):
    """A page whose console is kept."""

    def __init__(self, profile: QWebEngineProfile) -> None:
        super().__init__(profile, None)
        self.console: list[str] = []

    def javaScriptConsoleMessage(  # noqa: N802 (the library's name)
        self, _level: Any, message: str, line: int, source: str
    ) -> None:
        self.console.append(f"{source}:{line}: {message}")


def _wait(start: Any) -> Any:
    """The value that what is started gives, or None after a while."""
    loop, given = QEventLoop(), []

    def done(value: Any) -> None:
        given.append(value)
        loop.quit()

    QTimer.singleShot(_MOST_MILLISECONDS, loop.quit)
    start(done)
    if not given:
        loop.exec()
    return given[0] if given else None


def _open(page: _Page, url: QUrl) -> bool:
    def start(done: Any) -> None:
        page.loadFinished.connect(done)
        page.load(url)

    try:
        return bool(_wait(start))
    finally:
        page.loadFinished.disconnect()


def browse(index: Path, picture: Path | None = None) -> dict[str, list[str]]:
    """Open a site's first page and all that its links lead to within its folder."""
    application = QApplication.instance() or QApplication([])
    folder = index.resolve().parent
    profile = QWebEngineProfile()
    settings, of = profile.settings(), QWebEngineSettings.WebAttribute
    settings.setAttribute(of.ErrorPageEnabled, False)
    # else the engine drops what a file asks of the network before it can be noted
    settings.setAttribute(of.LocalContentCanAccessRemoteUrls, True)
    guard = _Guard(folder)
    profile.setUrlRequestInterceptor(guard)
    page = _Page(profile)
    pending, seen = [QUrl.fromLocalFile(str(index.resolve()))], set()
    told: dict[str, list[str]] = {name: [] for name in ("pages", "broken", "missing", "outside")}
    places: set[tuple[str, str]] = set()
    while pending:
        url = pending.pop(0)
        name = url.toLocalFile()
        if name in seen:
            continue
        seen.add(name)
        if not _open(page, url):
            told["broken"].append(name)
            continue
        told["pages"].append(Path(name).relative_to(folder).as_posix())
        for target in map(QUrl, json.loads(_wait(lambda done: page.runJavaScript(_LINKS, done)))):
            file = target.toLocalFile()
            if not target.isLocalFile() or not Path(file).is_relative_to(folder):
                told["outside"].append(target.toString())
                continue
            if target.fragment():
                places.add((file, target.fragment()))
            pending.append(QUrl.fromLocalFile(file))
    for file, place in sorted(places):
        _open(page, QUrl.fromLocalFile(file))
        there = f"document.getElementById({json.dumps(place)}) !== null"
        if not _wait(lambda done, script=there: page.runJavaScript(script, done)):
            told["missing"].append(f"{file}#{place}")
    if picture:
        view = QWebEngineView()
        view.setPage(page)
        view.resize(QSize(1200, 1600))
        view.show()
        _open(page, QUrl.fromLocalFile(str(index.resolve())))
        _wait(lambda done: QTimer.singleShot(1500, lambda: done(True)))  # until it is painted
        view.grab().save(str(picture))
        view.setPage(None)
    told |= {"console": page.console, "requests": guard.others}
    page.deleteLater()
    application.processEvents()
    return told


def main() -> None:
    """Browse, and print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    print(json.dumps(browse(options.index, options.picture)), flush=True)
    os._exit(0)  # the engine's threads outlive its pages


if __name__ == "__main__":
    main()
