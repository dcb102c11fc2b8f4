// The timeline: play, pause, step both ways, scrub, speed. It knows how many steps are done and tells when that changes.

import { h, icon, setText } from "./dom.js";

const SPEEDS = [0.5, 1, 2, 4];
const STEP = 950; // milliseconds a step at normal speed
const LONGEST = 24_000; // and at most this long for a whole walk

export class Timeline {
  /** `moved(at, animated)` is called when the position changes by hand or by playing; `paused()` when playing ends. */
  constructor({ moved, paused }) {
    Object.assign(this, { moved, paused, at: 0, count: 0, speed: 1, playing: false, word: "step", marks: [] });
    const button = (name, label, act) => h("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick: act }, icon(name));
    this.playButton = button("play", "Play", () => this.toggle());
    this.playButton.classList.add("play");
    this.slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Position", oninput: () => this.go(Number(this.slider.value)) });
    this.marksBox = h("div", { class: "marks", "aria-hidden": "true" });
    this.text = h("span", { class: "where" });
    this.speedSelect = h(
      "select", { "aria-label": "Speed", title: "Speed", onchange: () => (this.speed = Number(this.speedSelect.value)) },
      SPEEDS.map((speed) => h("option", { value: speed, selected: speed === 1 }, `${speed}×`)),
    );
    this.element = h(
      "div", { class: "timeline", role: "group", "aria-label": "Timeline" },
      button("first", "To the beginning", () => this.go(0)),
      button("back", "One step back", () => this.step(-1)),
      this.playButton,
      button("forward", "One step forward", () => this.step(1)),
      button("last", "To the end", () => this.go(this.count)),
      h("div", { class: "scrub" }, this.marksBox, this.slider),
      this.text, this.speedSelect,
    );
  }

  /** Show position `at` of `count` steps called `word`, with author-chosen pauses `marks` [[step, note], …]. */
  show(at, count, word, marks) {
    if (this.count !== count) this.slider.max = count;
    if (this.marks !== marks || this.count !== count) {
      this.marksBox.replaceChildren(...marks.map(([step, note]) => h("i", { title: note, style: `left:${(100 * step) / Math.max(count, 1)}%` })));
    }
    Object.assign(this, { at, count, word, marks });
    this.slider.value = at;
    const note = marks.find(([step]) => step === at)?.[1];
    const told = `${word} ${at} of ${count}${note ? `: ${note}` : ""}`;
    setText(this.text, told);
    this.slider.setAttribute("aria-valuetext", told);
  }

  get pace() {
    return Math.min(STEP, LONGEST / Math.max(this.count, 1)) / this.speed;
  }

  go(at) {
    this.pause();
    this.moved(Math.min(Math.max(at, 0), this.count), false);
  }

  step(by) {
    this.pause();
    const at = Math.min(Math.max(this.at + by, 0), this.count);
    if (at !== this.at) this.moved(at, by > 0);
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.at >= this.count) this.moved(0, false);
    this.playing = true;
    this.showPlaying();
    this.due = performance.now();
    this.tick(this.due);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.showPlaying();
    this.paused();
  }

  showPlaying() {
    const label = this.playing ? "Pause" : "Play";
    this.playButton.replaceChildren(icon(this.playing ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }

  tick(now) {
    if (!this.playing) return;
    if (now >= this.due) {
      const steps = Math.min(Math.max(1, Math.floor((now - this.due) / this.pace) + 1), this.count - this.at);
      this.due = Math.max(this.due + steps * this.pace, now);
      const next = this.marks.find(([step]) => step > this.at && step <= this.at + steps)?.[0] ?? this.at + steps;
      this.moved(next, this.pace >= 90);
      if (this.at >= this.count || this.marks.some(([step]) => step === this.at)) return this.pause();
    }
    this.frame = requestAnimationFrame((time) => this.tick(time));
  }
}
