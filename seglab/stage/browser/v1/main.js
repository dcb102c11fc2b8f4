// The stage as a Streamlit component: the page's history, and what the server is told.

import { Stage } from "./stage.js";

const stages = new WeakMap();
const lessons = new Map(); // by name: the server tells a lesson until its stage has settled for the first time
const PATIENCE = 4000; // milliseconds after which an unanswered settle no longer holds back the next one

/** The parts of this address by which the page stands inside another one. Streamlit puts them first, and lets Python neither read nor set them. */
const embedding = () => new URLSearchParams([...new URLSearchParams(location.search)].filter(([name]) => /^embed(_options)?$/i.test(name))).toString();
const addressOf = (...parts) => [location.pathname, parts.filter(Boolean).join("&")].filter(Boolean).join("?");

/** Joins a stage to the page: one settle is under way at a time, so that the server never sets an older link than the page shows. */
class PageHost {
  constructor(acknowledged) {
    Object.assign(this, { sent: acknowledged, acknowledged, waiting: null, extra: {}, gone: new AbortController() });
    // The page's keys and its dialog ask whoever has the address.
    window.addEventListener("seglab-lecture", (event) => {
      event.preventDefault();
      this.present();
    }, { signal: this.gone.signal });
  }

  others() {
    return this.extra;
  }

  settle(link, { push }) {
    this.waiting = { link, push: push || Boolean(this.waiting?.push) };
    this.flush();
  }

  flush() {
    if (!this.waiting || (this.sent > this.acknowledged && performance.now() - this.since < PATIENCE)) {
      clearTimeout(this.retry);
      if (this.waiting) this.retry = setTimeout(() => this.flush(), PATIENCE);
      return;
    }
    const { link, push } = this.waiting;
    this.waiting = null;
    const address = addressOf(embedding(), link);
    // The very address that the server sets next, so that a drag leaves no trail in the history and a pushed state one entry.
    if (push) history.pushState({}, "", address);
    else history.replaceState({}, "", address);
    this.since = performance.now();
    this.send("settle", { id: ++this.sent, link });
  }

  heed({ ack, extra }, send) {
    this.send = send;
    this.acknowledged = Math.max(this.acknowledged, ack);
    if (!this.waiting && this.sent <= this.acknowledged) this.extra = extra;
  }

  /** Another page is coming: what has not been told would be told of its address. */
  leave() {
    clearTimeout(this.retry);
    this.waiting = null;
    this.gone.abort();
  }

  copy() {
    return navigator.clipboard ? navigator.clipboard.writeText(location.origin + addressOf(this.stage.written())) : Promise.reject(new Error("no clipboard"));
  }

  present() {
    const { lecture, ...others } = this.extra;
    this.extra = lecture ? others : { lecture: "1", ...others };
    this.stage.settle(true);
  }
}

/** Joins nothing: the page around it has the address. */
class InsideHost {
  heed() {}
  flush() {}
  leave() {}
}

export default function ({ data, parentElement, setTriggerValue }) {
  let mounted = stages.get(parentElement);
  if (!mounted) {
    // A stage inside a lab's page keeps its state to itself: the address is the lab's.
    const host = data.inside ? new InsideHost() : new PageHost(data.ack), stage = new Stage(parentElement, host);
    host.stage = stage;
    mounted = { host, stage, rev: null };
    stages.set(parentElement, mounted);
  }
  const { host, stage } = mounted;
  if (data.lesson) lessons.set(data.name, data.lesson);
  host.heed(data, setTriggerValue);
  if (mounted.rev !== data.rev) {
    const told = mounted.rev !== null;
    mounted.rev = data.rev;
    host.waiting = null;
    stage.adopt(lessons.get(data.name), data.state);
    if (told && !data.inside) stage.comeIntoView();
  }
  stage.enlarge(data.lecture);
  stage.furniture.hide(data.hidden ?? []);
  stage.board.retheme();
  host.flush();
  return () => {
    host.leave();
    stage.destroy();
    stages.delete(parentElement);
  };
}
