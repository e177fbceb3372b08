#!/usr/bin/env python3
"""The monitor's page in a headless browser: every state, width and scheme, what it says and how it looks,
and how it lives: updates, a server that dies, hangs, is full or another.

Screenshots of it all land in the folder that --screenshots names, for people to look at.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

STARTED = time.monotonic()
SIZES = {"small": (320, 568), "phone": (390, 844), "tablet": (768, 1024), "desktop": (1440, 900),
         "wall": (1920, 1080), "large-wall": (3840, 2160)}
SCHEMES = ("light", "dark")
STATES = {"ok": "Working", "degraded": "Degraded", "down": "Down", "unknown": "Could not check",
          "overdue": "Check overdue", "paused": "Paused by operator"}
# What the band says of each scene, what the tab's icon is, and how its title begins.
VERDICTS = {
    "empty": ("Nothing to check", "unknown", "Nothing to check"),
    "one": ("The one check passes", "ok", "All well"),
    "well": ("All 12 checks pass", "ok", "All well"),
    "no-data": ("Starting: 0 of 12 checks have reported", "unknown", "Starting"),
    "starting": ("Starting: 7 of 12 checks have reported", "unknown", "Starting"),
    "young": ("All 12 checks pass", "ok", "All well"),
    "one-down": ("1 of 12 down: Transaction prover 1", "down", "1 down"),
    "two-down": ("2 of 12 down: Transaction prover 1, Faucet", "down", "2 down"),
    "node-lags": ("1 of 12 needs attention: Full node 2", "degraded", "1 degraded"),
    "failed-once": ("All 12 checks pass", "ok", "All well"),
    "chain-stopped": ("The chain has stopped: no new block, 3 checks affected", "down", "Chain stopped"),
    "all-down": ("12 of 12 down: Block production, Sequencer, Full node 1 and 9 more", "down", "12 down"),
    "all-degraded": ("12 of 12 need attention", "degraded", "12 degraded"),
    "all-unknown": ("12 of 12 could not be checked", "unknown", "12 unknown"),
    "overdue": ("1 of 12 overdue: Explorer", "overdue", "1 overdue"),
    "paused": ("All 11 checks pass, 1 paused", "ok", "All well"),
    "six-states": ("1 of 12 down: Transaction prover 1", "down", "1 down"),
    "flapping": ("1 of 12 down: Transaction prover 1", "down", "1 down"),
    "recovered": ("All 12 checks pass", "ok", "All well"),
    "disk-full": ("Monitor cannot store history (no space left on device). Checks go on", "degraded", "Monitor unwell"),
    "clock-moved": ("Clock moved back by 1 h", "degraded", "Monitor unwell"),
    "stuck": ("The monitor has stopped checking", "overdue", "Monitor unwell"),
    "many": ("1 of 52 down: Faucet 7", "down", "1 down"),
    "hostile": ("2 of 12 down: Transaction prover 1, Faucet", "down", "2 down"),
}


def step(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def expect_within(seconds: float, condition, what: str) -> float:
    """How long it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


class Server:
    """page_server.cpp, on a port of its own choice, or one that was its predecessor's."""

    def __init__(self, program: Path, *options: str):
        self.program, self.options = program, options
        self.port = 0
        self.start()

    def start(self, *more: str) -> None:
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), *self.options, *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        expect(line.startswith("serving "), f"the server does not start: {line!r}")
        self.port = int(line.split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        expect(answer == "done\n", f"{line!r} answered with {answer!r}")

    def show(self, scene: str) -> None:
        self.command(f"show {scene}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.stdin.close()
        expect(self.process.wait(timeout=10) == 0, "the server did not end well")

    def get(self, path: str) -> tuple[int, dict, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


class Watched:
    """A page of which every complaint is kept: console, errors, dialogs, requests that lead elsewhere."""

    def __init__(self, context: BrowserContext, server: Server, loses_server: bool = False):
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.loads = 0
        page = self.page
        # A browser writes into the console when a server is away; that is the test's own doing.
        page.on("console", lambda message: None if loses_server and "Failed to load resource" in message.text
                else self.complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: None if request.url.startswith(server.url + "/")
                else self.complaints.append(f"request: {request.url}"))
        page.on("load", lambda _: setattr(self, "loads", self.loads + 1))

    def expect_quiet(self, where: str) -> None:
        expect(not self.complaints, f"{where}: {self.complaints}")


# Every text against what it lies on, and every drawn part of a bar. Transparent layers are laid over each other.
CONTRAST = r"""
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const found = {};
  const note = (what, value, needed) => {
    if (value < needed) found[what] = Math.min(found[what] ?? 99, Math.round(value * 100) / 100);
  };
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    note(`text "${walker.currentNode.data.slice(0, 30)}" (${element.className || element.nodeName})`,
         ratio(over(parse(style.color), below), below), isLarge ? 3 : 4.5);
    looked++;
  }
  for (const part of document.querySelectorAll(".bar path, .spark-line, .spark-failed, .line-committed, .line-consumed, .timeouts, svg.icon")) {
    if (!part.checkVisibility()) continue;
    const style = getComputedStyle(part);
    const below = ground(part.closest("svg").parentElement);
    const paint = style.fill !== "none" && !part.matches("svg") ? style.fill : style.stroke;
    note(`drawing ${part.getAttribute("class")}`, ratio(over(parse(paint), below), below), 3);
    looked++;
  }
  return [looked, found];
}
"""


class Tests:
    def __init__(self, program: Path, screenshots: Path, browser: Browser):
        self.program, self.screenshots, self.browser = program, screenshots, browser

    def context(self, size: str = "desktop", scheme: str = "light", **more) -> BrowserContext:
        width, height = SIZES[size]
        return self.browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)

    def open(self, context: BrowserContext, server: Server, path: str = "/", **more) -> Watched:
        watched = Watched(context, server, **more)
        watched.page.goto(server.url + path)
        watched.page.wait_for_selector('[data-live="live"]', state="attached", timeout=5000)
        return watched

    # ---- what it says

    def every_scene(self) -> None:
        """Each scene comes as an update to an open page, and must say the same as when it is loaded."""
        server = Server(self.program, "--update-gap-ms", "100")
        context = self.context()
        watched = self.open(context, server)
        page = watched.page
        previous = ""
        for scene, (sentence, icon, title) in VERDICTS.items():
            server.show(scene)
            # Of other checks only a page that is loaded anew can tell.
            if {scene, previous} & {"empty", "one", "many"}:
                page.goto(server.url)
            previous = scene
            expect_within(3, lambda: page.inner_text("#sentence").startswith(sentence), f"{scene}: {sentence}")
            expect_within(1, lambda: page.title().startswith(title), f"{scene}: title {title}, not {page.title()}")
            expect(f"favicon-{icon}-" in page.get_attribute("#favicon", "href"), f"{scene}: the tab's icon")
            looked, weak = page.evaluate(CONTRAST)
            expect(looked > 5 and not weak, f"{scene}: too weak: {weak}")
            expect(page.locator("h1").count() == 1, f"{scene}: one h1")
            links = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.getAttribute('href'))")
            expect(all(re.match(r"(/|#|https?://)", link) for link in links), f"{scene}: {links}")
            expect(page.locator("img, iframe, main script").count() == 0, f"{scene}: foreign elements")
            loaded = page.request.get(server.url).text()
            expect(len(loaded) < (320_000 if scene == "many" else 90_000), f"{scene}: {len(loaded)} bytes")
            page.screenshot(path=self.screenshots / f"scene-{scene}.png")
        watched.expect_quiet("every scene")

        server.show("six-states")
        page.goto(server.url)
        for state, word in STATES.items():
            expect(page.locator(f'.card [data-state="{state}"] header use[href="#i-{state}"]').count() > 0, f"icon of {state}")
            expect(page.locator(f'.card [data-state="{state}"]').get_by_text(word, exact=True).count() > 0, f"word of {state}")
        # A word and a shape each, no colour needed.
        shapes = page.eval_on_selector_all("symbol", "all => all.map((s) => s.innerHTML)")
        expect(len(set(shapes)) == len(shapes), "two icons look the same")
        page.add_style_tag(url="/assets/index.css")
        page.emulate_media(forced_colors="active")
        page.screenshot(path=self.screenshots / "forced-colors.png")
        page.emulate_media(forced_colors="none", reduced_motion="reduce")
        expect(page.evaluate("""() => { const card = document.querySelector(".card"); card.classList.add("changed");
            return getComputedStyle(card).animationName; }""") == "none", "motion though reduced")

        server.show("chain-stopped")
        page.goto(server.url)
        expect(page.locator("#attention li").count() == 1, "children of a stopped chain stand for themselves")
        expect("Also affected: Wallet transaction, Network note, Explorer" in page.inner_text("#attention"), "children are not named")
        server.show("failed-once")
        page.goto(server.url)
        expect("Failed once, checking again: Connection refused" in page.inner_text("#check-prover-2"), "a first failure is not told")
        server.show("node-lags")
        page.goto(server.url)
        row = page.inner_text("#check-node-3")
        expect("Behind best 14 blocks" in row and "Degraded" in row and "0.15.1" in row, row)
        server.show("well")
        page.goto(server.url)
        bar = page.locator("#check-faucet .bar").first
        expect(bar.get_attribute("aria-label") == "24 hours: 99.37 % up, 1 outage of 9 min in all", bar.get_attribute("aria-label"))
        expect(page.locator("#check-faucet .bar-down").count() == 1 and page.locator("#check-faucet .bar-failed").count() == 2, "the outage is not drawn")
        server.show("young")
        page.goto(server.url)
        expect("of the 3 h known" in page.inner_text("#check-faucet"), "a young percentage does not say its window")
        watched.expect_quiet("details")
        context.close()
        server.stop()

    def pages_of_checks(self) -> None:
        server = Server(self.program, "--scene", "two-down")
        context = self.context("phone", "dark")
        watched = self.open(context, server, "/checks/prover-1")
        page = watched.page
        text = page.inner_text("main")
        for part in ("No answer within 10 s", "grpcurl -plaintext", "2 failures in a row", "at most 5 blocks behind", "timeout", "99.58 %"):
            expect(part in text, f"{part!r} is not on the check's page")
        expect(page.locator(".results tbody tr").count() == 50, "not 50 results")
        self.expect_fits(page, "check's page")
        server.show("well")
        expect_within(7, lambda: "Working" in page.inner_text("main .state"), "a check's page does not follow")
        page.goto(server.url + "/incidents/1")
        expect("Incident 1: Transaction prover 1" in page.inner_text("h1"), "no page of the incident")
        self.expect_fits(page, "incident's page")
        looked, weak = page.evaluate(CONTRAST)
        expect(not weak, f"incident's page: {weak}")
        watched.expect_quiet("pages of checks")
        status, headers, _ = server.get("/checks/nobody")
        expect(status == 404 and "default-src 'none'" in headers["content-security-policy"], f"{status} {headers}")
        context.close()
        server.stop()

    def expect_fits(self, page: Page, where: str) -> None:
        width = page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        expect(width <= page.evaluate("innerWidth"), f"{where}: scrolls sideways, {width} px")
        wide = page.evaluate("""() => [...document.querySelectorAll("figcaption, header, .links, .legend, .verdict, dd")]
            .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.slice(0, 60))""")
        expect(not wide, f"{where}: wider than what they lie in: {wide}")

    def widths_and_schemes(self) -> None:
        server = Server(self.program)
        axe = Axe()
        for size in SIZES:
            is_wall = "wall" in size
            for scheme in SCHEMES:
                context = self.context(size, scheme)
                for scene in ("well", "two-down", "hostile"):
                    if scene == "hostile" and (scheme == "dark") == (size == "phone"):
                        continue  # where it breaks does not depend on colours
                    if scene == "well" and size in ("small", "tablet", "large-wall"):
                        continue  # the other scene has all of it and more
                    server.show(scene)
                    watched = self.open(context, server, "/?wall" if is_wall else "/")
                    page, where = watched.page, f"{scene}, {size}, {scheme}"
                    self.expect_fits(page, where)
                    _, weak = page.evaluate(CONTRAST)
                    expect(not weak, f"{where}: too weak: {weak}")
                    if size == "desktop":  # widths between those of the list
                        for width in range(600, 1750, 110):
                            page.set_viewport_size({"width": width, "height": 900})
                            self.expect_fits(page, f"{where} at {width}")
                        page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
                    if is_wall:
                        self.expect_wall(page, where)
                    else:
                        small = page.evaluate("""() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
                            && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
                            && parseFloat(getComputedStyle(e).fontSize) < 13).map((e) => e.outerHTML.slice(0, 80))""")
                        expect(not small, f"{where}: text under 13 px: {small}")
                        targets = page.evaluate("""() => [...document.querySelectorAll("button, summary")].filter((e) => e.checkVisibility())
                            .map((e) => [e.getBoundingClientRect(), e.className || e.nodeName]).filter(([b]) => b.width < 24 || b.height < 24).map(([, n]) => n)""")
                        expect(not targets, f"{where}: targets under 24 px: {targets}")
                    if scene == "two-down" and size in ("phone", "desktop"):
                        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
                        expect(found.violations_count == 0, f"{where}: {found.generate_report()}")
                    page.screenshot(path=self.screenshots / f"{scene}-{size}-{scheme}.png", full_page=not is_wall)
                    watched.expect_quiet(where)
                    page.close()
                context.close()
        server.stop()

    def expect_wall(self, page: Page, where: str) -> None:
        height = page.evaluate("document.documentElement.scrollHeight")
        expect(height <= page.evaluate("innerHeight"), f"{where}: a wall scrolls")
        # For 1920 pixels; more on larger ones.
        scale = page.evaluate("innerWidth / 1920")
        for selector, least in ((".verdict", 64), ("h3", 36), (".now > header > .state b", 36)):
            size = page.eval_on_selector(selector, "(e) => parseFloat(getComputedStyle(e).fontSize)")
            expect(size >= least * scale - 0.5, f"{where}: {selector} is {size} px")
        small = page.evaluate("""(least) => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
            && !e.closest(".unseen, #tip") && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
            && parseFloat(getComputedStyle(e).fontSize) < least).map((e) => e.outerHTML.slice(0, 80))""", 24 * scale - 0.5)
        expect(not small, f"{where}: too small for a wall: {small}")
        cut = page.evaluate("""() => [...document.querySelectorAll(".card")].filter((c) => [...c.querySelectorAll(":scope > .now, :scope > .past, .bar")]
            .some((e) => e.checkVisibility() && e.getBoundingClientRect().bottom > c.getBoundingClientRect().bottom + 1)).map((c) => c.id)""")
        expect("hostile" in where or not cut, f"{where}: cut off: {cut}")

    # ---- how it is used

    def keyboard_and_choices(self) -> None:
        server = Server(self.program)
        context = self.context()
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        watched = self.open(context, server)
        page = watched.page
        order = []
        for _ in range(400):
            page.keyboard.press("Tab")
            at = page.evaluate("""() => { const e = document.activeElement; if (e === document.body) return null;
                const style = getComputedStyle(e);
                return [[...document.querySelectorAll("*")].indexOf(e), parseFloat(style.outlineWidth), style.outlineStyle, e.className.baseVal ?? e.className, e.nodeName]; }""")
            if at is None or (order and at[0] == order[0]):
                break
            order.append(at[0])
            expect(at[1] >= 2 and at[2] != "none", f"focus is not seen on {at}")
        expect(len(order) > 40 and order == sorted(order), f"order of the keyboard: {order}")
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.goto(server.url)
        page.keyboard.press("Tab")
        expect(page.evaluate("document.activeElement.className") == "skip", "the first stop is the way past the band")
        page.keyboard.press("Enter")
        expect(page.evaluate("document.activeElement.id") == "main", "the skip link leads nowhere")

        bar = page.locator("#check-faucet .bar").first
        bar.focus()
        expect(page.is_visible("#tip"), "no tip on focus")
        for _ in range(26):
            page.keyboard.press("ArrowLeft")
        expect("down 9 min, 181 failed looks" in page.inner_text("#tip"), page.inner_text("#tip"))
        page.screenshot(path=self.screenshots / "tip.png")
        page.keyboard.press("Escape")
        expect(not page.is_visible("#tip"), "Escape leaves the tip")

        # What a viewer did stays when the server writes anew.
        page.click("#check-explorer summary")
        page.focus("#check-explorer summary")
        page.evaluate("scrollTo(0, 500); window.stayed = true")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        for scene in ("two-down", "well", "two-down", "well"):
            server.show(scene)
            sentence = VERDICTS[scene][0]
            took = expect_within(4, lambda: page.inner_text("#sentence").startswith(sentence), f"update to {scene}")
            expect(took < 2.5, f"{scene} took {took:.1f} s")
        expect(page.get_attribute("#check-explorer details", "open") is not None, "an update closed what was open")
        expect(page.evaluate("document.activeElement.nodeName") == "SUMMARY", "an update took the focus")
        expect(page.evaluate("scrollY") == 500 and page.evaluate("window.stayed"), "an update moved the page")
        expect(page.evaluate("document.querySelectorAll('*').length") == nodes, "updates leave elements behind")
        expect("All 12 checks pass" in page.inner_text("#announcer"), "a change is not announced")

        page.click("#check-prover-1 .links .copy-button")
        expect_within(2, lambda: page.evaluate("navigator.clipboard.readText()") == "http://prover-1.internal:50051", "copied")
        page.click("#theme")
        expect(page.evaluate("document.documentElement.dataset.theme") == "light", "theme")
        page.click("#theme")
        page.reload()
        expect(page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 24)", "the choice of dark is lost")
        page.goto(server.url + "/?theme=light")
        expect(page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)", "?theme=light")
        watched.expect_quiet("keyboard and choices")
        context.close()
        server.stop()

    def without_script(self) -> None:
        server = Server(self.program, "--scene", "two-down")
        context = self.context("phone", java_script_enabled=False)
        page = context.new_page()
        page.goto(server.url)
        text = page.inner_text("body")
        for part in ("2 of 12 down", "Since" if "Since" in text else "since", "6 min", "No answer within 10 s", "As of"):
            expect(part in text, f"without script: {part!r}")
        expect('<noscript><meta http-equiv="refresh" content="30"></noscript>' in page.content(), "no refresh without script")
        page.screenshot(path=self.screenshots / "without-script.png", full_page=True)
        context.close()
        server.stop()

    # ---- how it lives

    def lost_and_found(self) -> None:
        """A server that dies and one that hangs, at the same time, in real time."""
        dying, hanging = Server(self.program), Server(self.program)
        context = self.context()
        lost = self.open(context, dying, loses_server=True)
        hung = self.open(context, hanging)
        for watched in (lost, hung):
            watched.page.evaluate("window.stayed = true")
        time.sleep(6)  # a tick has come
        dying.kill()
        hanging.command("stall")
        started = time.monotonic()
        for watched, what in ((lost, "killed"), (hung, "stalled")):
            page = watched.page
            expect_within(16.5 - (time.monotonic() - started), lambda: page.is_visible("#lost"), f"{what}: Not live")
            expect(re.search(r"Not live\. Last update 10:4\d:\d\d UTC, 1\d s ago", page.inner_text("#lost")), page.inner_text("#lost"))
            expect(page.title().startswith("Not live") and "favicon-overdue-" in page.get_attribute("#favicon", "href"), what)
            expect(not page.is_visible("#sentence"), f"{what}: old words stay")
            expect(page.inner_text("#announcer") == "Not live", f"{what}: not announced")
            _, weak = page.evaluate(CONTRAST)
            expect(not weak, f"{what}: {weak}")
        step(f"not live after {time.monotonic() - started:.1f} s")
        lost.page.screenshot(path=self.screenshots / "not-live.png")
        dying.start()
        dying.show("one-down")
        hanging.command("go on")
        for watched, what in ((lost, "killed"), (hung, "stalled")):
            page = watched.page
            expect_within(8, lambda: page.get_attribute("html", "data-live") == "live", f"{what}: live again")
            expect(not page.is_visible("#lost") and page.evaluate("window.stayed"), f"{what}: loaded anew")
        expect_within(3, lambda: "1 of 12 down" in lost.page.inner_text("#sentence"), "the snapshot after a restart")
        hung.expect_quiet("hung")
        lost.expect_quiet("lost")
        # Another set of checks: the page is loaded anew, once.
        dying.kill()
        dying.start("--scene", "one")
        expect_within(10, lambda: (lost.page.wait_for_timeout(50), lost.loads == 2)[1], "no reload for another build")
        lost.page.wait_for_timeout(1500)
        expect(lost.loads == 2 and lost.page.inner_text("#sentence") == "The one check passes.", f"{lost.loads} loads")
        context.close()
        dying.stop()
        hanging.stop()

    def stale_hidden_and_full(self) -> None:
        """What takes minutes, with the browser's clock turned on."""
        server = Server(self.program)
        context = self.context("phone", "dark")
        watched = Watched(context, server, loses_server=True)
        page = watched.page
        page.clock.install()
        page.goto(server.url)
        expect_within(5, lambda: page.get_attribute("html", "data-live") == "live", "live")
        server.kill()
        page.clock.fast_forward(61_000)
        expect_within(3, lambda: page.evaluate("document.documentElement.classList.contains('stale')"), "stale after a minute")
        content = page.eval_on_selector(".card", "(e) => getComputedStyle(e, '::after').content")
        expect(re.match(r'"as of 10:4\d:\d\d UTC"', content), content)
        page.screenshot(path=self.screenshots / "stale.png")
        server.start()
        expect_within(8, lambda: (page.clock.fast_forward(500), page.get_attribute("html", "data-live") == "live")[1], "live again")
        expect(not page.evaluate("document.documentElement.classList.contains('stale')"), "still stale")

        # Hidden for a minute: the connection is given back, and taken again when somebody looks.
        hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
        page.evaluate(hide, True)
        page.clock.fast_forward(61_000)
        expect_within(3, lambda: self.streams(server) == 0, "a hidden page keeps its stream")
        page.evaluate(hide, False)
        expect_within(3, lambda: self.streams(server) == 1, "a page that is looked at has no stream")
        expect_within(3, lambda: page.get_attribute("html", "data-live") == "live", "live when looked at")
        context.close()
        server.stop()

        # No room for another stream: the page asks instead.
        full = Server(self.program, "--streams", "1")
        context = self.context()
        first = self.open(context, full)
        watched = Watched(context, full, loses_server=True)
        page = watched.page
        page.clock.install()
        page.goto(full.url)
        full.show("one-down")
        page.clock.fast_forward(10_500)
        expect_within(4, lambda: (page.clock.fast_forward(1000), "1 of 12 down" in page.inner_text("#sentence"))[1], "no polling")
        expect(page.inner_text("#live-word") == "Every 10 s", page.inner_text("#live-word"))
        first.page.close()
        expect_within(6, lambda: (page.clock.fast_forward(5000), page.get_attribute("html", "data-live") == "live")[1], "the stream that became free")
        watched.expect_quiet("full")
        context.close()
        full.stop()

    def streams(self, server: Server) -> int:
        _, _, text = server.get("/metrics")
        return int(float(re.search(r"^miden_monitor_event_streams(?:\{.*\})? (\S+)$", text, re.MULTILINE)[1]))

    def many_streams(self) -> None:
        server = Server(self.program)
        connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        for connection in connections:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: here\r\n\r\n")
        heads = []
        for connection in connections:
            connection.settimeout(10)
            heads.append(connection.recv(4096).decode())
        taken = sum(head.startswith("HTTP/1.1 200 ") for head in heads)
        refused = [head for head in heads if head.startswith("HTTP/1.1 503 ")]
        expect(taken == 256 and len(refused) == 44, f"{taken} taken, {len(refused)} refused")
        expect(all("retry-after: " in head for head in refused), "no word when to come back")
        started = time.monotonic()
        expect(server.get("/")[0] == 200 and time.monotonic() - started < 1, "the page waits for streams")
        for connection in connections:
            connection.close()
        expect_within(8, lambda: self.streams(server) == 0, "streams of those who left stay")
        server.stop()

    def public_page(self) -> None:
        server = Server(self.program, "--public", "--scene", "two-down")
        for path in ("/", "/checks/prover-1", "/fragments/status", "/status", "/api/v1/checks", "/api/v1/checks/prover-1", "/api/v1/incidents", "/metrics"):
            status, _, text = server.get(path)
            expect(status == 200, f"{path}: {status}")
            for secret in ("internal", "devnet.example", "grpcurl", "No answer within"):
                expect(secret not in text, f"{path} tells strangers {secret!r}")
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True, help="page_server.cpp's program")
    parser.add_argument("--screenshots", type=Path, required=True, help="folder for pictures of it all")
    parser.add_argument("--browser", default=shutil.which("chromium"), help="Chromium; default: the PATH's")
    parser.add_argument("--only", help="one of the tests, by name")
    arguments = parser.parse_args()
    expect(arguments.browser is not None, "Chromium is missing: apt-get install chromium")
    arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root.
        browser = playwright.chromium.launch(executable_path=arguments.browser,
                                             args=["--no-sandbox"] if os.geteuid() == 0 else [])
        tests = Tests(arguments.server, arguments.screenshots, browser)
        for test in (tests.every_scene, tests.pages_of_checks, tests.widths_and_schemes, tests.keyboard_and_choices,
                     tests.without_script, tests.lost_and_found, tests.stale_hidden_and_full, tests.many_streams,
                     tests.public_page):
            if arguments.only in (None, test.__name__):
                step(test.__name__.replace("_", " "))
                test()
        browser.close()
    step("all passed")


if __name__ == "__main__":
    main()
