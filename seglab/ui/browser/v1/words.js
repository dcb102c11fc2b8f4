// Tips on the words of a text: shown while a link to the glossary is pointed at or has the focus, or is touched for the first time.

const LEAVE = 200; // milliseconds in which the pointer may go over to the tip

export default function ({ data, parentElement }) {
  parentElement.tips = data.tips;
  if (parentElement.stopTips) return undefined;
  const listening = new AbortController();
  const tip = Object.assign(document.createElement("div"), { id: "seglab-tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  tip.style.cssText = "position: fixed; z-index: 1000; max-width: min(22rem, calc(100vw - 1rem)); padding: 0.5rem 0.75rem; border: 1px solid; border-radius: 0.5rem; font-size: 0.95rem; line-height: 1.4; box-shadow: 0 2px 10px #0004;";
  (document.querySelector('main, [role="main"], [data-testid="stMain"]') ?? document.body).append(tip);
  let shown = null, leaving = 0, touched = null;

  const linkOf = (target) => target instanceof Element && target.closest('a[href*="/words?word="]');
  const meaningOf = (link) => parentElement.tips[new URL(link.href).searchParams.get("word")];

  function show(link) {
    clearTimeout(leaving);
    if (shown === link || !meaningOf(link)) return;
    hide();
    shown = link;
    const page = getComputedStyle(document.querySelector('[data-testid="stApp"]'));
    Object.assign(tip.style, { background: page.backgroundColor, color: page.color, fontFamily: page.fontFamily });
    tip.textContent = meaningOf(link);
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const at = link.getClientRects()[0], { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8))}px`;
    tip.style.top = `${at.top - height - 6 > 0 ? at.top - height - 6 : at.bottom + 6}px`;
  }

  function hide() {
    clearTimeout(leaving);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  }

  const soon = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, LEAVE);
  };
  const on = (name, react, where = document) => where.addEventListener(name, react, { signal: listening.signal, capture: true, passive: name === "scroll" });
  on("pointerover", ({ target, pointerType }) => {
    const link = linkOf(target);
    if (link && pointerType !== "touch") show(link);
    else if (tip.contains(target)) clearTimeout(leaving);
    else if (shown && shown !== document.activeElement) soon();
  });
  on("focusin", ({ target }) => (linkOf(target) ? show(linkOf(target)) : hide()));
  on("focusout", hide);
  on("keydown", ({ key }) => key === "Escape" && hide());
  on("scroll", hide);
  on("pointerdown", ({ target, pointerType }) => {
    touched = pointerType === "touch" && shown !== linkOf(target) ? linkOf(target) : null;
    if (pointerType === "touch" && !linkOf(target)) hide();
  });
  on("click", (event) => {
    const link = linkOf(event.target);
    if (!link || link !== touched) return; // the first touch tells, the second one follows the link
    event.preventDefault();
    show(link);
  });
  parentElement.stopTips = () => {
    hide();
    listening.abort();
    tip.remove();
    delete parentElement.stopTips;
  };
  return parentElement.stopTips;
}
