// Keeps the page as the server would write it now. The server is the only renderer: what comes are
// whole elements, which take the place of those with the same id, so that focus, selection and open
// details stay.
"use strict";
(() => {
  const root = document.documentElement;
  const LOST_AFTER = 15_000; // without a sign of life
  const STALE_AFTER = 60_000;
  const HIDDEN_FOR = 60_000; // then the connection is given to those who look
  const POLL_EVERY = 10_000;
  const FETCH_EVERY = 5_000; // of a page that has no fragments of its own

  const byId = (id) => document.getElementById(id);
  const isDetail = root.classList.contains("detail");
  const shortTime = (ms) => new Date(ms).toISOString().slice(11, 19) + " UTC";

  // ---- time: the server's, counted on by a clock that nobody sets

  let serverAhead = Number(root.dataset.serverMs) - performance.now();
  const serverNow = () => performance.now() + serverAhead;

  // As age_words() of the server.
  function ageWords(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (large, unit, small, smallUnit) =>
      small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
    if (s < 60) return `${s} s`;
    if (s < 300) return two(Math.floor(s / 60), "min", s % 60, "s");
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
    return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
  }

  const localTime = new Intl.DateTimeFormat(undefined, {
    dateStyle: "medium", timeStyle: "long",
  });

  function writeAges() {
    const now = serverNow();
    for (const time of document.querySelectorAll("time[data-age]")) {
      const age = now - Date.parse(time.dateTime);
      // Numbers that run everywhere make a page restless.
      const text = !time.hasAttribute("data-coarse") ? ageWords(age)
        : age < 10_000 ? "just now" : `${ageWords(age < 60_000 ? age - (age % 5000) : age)} ago`;
      if (time.textContent !== text) time.textContent = text;
    }
    const clock = byId("clock");
    if (clock) clock.textContent = shortTime(now);
  }

  function writeLocalTimes() {
    for (const time of document.querySelectorAll("time[datetime]")) {
      if (time.dataset.told === time.dateTime) continue;
      time.dataset.told = time.dateTime;
      time.title = localTime.format(new Date(time.dateTime));
    }
  }

  // ---- taking in what the server wrote

  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName ||
        (old.nodeType === Node.ELEMENT_NODE && old.id !== fresh.id)) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    const keep = (name) => (name === "open" && old.nodeName === "DETAILS") ||
      (old.nodeName === "TIME" && (name === "title" || name === "data-told"));
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !keep(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (!keep(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.nodeName === "TIME" && old.hasAttribute("data-age")) return; // the script's to fill
    const children = [...fresh.childNodes];
    children.forEach((child, i) => {
      const there = old.childNodes[i];
      if (there) morph(there, child);
      else old.append(child);
    });
    while (old.childNodes.length > children.length) old.lastChild.remove();
  }

  function takeElement(fresh) {
    const old = byId(fresh.id);
    if (!old) return;
    const before = old.dataset.state;
    const said = old.dataset.announced;
    const after = fresh.dataset.state;
    morph(old, fresh);
    if (before !== after && after) {
      const card = byId(fresh.id).closest("article, li");
      card?.classList.add("changed");
      setTimeout(() => card?.classList.remove("changed"), 700);
    }
    if (fresh.id === "band" && said !== byId("band").dataset.announced) {
      byId("announcer").textContent = byId("sentence").textContent;
    }
  }

  function takeFragments(htmlById) {
    const template = document.createElement("template");
    for (const html of Object.values(htmlById)) {
      template.innerHTML = html;
      if (template.content.firstElementChild) takeElement(template.content.firstElementChild);
    }
    afterChange();
  }

  function afterChange() {
    writeAges();
    writeLocalTimes();
    showVerdict();
  }

  // ---- how it stands with this page: said by the band, the tab's title and its icon

  let lastSign = performance.now(); // of life
  let lastSignMs = serverNow();
  let isPolling = false;
  let isConnected = false;

  function setIcon(name) {
    const link = byId("favicon");
    const href = link.dataset[name];
    if (href && link.getAttribute("href") !== href) link.setAttribute("href", href);
  }

  function showVerdict() {
    const band = byId("band");
    const silence = performance.now() - lastSign;
    const isLost = silence >= LOST_AFTER;
    const live = isLost ? "lost" : isConnected ? "live" : isPolling ? "polling" : "starting";
    if (root.dataset.live !== live) {
      root.dataset.live = live;
      byId("live-word").textContent =
        { lost: "Not live", live: "Live", polling: "Every 10 s", starting: "Connecting" }[live];
      if (isLost) byId("announcer").textContent = "Not live"; // its age counts on, unannounced
    }
    if (root.dataset.tone !== band.dataset.tone) root.dataset.tone = band.dataset.tone;
    const lost = byId("lost");
    lost.hidden = !isLost;
    if (isLost) {
      byId("lost-time").textContent = shortTime(lastSignMs);
      byId("lost-age").textContent = ageWords(silence);
    }
    root.classList.toggle("stale", silence >= STALE_AFTER);
    const asOf = `as of ${shortTime(lastSignMs)}`;
    if (isLost) {
      for (const card of document.querySelectorAll(".card")) card.dataset.asOf = asOf;
    }
    setIcon(isLost ? "overdue" : band.dataset.icon);
    const title = isLost ? `Not live · ${root.dataset.network}`
      : isDetail ? root.dataset.title : band.dataset.title;
    if (document.title !== title) document.title = title;
  }

  function signOfLife(serverMs) {
    if (Number.isFinite(serverMs)) serverAhead = serverMs - performance.now();
    lastSign = performance.now();
    lastSignMs = serverNow();
  }

  function reloadFor(build) {
    if (!build || build === root.dataset.build) return false;
    try {
      if (sessionStorage.getItem("reloaded-for") === build) return false;
      sessionStorage.setItem("reloaded-for", build);
    } catch {
      return false; // could not tell the second time from the first
    }
    location.reload();
    return true;
  }

  // ---- the stream

  let events = null;
  let retry = 0;
  let retryTimer = 0;
  let seen = "";

  function open() {
    clearTimeout(retryTimer);
    close();
    events = new EventSource(`/events?seen=${encodeURIComponent(seen)}`);
    const on = (name, take) => events.addEventListener(name, (event) => {
      if (event.lastEventId) seen = event.lastEventId;
      take(JSON.parse(event.data));
    });
    on("hello", (hello) => {
      if (reloadFor(hello.build)) return;
      retry = 0;
      isConnected = true;
      isPolling = false;
      signOfLife(hello.server_ms);
      afterChange();
    });
    on("snapshot", ({ html_by_id }) => { signOfLife(); take(html_by_id); });
    on("update", ({ html_by_id }) => { signOfLife(); take(html_by_id); });
    on("tick", ({ server_ms }) => { signOfLife(server_ms); afterChange(); });
    events.addEventListener("bye", () => { isConnected = false; });
    events.onerror = () => {
      isConnected = false;
      // After an answer that is none it does not try again by itself.
      if (events && events.readyState === EventSource.CLOSED) {
        retry = Math.min(retry + 1, 4);
        retryTimer = setTimeout(open, Math.min(2 ** retry, 30) * 1000 * (0.75 + Math.random() / 2));
      }
    };
  }

  function take(htmlById) {
    takeFragments(htmlById);
    if (isDetail) fetchDetail();
  }

  function close() {
    clearTimeout(retryTimer);
    if (events) events.close();
    events = null;
    isConnected = false;
  }

  // ---- without a stream: ask

  async function fetchDocument(address) {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  async function poll() {
    if (document.hidden || isConnected || performance.now() - lastSign < POLL_EVERY) return;
    try {
      const fresh = await fetchDocument("/fragments/status");
      const status = fresh.getElementById("status");
      if (!status || reloadFor(status.dataset.build)) return;
      for (const id of root.dataset.fragments.split(" ")) {
        const element = fresh.getElementById(id);
        if (element) takeElement(element);
      }
      isPolling = true;
      signOfLife(Number(status.dataset.serverMs));
      afterChange();
      if (isDetail) fetchDetail();
    } catch {
      // The band says how old this is.
    }
  }

  let lastFetch = 0;
  let fetchTimer = 0;
  function fetchDetail() {
    clearTimeout(fetchTimer);
    fetchTimer = setTimeout(async () => {
      lastFetch = performance.now();
      try {
        const fresh = await fetchDocument(location.href);
        morph(document.querySelector("main"), fresh.querySelector("main"));
        afterChange();
      } catch {
        // The next update asks again.
      }
    }, Math.max(0, lastFetch + FETCH_EVERY - performance.now()));
  }

  // ---- tips of the bars: by pointer, focus and arrow keys

  const tip = byId("tip");
  let tipBar = null;
  let tipCell = 0;

  function cellWords(bar, index) {
    const [first, step, count, faults, empty] = JSON.parse(bar.dataset.cells);
    const from = first + index * step;
    const isDay = step > 12 * 3_600_000;
    const day = new Date(from).toLocaleDateString(undefined, {
      day: "numeric", month: "short", timeZone: "UTC",
    });
    const when = isDay ? `${day} (UTC)`
      : `${shortTime(from).slice(0, 5)}–${shortTime(from + step).slice(0, 5)} UTC`;
    if (empty.includes(index)) return `${when}: no data`;
    const fault = faults.find(([i]) => i === index);
    if (!fault) return `${when}: nothing failed`;
    const [, down, degraded, failed] = fault;
    const parts = [];
    if (down) parts.push(`down ${ageWords(down * 1000)}`);
    if (degraded) parts.push(`degraded ${ageWords(degraded * 1000)}`);
    if (failed) parts.push(`${failed} failed ${failed === 1 ? "look" : "looks"}`);
    return `${when}: ${parts.join(", ")}`;
  }

  function showTip(bar, index) {
    const count = JSON.parse(bar.dataset.cells)[2];
    if (!count) return;
    tipBar = bar;
    tipCell = Math.min(Math.max(index, 0), count - 1);
    tip.textContent = cellWords(bar, tipCell);
    tip.hidden = false;
    const box = bar.getBoundingClientRect();
    const middle = box.left + ((tipCell + 0.5) / count) * box.width;
    const left = Math.min(Math.max(8, middle - tip.offsetWidth / 2),
      root.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${box.top + scrollY - tip.offsetHeight - 6}px`;
  }

  function hideTip() {
    tip.hidden = true;
    tipBar = null;
  }

  const barOf = (event) => event.target.closest?.(".bar[data-cells]");
  document.addEventListener("pointermove", (event) => {
    const bar = barOf(event);
    if (bar) {
      const box = bar.getBoundingClientRect();
      const count = JSON.parse(bar.dataset.cells)[2];
      showTip(bar, Math.floor(((event.clientX - box.left) / box.width) * count));
    } else if (tipBar && document.activeElement !== tipBar) {
      hideTip();
    }
  });
  document.addEventListener("focusin", (event) => {
    const bar = barOf(event);
    if (bar) showTip(bar, Infinity);
    else hideTip();
  });
  document.addEventListener("focusout", hideTip);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hideTip();
    if (!tipBar || document.activeElement !== tipBar) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    showTip(tipBar, tipCell + step);
  });

  // ---- buttons

  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Pages that came over plain HTTP have no clipboard but this.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("not copied");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy-button");
    if (!button) return;
    try {
      await copy(button.dataset.copy);
      button.focus();
      button.classList.add("copied");
      byId("announcer").textContent = "Copied";
      setTimeout(() => button.classList.remove("copied"), 2000);
    } catch {
      byId("announcer").textContent = "Could not be copied";
    }
  });

  const themeButton = byId("theme");
  const nextTheme = { light: "dark", dark: "" };
  function nameTheme() {
    themeButton.setAttribute("aria-label", `Colours: ${root.dataset.theme || "as the system"}`);
    themeButton.title = themeButton.getAttribute("aria-label");
  }
  themeButton.hidden = false;
  nameTheme();
  themeButton.addEventListener("click", () => {
    const theme = root.dataset.theme ? nextTheme[root.dataset.theme] : "light";
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // Then it lasts as long as the page.
    }
    nameTheme();
  });

  // ---- when the page is looked at

  let hiddenTimer = 0;
  function look() {
    clearTimeout(hiddenTimer);
    if (document.hidden) {
      hiddenTimer = setTimeout(close, HIDDEN_FOR);
      return;
    }
    if (!events || performance.now() - lastSign > LOST_AFTER) open();
    showVerdict();
    if (root.classList.contains("wall")) navigator.wakeLock?.request("screen").catch(() => {});
  }
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) look(); });

  setInterval(() => { writeAges(); showVerdict(); }, 1000);
  setInterval(poll, POLL_EVERY);
  afterChange();
  look();
})();
