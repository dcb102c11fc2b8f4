// The ledger: the arithmetic of one cell in words and numbers, as pieces {text, role, dim} in the colours of the grids.

import { binaryCrossEntropy } from "./losses.js";
import { exact, measured } from "./numbers.js";
import { alike, coordinates, EACH_CHANNEL, inputLetter, realCell, weightLetter } from "./scene.js";

const MOST = 12; // terms written out
const FEW = 6; // of whose names fit on a line
const MOST_CHANNELS = 8; // and channels with a line of their own

const NOTHING = {
  max_unpool2d: "nothing was put here", bed_of_nails: "nothing was put here", transpose: "this cell won no window, so no gradient comes back to it",
};

const say = (text, role = null, dim = false) => ({ text, role, dim });
const brief = (value) => exact(Number(value.toPrecision(6)));
const signed = (text) => (text.startsWith("−") ? `(${text})` : text);

/** The name of a cell: O(1,1); with a channel in front where there are several, or its letter alone, R(1,1); one coordinate on a line. */
export function nameOf(scene, panel, cell) {
  if (panel.kind === "column") {
    const [, height, width] = scene.made.grids.get(panel.of).shape, at = [Math.floor(cell / width), cell % width];
    return `${panel.symbol}(${scene.line ? at[1] : at.join(",")})`;
  }
  const [channel, row, column] = coordinates(panel, cell);
  if (panel.kind in EACH_CHANNEL) return `${panel.symbol}(${panel.labels?.[channel] ?? channel})`;
  const letter = panel.kind === "grid" && panel.names?.[channel];
  const planes = panel.channels > 1 && !letter ? (panel.kind === "kernel" && !panel.single ? panel.planeOf(channel) : [channel]) : [];
  const place = [...planes, ...(scene.line ? [] : [row]), column];
  return `${letter || panel.symbol}(${place.join(",").replaceAll("-", "−")})`;
}

/** Two lines about a cell: its arithmetic, and the same with the names of the cells (or null). */
export function describe(scene, focus, progress) {
  const { first, second } = described(scene, focus, progress);
  return scene.lesson.measured ? { first: inShort(first), second: inShort(second) } : { first, second };
}

/** Pieces, or lines of them, with measured numbers. */
const inShort = (told) => (Array.isArray(told) ? told.map(inShort) : told && { ...told, text: measured(told.text) });

function described(scene, focus, progress) {
  const panel = scene.panels[focus.panel];
  if (panel.plain) return { first: placeOnly(scene, focus, panel), second: null };
  if (scene.slopes) return { first: slope(scene, focus, panel), second: null };
  if (panel.kind === "matrix" || panel.kind === "transpose") return { first: entry(scene, focus, panel), second: null };
  if (panel.kind === "switches") return { first: remembered(scene, focus, panel), second: null };
  const maker = scene.links.find((link) => link.out === panel || (panel.kind === "column" && link.name === panel.of));
  if (maker) {
    const told = made(scene, maker, focus, panel, maker === scene.followed ? progress : progress?.beside.get(maker.name));
    return { first: told.first, second: told.second ?? atTheSamePlace(scene, focus) };
  }
  const user = scene.links.find((link) => link.columns.has(focus.panel));
  if (!user) return { first: compared(scene, focus, panel), second: null };
  if (panel.kind in EACH_CHANNEL) return { first: ofChannel(scene, user, focus, panel), second: null };
  const second = scene.view.remark === "offsets" ? inMemory(panel, focus.cell) : alsoReadBy(scene, user, focus);
  return { first: used(scene, user, focus, panel), second };
}

/** How many lines the arithmetic of this scene may take: its height stays the same wherever one points. */
export function ledgerLines({ links }) {
  const most = links.map(({ trace: { weight, kernelSize: [height, width] } }) => {
    if (!weight || height * width === 1) return 1;
    return weight.shape[1] > 1 ? weight.shape[1] : height * width > FEW ? 2 : 1;
  });
  return Math.min(Math.max(1, ...most), MOST_CHANNELS) + 1;
}

export const plainText = (pieces) => pieces.map(({ text }) => text).join("");

function made(scene, link, focus, panel, progress) {
  const { trace } = link, rows = Array.from(link.rowsOf(focus.panel, focus.cell));
  const real = realCell(panel, focus.cell), name = say(nameOf(scene, panel, focus.cell), panel.role);
  const done = (row) => !progress?.done || progress.done[row];
  const started = rows.some(done);
  if (trace.statistics && !scene.counts) return normalised(scene, trace, focus.cell, name, panel, progress);
  if (trace.reduce === "pick" && !trace.activation) return { first: copied(scene, link, rows, name, panel), second: null };
  if (!rows.length) return { first: [name, say(` = 0: ${NOTHING[trace.op] ?? "no stamp reaches this cell"}`)], second: null };
  if (scene.counts && link === scene.followed) {
    const stamps = real < 0 ? rows.length : scene.counts[real];
    name.text = `${stamps === 1 ? "1 stamp reaches" : `${stamps} stamps reach`} ${name.text}`;
  }
  const compares = trace.won !== null;
  const terms = rows.slice(0, MOST).flatMap((row, i) => [
    ...(i ? [say(compares ? ", " : " + ")] : []),
    ...term(scene, link, row, panel.role).map((piece) => ({ ...piece, ...(trace.won?.[row] && { role: "skip" }), dim: !done(row) })),
  ]);
  if (trace.reduce === "pick") terms.splice(0, terms.length, say(exact(trace.product(rows[0])), terms.at(-1).role));
  if (rows.length > MOST) terms.push(say(` … ${rows.length - MOST} more`));
  const channels = ofChannels(trace, rows);
  const opened = compares ? [say(`${trace.reduce}(`)] : [], closed = compares ? [say(")")] : [];
  const bias = trace.bias && real >= 0 ? [say(" + "), say(signed(exact(trace.bias[Math.floor(real / (trace.output.length / trace.bias.length))])), "kernel")] : [];
  const values = progress ?? trace.full;
  const value = real < 0 ? values.canvas[focus.cell] : values.values[real];
  const result = scene.state.letters && started ? [] : started ? [say(" = "), say(exact(value), panel.role)] : [say(" : not reached yet")];
  const after = real < 0 ? [say(", then cropped by the padding")] : rows.every(done) ? [] : started ? [say(" so far")] : [];
  const call = trace.activation ? [say(`${trace.activation.name || trace.op}(`)] : [];
  const winner = compares && started ? cameFrom(scene, link, rows) : [];
  const parts = channels ? sums(trace, channels, done, channelNames(link)) : terms;
  const first = [name, say(" = "), ...call, ...opened, ...parts, ...bias, ...closed, ...(call.length ? [say(")")] : []), ...result, ...after, ...winner];
  if (channels) return { first, second: byChannel(scene, link, channels, done, panel) };
  return { first, second: rows.length <= 9 ? named(scene, link, rows, focus, panel) : null };
}

/** The rows of an output cell by the input channel that they read, [[channel, rows], …], where they read several cells of several channels. */
function ofChannels(trace, rows) {
  if (trace.reduce !== "sum" || !trace.weight || trace.grids.length > 1) return null;
  const [, height, width] = trace.grids[0].canvas, found = new Map();
  for (const row of rows) {
    const channel = Math.floor(trace.rows.inp[row] / (height * width));
    if (!found.has(channel)) found.set(channel, []);
    found.get(channel).push(row);
  }
  return found.size > 1 && rows.length > found.size ? [...found] : null;
}

const channelNames = (link) => (channel) => link.inps[0]?.names?.[channel] ?? `channel ${channel}`;

const sumOf = (trace, rows, done) => rows.reduce((sum, row) => (done(row) ? sum + trace.product(row) : sum), 0);

/** What each channel brings to a cell. */
const sums = (trace, channels, done, nameOfChannel) => channels.flatMap(([channel, rows], i) => [
  ...(i ? [say(" + ")] : []), { ...say(signed(exact(sumOf(trace, rows, done))), "input"), dim: !rows.some(done) }, say(` from ${nameOfChannel(channel)}`),
]);

/** The products of a cell, a line for each channel. */
function byChannel(scene, link, channels, done, panel) {
  const lines = channels.slice(0, MOST_CHANNELS).flatMap(([channel, rows], line) => [
    say(`${line ? "\n" : ""}${channelNames(link)(channel)}: `),
    ...rows.flatMap((row, i) => [...(i ? [say(" + ")] : []), ...term(scene, link, row, panel.role).map((piece) => ({ ...piece, dim: !done(row) }))]),
    say(` = ${exact(sumOf(link.trace, rows, done))}`),
  ]);
  return channels.length > MOST_CHANNELS ? [...lines, say(`\n… ${channels.length - MOST_CHANNELS} more channels`)] : lines;
}

/** Batch normalisation as it is written: gamma · (x − mean) / √(variance + eps) + beta. */
function normalised(scene, trace, cell, name, panel, progress) {
  const { mean, variance, eps, training } = trace.statistics, channel = coordinates(panel, cell)[0], number = (value) => signed(exact(value));
  const gamma = trace.weight ? [say(number(trace.weight.data[channel]), "kernel"), say("·")] : [];
  const beta = trace.bias ? [say(" + "), say(number(trace.bias[channel]), "kernel")] : [];
  const done = !progress?.reached || progress.reached[cell];
  const result = done ? [say(" = "), say(exact(trace.output[cell]), panel.role)] : [say(" : not reached yet")];
  const fraction = [say("("), say(exact(trace.inputs[0].data[cell]), "input"), say(` − ${number(mean[channel])}) / √(${exact(variance[channel])} + ${exact(eps)})`)];
  const told = training ? `the mean and the variance of this channel's ${trace.output.length / mean.length} cells` : "the mean and the variance remembered from training";
  return { first: [name, say(" = "), ...gamma, ...fraction, ...beta, ...result], second: [say(`${exact(mean[channel])} and ${exact(variance[channel])} are ${told}`)] };
}

const USES = { bias: "is added to", gamma: "multiplies", mean: "is taken away in", variance: "sets the scale of" };

/** One number for a whole output channel. */
function ofChannel(scene, link, focus, panel) {
  const cells = link.trace.output.length / panel.channels;
  return [
    say(nameOf(scene, panel, focus.cell), panel.role), say(" = "), say(exact(panel.values[focus.cell]), panel.role),
    say(` ${USES[panel.kind]} `), say(cells === 1 ? "the one cell" : `all ${cells} cells`, link.out?.role), say(` of channel ${panel.labels?.[focus.cell] ?? focus.cell}`),
  ];
}

/** Where a cell stands in memory: channel by channel (NCHW), or pixel by pixel (NHWC). */
function inMemory(panel, cell) {
  if (panel.kind !== "grid" || realCell(panel, cell) < 0) return null;
  const [c, y, x] = coordinates(panel, cell), [channels, height, width] = panel.grid_.shape;
  return [
    say(`Element (0,${c},${y},${x}) stands at offset (${c}·${height} + ${y})·${width} + ${x} = ${(c * height + y) * width + x} channel by channel (NCHW)`),
    say(`\nand at (${y}·${width} + ${x})·${channels} + ${c} = ${(y * width + x) * channels + c} pixel by pixel (NHWC)`),
  ];
}

/** Which cell of a window won it. */
function cameFrom(scene, link, rows) {
  const { trace, columns, inps: [source] } = link, won = rows.find((row) => trace.won[row]);
  if (!source || source.hidden || won === undefined) return [];
  const equals = rows.filter((row) => trace.product(row) === trace.product(won)).length;
  return [say(", from "), say(nameOf(scene, source, columns.get(source.index)[won]), "skip"), ...(equals > 1 ? [say(`, the first of ${equals} equal cells`)] : [])];
}

/** Where a switch points: the winner's place in its plane, counted row by row. */
function remembered(scene, focus, panel) {
  const { trace, inps: [source], out, columns } = scene.links.find((link) => link.name === panel.of), real = realCell(panel, focus.cell);
  const name = say(nameOf(scene, panel, focus.cell), "skip"), from = columns.get(source.index)[trace.winners[real]];
  const told = say(` = ${exact(panel.values[real])}: counted row by row from 0, the cell of the ${trace.reduce === "max" ? "largest" : "smallest"} value`);
  const won = [say(", "), say(nameOf(scene, source, from), source.role), say(` = ${exact(trace.output[real])}`)];
  return [name, told, ...(source.hidden ? [] : won), ...(!out || out.hidden ? [] : [say(", is in "), say(nameOf(scene, out, out.place[real]), out.role)])];
}

/** Where the cell goes in the steps that are walked through together with the one that is told of. */
function alsoReadBy(scene, user, focus) {
  const others = scene.together.filter((link) => link !== user && link.out && !link.out.hidden && link.inps.some((panel) => panel.index === focus.panel));
  if (!scene.together.includes(user) || !others.length) return null;
  const told = others.flatMap((link) => {
    const cells = Array.from(link.rowsOf(focus.panel, focus.cell), (row) => link.columns.get(link.out.index)[row]);
    return [...cells.slice(0, 4).map((cell) => say(nameOf(scene, link.out, cell), link.out.role)), ...(cells.length > 4 ? [say(`${cells.length - 4} more`)] : [])];
  });
  return [say("It also goes to "), ...told.flatMap((piece, i) => (i ? [say(", "), piece] : [piece]))];
}

/** What the outputs beside have at the same place. */
function atTheSamePlace(scene, focus) {
  const others = alike(scene, focus);
  if (!others.length) return null;
  return [say("At the same place: "), ...others.flatMap(({ panel, cell, value }, i) =>
    [say(i ? ", " : ""), say(nameOf(scene, panel, cell), panel.role), say(` = ${exact(value)}`)])];
}

/** The factors of one row: value · weight, or coefficient · value. */
function term(scene, link, row, outRole) {
  const { trace } = link, { inp, weight, coef } = trace.rows, { letters } = scene.state;
  const number = exact(trace.canvas[inp[row]]);
  const value = letters ? inputLetter(trace.grids[0].source[inp[row]]) : trace.won ? number : signed(number);
  const source = link.inps.find((panel) => link.columns.get(panel.index)[row] >= 0), role = source?.role ?? (outRole === "input" ? null : "input");
  const factor = coef && coef[row] !== 1 ? [say(signed(exact(coef[row]))), say("·")] : [];
  if (!trace.weight) return [...factor, say(value, role)];
  const scale = letters ? weightLetter(trace, weight[row]) : signed(exact(trace.weight.data[weight[row]]));
  return [...factor, say(value, role), say("·"), say(scale, "kernel")];
}

function copied(scene, link, rows, name, panel) {
  if (!rows.length) return [name, say(` = 0: ${NOTHING[link.trace.op] ?? "nothing is copied here"}`)];
  const source = link.inps.find((one) => link.columns.get(one.index)[rows[0]] >= 0), from = source && link.columns.get(source.index)[rows[0]];
  const told = source && !source.hidden ? [say(nameOf(scene, source, from), source.role), say(" = ")] : [];
  return [name, say(" = "), ...told, say(exact(link.trace.product(rows[0])), panel.role), ...because(scene, link, rows[0])];
}

/** The switch that put a value where it is. */
function because(scene, link, row) {
  const switches = scene.panels.find((panel) => panel.kind === "switches" && link.columns.has(panel.index) && link.trace.op === "max_unpool2d");
  return switches ? [say(": "), say(nameOf(scene, switches, link.columns.get(switches.index)[row]), "skip"), say(" says here")] : [];
}

/** By how much the loss changes with a cell or a weight: where it is read more than once, the branches add. */
function slope(scene, focus, panel) {
  const { slopes, lesson } = scene, real = realCell(panel, focus.cell), name = say(`∂L/∂${nameOf(scene, panel, focus.cell)}`, panel.role);
  if (real < 0) return [name, say(": nothing but padding, it has no gradient")];
  if (panel.kind === "kernel") return kernelSlope(scene, focus, panel, name);
  const value = say(brief(slopes.grids.get(panel.of)[real]), panel.role);
  if (panel.of === lesson.trains.output) return [name, say(" = (p − t) / (p·(1 − p)) = "), value];
  const parts = scene.links.filter((link) => link.columns.has(panel.index) && link.out !== panel).map((link) => {
    const at = link.reads.indexOf(panel.of);
    return { through: link.out?.title ?? link.name, part: slopes.steps.get(link.name).inputs[at][real] };
  }).filter(({ through }) => through);
  if (panel.of === lesson.trains.truth || !parts.length) return [name, say(": the loss is worked out from the probabilities before this")];
  const sum = parts.flatMap(({ through, part }, i) => [say(i ? " + " : " = "), say(signed(brief(part))), say(` through “${through}”`)]);
  return [name, ...sum, ...(parts.length > 1 ? [say(" = "), value] : [])];
}

/** A weight's gradient is a sum over all the places where the weight stands. */
function kernelSlope(scene, focus, panel, name) {
  const link = scene.links.find((one) => one.kernel === panel), { trace } = link, { arriving, weight } = scene.slopes.steps.get(link.name);
  const rows = Array.from(link.rowsOf(focus.panel, focus.cell)).filter((row) => trace.outGrid.source[trace.rows.out[row]] >= 0);
  const terms = rows.slice(0, 4).flatMap((row, i) => [
    say(i ? " + " : ""), say(signed(brief(arriving[trace.outGrid.source[trace.rows.out[row]]]))), say("·"), say(signed(brief(trace.canvas[trace.rows.inp[row]])), "input"),
  ]);
  return [name, say(" = "), ...terms, say(rows.length > 4 ? ` + … over ${rows.length} places = ` : " = "), say(brief(weight[focus.cell]), "kernel")];
}

/** The formula for this cell with its numbers (B14), and the terms by name. */
function named(scene, link, rows, focus, panel) {
  const { trace, kernel } = link, source = link.inps[0];
  if (!kernel || kernel.hidden || !source || source.hidden || realCell(panel, focus.cell) < 0 || panel.kind === "column") return null;
  const parts = rows.flatMap((row, i) => {
    const inp = link.columns.get(source.index)[row];
    const from = inp < 0 ? [say("0")] : [say(nameOf(scene, source, inp), source.role)];
    return [...(i ? [say(" + ")] : []), ...from, say("·"), say(nameOf(scene, kernel, trace.rows.weight[row]), "kernel")];
  });
  return [...sum(scene, link, focus, panel), ...parts];
}

function sum(scene, link, focus, panel) {
  const { trace } = link, { stride, padding, dilation } = trace.used ?? {};
  const [, row, column] = coordinates(panel, focus.cell), line = trace.dims === 1;
  const at = line ? [column] : [row, column], letters = line ? ["i"] : ["i", "j"];
  const head = [say(nameOf(scene, panel, focus.cell), panel.role)];
  if (!trace.op.startsWith("conv_transpose")) return [...head, say(" = ")];
  const widest = Math.max(...dilation), spread = widest > 1 ? ` (every ${dilation[0] === dilation[1] || line ? `${widest}th` : dilation.join(" and ")} tap)` : "";
  const place = at.map((x, axis) => {
    const along = axis + 2 - at.length;
    return `${x} − ${stride[along]}${letters[axis]} + ${padding[along][0]}`;
  }).join(", ");
  return [...head, say(` = Σ `), say(`I(${letters.join(",")})`, "input"), say(" · "), say(`K(${place})`, "kernel"), say(`${spread} = `)];
}

/** A cell of a grid that no step reads: the truth is only what the output is compared with. */
function compared(scene, focus, panel) {
  const { trains } = scene.lesson, real = realCell(panel, focus.cell), value = panel.values[real];
  const head = [say(nameOf(scene, panel, focus.cell), panel.role), say(" = "), say(exact(value), panel.role)];
  if (panel.of !== trains?.truth) return [...head, say(": no step reads this cell")];
  const out = scene.panels.find((one) => one.of === trains.output && one.kind === "grid"), given = out.values[real];
  const { loss } = binaryCrossEntropy([given], [value]);
  return [...head, say("; where it should be so, "), say(nameOf(scene, out, out.place[real]), out.role), say(" = "), say(exact(given), out.role), say(` costs ${brief(loss)}`)];
}

/** An input cell or a weight: everything that it adds to. */
function used(scene, link, focus, panel) {
  const rows = Array.from(link.rowsOf(focus.panel, focus.cell)), { trace } = link, real = realCell(panel, focus.cell);
  const name = say(nameOf(scene, panel, focus.cell), panel.role);
  const value = panel.kind === "kernel" ? trace.weight.data[focus.cell] : real < 0 ? panel.fill : panel.values[real];
  const letter = scene.state.letters && real >= 0 && (panel.kind === "kernel" ? weightLetter(trace, focus.cell) : inputLetter(real));
  const head = [name, say(" = "), say(letter || exact(value), panel.role)];
  if (panel.margin === "padding" && coordinatesOutside(panel, focus.cell)) head.push(say(" (padding)"));
  if (!rows.length) return [...head, say(": no output reads this cell")];
  const verb = panel.kind === "kernel" ? "meets" : trace.op.startsWith("conv_transpose") ? "stamps" : "is read by";
  const count = rows.length === 1 ? "1 cell" : `${rows.length} cells`;
  const out = link.out, told = rows.slice(0, 9).flatMap((row, i) => {
    const target = out && !out.hidden ? [say(" → "), say(nameOf(scene, out, link.columns.get(out.index)[row]), out.role)] : [];
    return [say(i ? ", " : ": "), ...term(scene, link, row, out?.role), ...target];
  });
  const more = rows.length > 9 ? [say(`, … ${rows.length - 9} more`)] : [];
  const wins = trace.won ? rows.filter((row) => trace.won[row]).length : 0;
  const won = trace.won ? [say(wins === 0 ? "; it wins nowhere" : wins === rows.length ? "; it wins" : `; it wins ${wins} of them`)] : [];
  return [...head, say(` ${verb} ${count}`), ...told, ...more, ...won];
}

function coordinatesOutside(panel, cell) {
  const [, row, column] = coordinates(panel, cell), [, height, width] = panel.grid_.shape;
  return row < 0 || column < 0 || row >= height || column >= width;
}

function entry(scene, focus, panel) {
  const link = scene.followed, { trace } = link;
  const line = Math.floor(focus.cell / panel.width), column = focus.cell % panel.width;
  const [out, inp] = panel.kind === "matrix" ? [line, column] : [column, line];
  const names = [["O", out, trace.outGrid.shape], ["I", inp, trace.inputs[0].shape]].map(([symbol, cell, [, , width]]) =>
    say(`${symbol}(${scene.line ? cell : `${Math.floor(cell / width)},${cell % width}`})`, symbol === "O" ? "output" : "input"));
  const rows = link.rowsOf(focus.panel, focus.cell), head = [say(`${panel.symbol}(${line},${column})`, "kernel"), say(" = ")];
  if (!rows.length) return [...head, say("0: "), names[1], say(" does not reach "), names[0]];
  const weights = Array.from(rows, (row) => trace.rows.weight[row]), kernel = scene.panels.find((one) => one.kind === "kernel");
  const [from, to] = panel.kind === "matrix" ? [names[1], names[0]] : [names[0], names[1]];
  return [
    ...head, say(nameOf(scene, kernel, weights[0]), "kernel"), say(" = "), say(exact(panel.values[focus.cell]), "kernel"),
    say(": what one unit of "), from, say(" brings to "), to,
  ];
}

/** Output-size lessons: only places matter. */
function placeOnly(scene, focus, panel) {
  const link = scene.followed, rows = link.rowsOf(focus.panel, focus.cell), name = say(nameOf(scene, panel, focus.cell), panel.role);
  const others = panel === link.out ? link.inps[0] : link.out, column = link.columns.get(others.index);
  const all = [...new Set(Array.from(rows, (row) => column[row]))].filter((cell) => cell >= 0);
  const cells = all.filter((cell) => !coordinatesOutside(others, cell)), beyond = all.length - cells.length;
  const outside = coordinatesOutside(panel, focus.cell);
  const kind = outside ? (panel.margin === "cropped" ? ", cropped away by the padding," : ", padding,") : "";
  const verb = panel === link.out ? (link.trace.op.startsWith("conv_transpose") ? "is stamped by" : "reads") : link.trace.op.startsWith("conv_transpose") ? "stamps" : "is read by";
  const pools = link.trace.op.includes("pool"), told = others.margin === "cropped" ? "in the cropped border" : pools ? "outside, left out" : "of padding, 0";
  const rest = beyond ? [say(`; ${beyond} ${told}`)] : [];
  if (!all.length) return [name, say(`${kind} ${panel === link.out ? "gets nothing" : "is never read"}`)];
  const named_ = cells.slice(0, 9).flatMap((cell, i) => [...(i ? [say(", ")] : []), say(nameOf(scene, others, cell), others.role)]);
  return [name, say(`${kind} ${verb} ${cells.length === 1 ? "1 cell" : `${cells.length} cells`}${cells.length ? ": " : ""}`), ...named_, ...(cells.length > 9 ? [say(" …")] : []), ...rest];
}
