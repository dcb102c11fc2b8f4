// Presenting: keys that every page has, a corner with a button, and one dialog that shows keys, what can be hidden, or a QR code.
// It keeps the playlist in this browser; what is wished for goes to the server, which answers with the page.

import { answer, isTyping, KEYS, quiet, views } from "./present_keys.js";
import { makeHiding, makeKeys, makeQr } from "./present_dialogs.js";

const LIST = "seglab-playlist", PLAYED = "seglab-played";
const SAID_FOR = 5000; // milliseconds that a message stays
let shown = 0; // the QR code that was shown last
let written = 0; // the stamp of the list that was kept last
let resumed = false;

const stored = (store, key) => {
  try {
    return store().getItem(key);
  } catch {
    return null; // kept from us, or nothing there
  }
};
const keep = (store, key, text) => {
  try {
    if (text === null) store().removeItem(key);
    else store().setItem(key, text);
  } catch {
    // then it lasts as long as the session
  }
};
const local = () => localStorage, tab = () => sessionStorage;

class Present {
  constructor(host) {
    this.gone = new AbortController();
    this.element = document.createElement("div");
    this.corner = Object.assign(document.createElement("div"), { className: "corner" });
    this.marker = Object.assign(document.createElement("span"), { className: "marker" });
    this.button = Object.assign(document.createElement("button"), { type: "button", textContent: "Present", title: "Lecture mode, QR code, hidden controls, playlist, keys (?)" });
    this.all = Object.assign(document.createElement("button"), { type: "button", textContent: "Show all controls" });
    this.said = Object.assign(document.createElement("div"), { className: "said" });
    this.said.setAttribute("role", "status");
    this.dialog = document.createElement("dialog");
    this.button.addEventListener("click", () => this.do("keys"));
    this.all.addEventListener("click", () => this.do("showAll"));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => (this.open = null));
    this.corner.append(this.marker, this.all, this.button);
    this.element.append(this.corner, this.said, this.dialog);
    host.append(this.element);
    const more = { signal: this.gone.signal };
    window.addEventListener("keydown", (event) => this.key(event), { ...more, capture: true });
    document.documentElement.addEventListener("keydown", (event) => this.late(event), more);
    window.addEventListener("seglab-help", (event) => {
      event.preventDefault();
      this.do("keys");
    }, more);
  }

  show(data, send) {
    Object.assign(this, { data, send });
    this.element.className = data.lecture ? "present lecture" : "present";
    this.marker.textContent = data.lecture ? data.marker : "";
    this.marker.title = data.marker && `Playlist, entry ${data.marker.replace("/", "of")}`;
    this.all.hidden = data.lecture || !data.hides;
    if (data.said) this.say(data.said);
    this.remember(data);
    if (data.qr && data.qr.id > shown) {
      shown = data.qr.id;
      this.put(makeQr(data.qr, this), "qr");
    } else if (this.open === "parts") this.fill(makeHiding(data, this));
    else if (this.open === "keys") this.fill(makeKeys(data, this));
  }

  /** Keep what the server knows to be newer, and tell it what is kept here where it does not know. */
  remember(data) {
    if (data.list !== null && data.stamp > written) {
      written = data.stamp;
      keep(local, LIST, data.count ? data.list : null);
    }
    if (data.played) keep(tab, PLAYED, JSON.stringify(data.played));
    else if (resumed) keep(tab, PLAYED, null);
    if (data.asks) this.wish({ act: "told" });
    else if (!resumed && !data.played) {
      try {
        const { list, at } = JSON.parse(stored(tab, PLAYED) ?? "{}");
        if (list) this.wish({ act: "resume", list: String(list), at });
      } catch {
        keep(tab, PLAYED, null);
      }
    }
    resumed = true;
  }

  wish(what) {
    const list = ["told", "add"].includes(what.act) ? { kept: stored(local, LIST) ?? "" } : {};
    this.send("wish", { ...list, ...what });
  }

  /** The address of what is shown; on the playlist's page that of the playlist. */
  link() {
    return this.data.share ? new URL(this.data.share, location.href).href : location.href;
  }

  /** What a key, or a button of the dialog, stands for. */
  do(act) {
    if (act === "keys") return this.put(makeKeys(this.data, this), "keys");
    if (act === "parts") {
      this.wish({ act: "parts" }); // the server names the parts that the page has shown meanwhile
      return this.put(makeHiding(this.data, this), "parts");
    }
    if (act === "qr") return this.wish({ act: "qr", link: this.link(), id: Date.now() });
    this.dialog.close();
    if (act === "lecture") {
      // A stage has the address: where there is one, it is the stage that changes it.
      if (window.dispatchEvent(new CustomEvent("seglab-lecture", { cancelable: true }))) this.wish({ act });
    } else if (act === "add") this.wish({ act, link: location.href });
    else if (act === "showAll") this.wish({ act: "hide", names: "" });
    else if ((act === "before" || act === "after") && !this.data[act]) this.say(act === "after" ? "This is the last page." : "This is the first page.");
    else this.wish({ act });
  }

  fill(parts) {
    const focused = this.dialog.getRootNode().activeElement?.dataset?.name;
    this.dialog.replaceChildren(...parts);
    if (focused) this.dialog.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  }

  put(parts, open) {
    this.open = open;
    this.dialog.className = open;
    this.fill(parts);
    this.dialog.setAttribute("aria-labelledby", "title");
    if (!this.dialog.open) this.dialog.showModal();
  }

  say(text) {
    this.said.textContent = text;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (this.said.textContent = ""), SAID_FOR);
  }

  /** A key before anything on the page has heard of it. */
  key(event) {
    if (this.digit(event)) return;
    const act = KEYS[event.key.toLowerCase()];
    if (!act || isTyping(event) || !answer(event)) return;
    event.preventDefault();
    event.stopPropagation();
    this.do(act.does);
  }

  /** On a page that is no lesson a digit chooses in its first row of buttons, as it goes to a stop on a stage; not where a part has the focus. */
  digit(event) {
    if (this.data.lesson || !/^[1-9]$/.test(event.key) || isTyping(event) || !answer(event)) return false;
    const inside = event.composedPath()[0] !== event.target, button = views()[Number(event.key) - 1];
    if (inside || !button) return false;
    event.preventDefault();
    event.stopPropagation();
    button.click();
    return true;
  }

  /** A key that nothing on the page wanted. */
  late(event) {
    if (event.key === "Escape" && this.data.lecture && !event.defaultPrevented && !isTyping(event) && !document.querySelector("[role=dialog], [role=listbox], [data-baseweb=popover]")) {
      this.do("lecture");
    } else if (quiet(event)) event.stopPropagation();
  }

  destroy() {
    this.gone.abort();
    clearTimeout(this.saying);
    this.element.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.present ??= new Present(parentElement);
  parentElement.present.show(data, setTriggerValue);
  return () => {
    parentElement.present?.destroy();
    delete parentElement.present;
  };
}
