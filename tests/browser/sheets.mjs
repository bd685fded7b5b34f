// Sheets: pictures of one state side by side, a quarter as wide and high, compared with those that were accepted.
//
// They are small because they lie in the repository: a quarter of the size, and 32 shades of each colour. They are
// pictures all the same, so that a change of them can be looked at.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

import { ROOT } from './harness.mjs';

const ACCEPTED = fileURLToPath(new URL('pictures', import.meta.url));
const CHANGED = join(ROOT, 'target/screenshots/changed');
/** Set by `cargo xtask pictures --accept`: what is drawn now is what shall be drawn. */
export const IS_ACCEPTING = Boolean(process.env.DOORSTEP_ACCEPT_PICTURES);

/** How far two colours may lie apart, of the way from black to white: a bit more than what the 32 shades lose. */
const SAME_COLOR = 0.04;
/** So many pixels may be of another colour, and no more of them so near to each other: a line of text, an edge or a corner are more. */
const STRAY_PIXELS = 6;
const NEAR = 24;
const SCALE = 4;
const SHADES = 31 / 255;
/** Between the pictures of a sheet; neither of the two surfaces. */
const GROUND = 0x80;
const GAP = 4;

/** A smaller picture: each pixel is the mean of a square. */
export function shrink(png) {
  const { width, height, data } = PNG.sync.read(png);
  const small = blank(Math.floor(width / SCALE), Math.floor(height / SCALE));
  for (let y = 0; y < small.height; y += 1) {
    for (let x = 0; x < small.width; x += 1) {
      const sum = [0, 0, 0];
      for (let row = SCALE * y; row < SCALE * (y + 1); row += 1) {
        for (let column = SCALE * x; column < SCALE * (x + 1); column += 1) {
          const at = 4 * (row * width + column);
          for (let channel = 0; channel < 3; channel += 1) sum[channel] += data[at + channel];
        }
      }
      for (let channel = 0; channel < 3; channel += 1) small.data[4 * (y * small.width + x) + channel] = sum[channel] / SCALE ** 2;
    }
  }
  return small;
}

/** The same in few shades. */
function coarse(image) {
  const made = part(image, 0, 0, image.width, image.height);
  made.data.forEach((value, at) => (made.data[at] = Math.round(Math.round(value * SHADES) / SHADES)));
  return made;
}

function blank(width, height) {
  const image = new PNG({ width, height });
  for (let at = 0; at < image.data.length; at += 4) image.data.fill(GROUND, at, at + 3).fill(0xff, at + 3, at + 4);
  return image;
}

const paste = (image, sheet, x, y) => PNG.bitblt(image, sheet, 0, 0, image.width, image.height, x, y);

/** Lays rows of pictures out, and says where each is. */
function layOut(rows) {
  const places = [];
  let [width, y] = [0, GAP];
  for (const row of rows) {
    let x = GAP;
    for (const [name, image] of row) {
      places.push({ name, image, x, y });
      x += image.width + GAP;
    }
    width = Math.max(width, x);
    y += Math.max(0, ...row.map(([, { height }]) => height)) + GAP;
  }
  const sheet = blank(width, y);
  for (const { image, x, y } of places) paste(image, sheet, x, y);
  return { sheet, places };
}

const part = (image, x, y, width, height) => {
  const cut = blank(width, height);
  PNG.bitblt(image, cut, x, y, Math.max(0, Math.min(width, image.width - x)), Math.max(0, Math.min(height, image.height - y)), 0, 0);
  return cut;
};

/** The most pixels that differ in one place; `into` gets a picture of where. */
export function difference(one, other, into) {
  const { width, height } = one;
  return pixelmatch(one.data, other.data, into?.data, width, height, {
    threshold: SAME_COLOR,
    // Everything is drawn with the same letters and without fitting them, so a shade at an edge is a change as well.
    includeAA: true,
    windowSize: NEAR,
  });
}

export const isSame = (one, other) =>
  one.width === other.width && one.height === other.height && difference(one, other) <= STRAY_PIXELS;

/** The accepted sheet of a state. */
const accepted = (state) => join(ACCEPTED, `${state}.png`);

/** How the pictures of a state, in rows of `[name, image]`, differ from the accepted ones. */
export async function differences(state, rows) {
  const { sheet, places } = layOut(rows);
  if (!existsSync(accepted(state))) return { faults: [`${state}: nobody has accepted how it looks`], sheet };
  const before = PNG.sync.read(await readFile(accepted(state)));
  const faults = [];
  for (const { name, image, x, y } of places) {
    const differing = difference(part(before, x, y, image.width, image.height), image);
    if (differing > STRAY_PIXELS) faults.push(`${state}, ${name}: ${differing} pixels differ in one place`);
  }
  const size = ({ width, height }) => `${width}×${height}`;
  if (size(before) !== size(sheet)) faults.push(`${state}: the sheet is ${size(sheet)} and was ${size(before)}`);
  return { faults, sheet, before };
}

/** What is wrong with the pictures of a state; where they are accepted, nothing. */
export async function judge(state, rows) {
  const { faults, sheet, before } = await differences(state, rows);
  if (IS_ACCEPTING && faults.length) {
    await mkdir(ACCEPTED, { recursive: true });
    // Packed better than by the library's own choice: these are flat.
    const packed = PNG.sync.write(coarse(sheet), { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 });
    await writeFile(accepted(state), packed);
    return [];
  }
  if (before && faults.length) await show(state, before, sheet);
  return faults;
}

/** Before, now, and the difference, below each other. */
async function show(state, before, now) {
  const [width, height] = ['width', 'height'].map((it) => Math.max(before[it], now[it]));
  const [one, other] = [before, now].map((image) => part(image, 0, 0, width, height));
  const marked = blank(width, height);
  difference(one, other, marked);
  await mkdir(CHANGED, { recursive: true });
  const { sheet } = layOut([one, other, marked].map((image) => [['', image]]));
  await writeFile(join(CHANGED, `${state}.png`), PNG.sync.write(sheet));
}

/** Fails with all faults, and says what to do. */
export function conclude(faults) {
  assert.deepEqual(faults, [], 'look at target/screenshots/changed: accepted, now, and the difference. If it is meant: cargo xtask pictures --accept');
}

/** Fails on accepted pictures of states that are none any more; accepting removes them. */
export async function isComplete(states) {
  const kept = (await readdir(ACCEPTED)).map((name) => name.replace('.png', '')).filter((name) => !states.includes(name));
  if (IS_ACCEPTING) await Promise.all(kept.map((state) => rm(accepted(state))));
  else assert.deepEqual(kept, [], 'pictures of no state: cargo xtask pictures --accept removes them');
}
