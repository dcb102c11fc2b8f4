// In a lecture the board takes what the other parts leave of the wall: the timeline stays in sight, and the controls where cells stay large.

const CONTROLS = 0.4; // of the wall's height: what the board has to keep where the controls are to be in sight too
const LEAST = { usual: 0.36, tall: 0.5 }; // of the wall's height, for the board
const NARROW = 560; // pixels below which the page is scrolled anyway
const EDGE = 10; // pixels that stay free at the bottom

export class Wall {
  constructor(stage) {
    this.stage = stage;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(stage.element);
    window.addEventListener("resize", () => this.fit(), { signal: stage.gone.signal });
  }

  /** The board's height, in a lecture; elsewhere it is the style sheet's. */
  fit() {
    const { element, board, lesson } = this.stage, all = window.innerHeight;
    if (!board.large || element.clientWidth <= NARROW) return board.element.style.removeProperty("height");
    const least = all * (lesson?.tall ? LEAST.tall : LEAST.usual);
    const [withControls, withTimeline] = this.rooms();
    const height = Math.round(withControls >= Math.max(least, all * CONTROLS) ? withControls : Math.max(least, withTimeline));
    if (Math.abs(height - board.element.offsetHeight) > 1) board.element.style.height = `${height}px`;
  }

  /** How high the board may be so that the controls end on the wall, and so that the timeline does. */
  rooms() {
    const { element, board, timeline, furniture } = this.stage;
    let scrolled = 0;
    for (let part = element; part; part = part.parentElement ?? part.getRootNode().host) scrolled += part.scrollTop;
    const end = (...parts) => Math.max(...parts.map((part) => part.getBoundingClientRect().bottom)) + scrolled;
    const own = board.element.offsetHeight, beside = element.querySelector(".beside");
    return [end(furniture.controls, timeline.element, beside), end(timeline.element, beside)].map((bottom) => window.innerHeight - EDGE - (bottom - own));
  }

  destroy() {
    this.observer.disconnect();
  }
}
