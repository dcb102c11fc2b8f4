// The stage in a page of its own, without a server: an exported file, or a notebook's frame.

import { Stage } from "./stage.js";

export function open(root, { lesson, state }) {
  const stage = new Stage(root);
  stage.adopt(lesson, state);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => stage.board.retheme());
  return stage;
}
