// What the dialog shows: the keys, which are buttons too; the parts of the page to tick off; a QR code.

import { KEYS, views } from "./present_keys.js";

function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== false));
  return made;
}

function s(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function head(title, present) {
  return h("div", { class: "head" }, h("h2", { id: "title" }, title), h("button", { type: "button", "data-name": "close", onclick: () => present.dialog.close() }, "Close"));
}

/** Every key of the page as a button, then those of the stage where there is one. */
export function makeKeys(data, present) {
  const { before, after, lecture, count, marker } = data;
  const words = {
    l: lecture ? "Leave lecture mode (Escape does, too)" : KEYS.l.what,
    n: after ? `Next: ${after}` : "Next: this is the last page",
    p: before ? `Previous: ${before}` : "Previous: this is the first page",
  };
  const wish = (key, what, does) => h("button", { type: "button", "data-name": does, disabled: (does === "before" || does === "after") && !data[does], onclick: () => present.do(does) }, h("kbd", {}, key), h("span", {}, what));
  const playlist = h("button", { type: "button", "data-name": "playlist", onclick: () => present.do("playlist") }, h("span", {}), h("span", {}, count ? `Playlist: ${count} ${count === 1 ? "page" : "pages"}` : "Playlist"));
  const end = marker && h("button", { type: "button", "data-name": "end", onclick: () => present.do("end") }, h("span", {}), h("span", {}, `Stop playing the playlist (${marker})`));
  const told = [];
  window.dispatchEvent(new CustomEvent("seglab-keys", { detail: told })); // answered by each stage on the page
  const stage = [...new Map(told)];
  return [
    head("Present, and keys", present),
    h("div", { class: "wishes" }, Object.entries(KEYS).filter(([key]) => key !== "?").map(([key, { does, what }]) => wish(key, words[key] ?? what, does)), playlist, end || null),
    ...(!data.lesson && views().length ? [h("dl", { class: "more" }, h("dt", {}, h("kbd", {}, "1 … 9")), h("dd", {}, "choose in the first row of buttons"))] : []),
    ...(stage.length ? [h("h3", {}, "On the stage"), h("dl", {}, stage.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]))] : []),
  ];
}

/** The parts of this page with a tick each: what is ticked off is gone at once, and from the link's page too. */
export function makeHiding(data, present) {
  const { parts } = data, groups = [...new Set(parts.map((part) => part.group))];
  const elsewhere = (new URLSearchParams(location.search).get("hide") ?? "").split(",").filter((name) => name && !parts.some((part) => part.name === name));
  const send = (changed, on) => {
    const away = parts.filter((part) => (part.name === changed ? !on : part.hidden)).map((part) => part.name);
    present.wish({ act: "hide", names: [...away, ...elsewhere].join(",") });
  };
  const tick = ({ name, label, hidden }) => h("label", {}, h("input", { type: "checkbox", "data-name": name, checked: !hidden, onchange: (event) => send(name, event.target.checked) }), label);
  const told = h("span", { class: "muted", role: "status" });
  const copy = () => (navigator.clipboard ? navigator.clipboard.writeText(location.href) : Promise.reject(new Error("no clipboard"))).then(
    () => (told.textContent = "The link is copied."),
    () => (told.textContent = "The browser keeps the clipboard closed: copy the address from its address bar."),
  );
  return [
    head("What this page shows", present),
    h("p", {}, parts.length ? "What you tick off is hidden here and for whoever opens the link; other pages follow where they have the same part." : "This page has nothing to hide."),
    ...groups.flatMap((group) => [h("h3", {}, group), h("div", { class: "ticks", role: "group", "aria-label": group }, parts.filter((part) => part.group === group).map(tick))]),
    h("div", { class: "row" },
      h("button", { type: "button", "data-name": "copy", onclick: copy }, "Copy the link"),
      h("button", { type: "button", "data-name": "all", disabled: !parts.some((part) => part.hidden) && !elsewhere.length, onclick: () => present.wish({ act: "hide", names: "" }) }, "Show all controls"),
      h("button", { type: "button", "data-name": "qr", onclick: () => present.do("qr") }, "QR code"),
      told),
  ];
}

/** A code as large as the window lets it be, dark on white in every scheme, and its link in words. */
export function makeQr({ link, size, path, warns }, present) {
  const picture = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "QR code of the link below" }, s("path", { d: path, fill: "#000" }));
  return [head("Scan to open this page", present), size ? picture : null, h("p", { class: "link" }, link), ...warns.map((said) => h("p", { class: "warn" }, said))].filter(Boolean);
}
