// The owner token: a secret that stays in this browser and says which runs are this person's.

const KEY = "seglab-owner";
const told = new WeakSet();
let unkept = null; // where the browser keeps nothing: until the tab is closed or reloaded

function token() {
  const made = () => Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const kept = localStorage.getItem(KEY) ?? made();
    localStorage.setItem(KEY, kept);
    return kept;
  } catch {
    return (unkept ??= made());
  }
}

export default function ({ parentElement, setStateValue }) {
  if (told.has(parentElement)) return;
  told.add(parentElement);
  setStateValue("token", token());
}
