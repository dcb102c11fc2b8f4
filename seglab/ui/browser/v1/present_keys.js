// The keys that every page has, and when a key is meant for something else.

export const KEYS = {
  l: { does: "lecture", what: "Lecture mode: large, without what stands around the page" },
  n: { does: "after", what: "Next" },
  p: { does: "before", what: "Previous" },
  q: { does: "qr", what: "QR code of this link" },
  h: { does: "parts", what: "Hide controls, and share the page so" },
  a: { does: "add", what: "Add this page, as it stands, to the playlist" },
  "?": { does: "keys", what: "This list" },
};

const WRITES = new Set(["text", "number", "search", "email", "url", "password", "tel", "date", "time", ""]);
const OWN = "dialog, [role=dialog], [role=listbox], [role=menu], [role=combobox], [contenteditable=true]"; // letters mean something there

/** Whether a key goes into a field, a list or a dialog. */
export function isTyping(event) {
  return event.composedPath().some((at) => {
    if (!(at instanceof Element)) return false;
    if (at.tagName === "INPUT") return WRITES.has(at.type);
    return at.tagName === "TEXTAREA" || at.tagName === "SELECT" || at.matches(OWN);
  });
}

/** The buttons of a page's first row: the views of a lab. */
export const views = () => [...(document.querySelector("[data-testid=stMain] [data-testid=stButtonGroup]")?.querySelectorAll("button") ?? [])];

/** Whether a key is pressed once and by itself. */
export const answer = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && (!event.shiftKey || event.key === "?");

/** Streamlit runs the page again at a bare r and offers to clear what it has stored at a bare c: here letters are ours. */
export const quiet = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && /^[rc]$/i.test(event.key);
