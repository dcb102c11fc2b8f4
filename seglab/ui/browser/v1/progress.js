// A student's progress: the stops that were seen, the questions that were solved, the last link. It stays in this browser.

const KEY = "seglab-progress";
const forgotten = new WeakMap(); // what the page still knew of when it was told to forget
let unkept = null; // where the browser keeps nothing: until the tab is closed or reloaded

const numbers = (found) => (Array.isArray(found) ? [...new Set(found.filter((n) => Number.isInteger(n) && n > 0 && n < 1000))].sort((a, b) => a - b) : []);

/** What can be used of `found`, always written the same way. */
function clean(found) {
  const lessons = {};
  for (const name of Object.keys(found?.lessons ?? {}).sort()) {
    lessons[name] = { solved: numbers(found.lessons[name]?.solved), stops: numbers(found.lessons[name]?.stops) };
  }
  const { lesson, link } = found?.last ?? {};
  return typeof lesson === "string" && typeof link === "string" ? { last: { lesson, link }, lessons } : { lessons };
}

function read() {
  if (unkept) return unkept;
  try {
    return clean(JSON.parse(localStorage.getItem(KEY)));
  } catch {
    return clean(null); // damaged, or not to be had
  }
}

function write(progress) {
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
    unkept = null;
  } catch {
    unkept = progress;
  }
}

function forget() {
  unkept = null;
  try {
    localStorage.removeItem(KEY);
  } catch {
    // nothing was kept
  }
}

/** Both together; the last link is that of the page, which is the newer one. */
function joined(kept, known) {
  const both = { last: known.last ?? kept.last, lessons: {} };
  for (const name of [...Object.keys(kept.lessons), ...Object.keys(known.lessons)]) {
    const [a, b] = [kept.lessons[name], known.lessons[name]];
    both.lessons[name] = { solved: [...(a?.solved ?? []), ...(b?.solved ?? [])], stops: [...(a?.stops ?? []), ...(b?.stops ?? [])] };
  }
  return clean(both);
}

function line(parentElement, ...parts) {
  let element = parentElement.querySelector("p");
  if (!element) {
    element = Object.assign(document.createElement("p"), { role: "status" });
    element.style.cssText = "margin: 0; font-size: 0.9rem; white-space: pre-wrap;";
    parentElement.append(element);
  }
  if (element.textContent !== parts.map((part) => part.textContent ?? part).join("")) element.replaceChildren(...parts);
}

/** Under the questions of a lesson: which ones are solved. */
function showSolved(parentElement, { solved }, questions) {
  const marks = Array.from({ length: questions }, (_, i) => (solved.includes(i + 1) ? `✓ ${i + 1}` : `○ ${i + 1}`));
  const done = marks.filter((mark) => mark.startsWith("✓")).length;
  line(parentElement, `${marks.join("   ")}   ${done} of ${questions} solved${done === questions ? ": all of them." : ""}`);
}

function showForget(parentElement, progress, onforget) {
  if (!Object.keys(progress.lessons).length) return line(parentElement, parentElement.querySelector("button") ? "Your progress is forgotten." : "");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Forget my progress", onclick: onforget });
  button.style.cssText = "all: revert; font: inherit; color: inherit; background: none; border: 1px solid currentColor; border-radius: 0.4rem; padding: 0.25rem 0.6rem; cursor: pointer;";
  line(parentElement, "Your progress is kept in this browser, nowhere else. ", button);
}

export default function ({ data, parentElement, setStateValue }) {
  const known = clean(data.known), text = JSON.stringify(known);
  if (forgotten.get(parentElement) !== text) {
    forgotten.delete(parentElement);
    const kept = joined(read(), known);
    if (Object.keys(kept.lessons).length) write(kept);
  }
  const kept = read();
  if (data.lesson) {
    if (data.questions) showSolved(parentElement, kept.lessons[data.lesson] ?? { solved: [] }, data.questions);
    return;
  }
  showForget(parentElement, kept, () => {
    forgotten.set(parentElement, text);
    forget();
    showForget(parentElement, read());
    setStateValue("kept", JSON.stringify(read()));
  });
  if (!forgotten.has(parentElement) && JSON.stringify(kept) !== text) setStateValue("kept", JSON.stringify(kept));
}
