// After "Show it above" the picture is out of sight: bring the page's top back. On arriving at a page nothing moves.

export default function ({ data, parentElement }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (parentElement.shown !== undefined && data.shown > parentElement.shown) {
    document.querySelector("h1")?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }
  parentElement.shown = data.shown;
}
