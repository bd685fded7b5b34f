// The figures as tables: for the terminal, and as the handbook's page.

import { LINE, SLOWER } from './visit.mjs';

const ms = (value) => (value === undefined ? '–' : `${Math.round(value)} ms`);
const kilobytes = (value) => `${(value / 1000).toFixed(1)} kB`;
const ratio = (value, ours) => (value / ours).toFixed(2);

/** Every row has a name, and what was seen at the first visit and at the next. */
const columns = (rows) => {
  const [{ first, again }] = rows;
  return [
    ['form', ({ name }) => name],
    ['first visit', (row) => ms(row.first.editable)],
    ['ratio', (row) => ratio(row.first.editable, first.editable)],
    ['next visit', (row) => ms(row.again.editable)],
    ['ratio', (row) => ratio(row.again.editable, again.editable)],
    ['bytes until then', (row) => kilobytes(row.first.bytesToType)],
    ['bytes in all', (row) => kilobytes(row.first.bytes)],
    ['longest task afterwards, first', (row) => ms(row.first.longest)],
    ['and next', (row) => ms(row.again.longest)],
    ['layout shift, first', (row) => row.first.shift.toFixed(3)],
    ['and next', (row) => row.again.shift.toFixed(3)],
  ];
};

/** A table of Markdown. */
export function table(rows) {
  const shown = columns(rows);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const head = [line(shown.map(([title]) => title)), line(shown.map((_, at) => (at ? '---:' : '---')))];
  return [...head, ...rows.map((row) => line(shown.map(([, say]) => say(row))))].join('\n');
}

/** The whole page. */
export function handbookPage(rows, { rounds, browser }) {
  const [{ first, again }] = rows;
  const line = `${(LINE.downloadThroughput * 8) / 1024 / 1024} Mbit/s down, ${(LINE.uploadThroughput * 8) / 1024} kbit/s up, ${LINE.latency} ms there and back`;
  return `# How soon a person can type

Written by \`cargo xtask speed --page\`; do not edit it by hand.

A phone on a slow line, as Lighthouse has it ("slow 4G"): ${line}, and a processor that is ${SLOWER} times slower than
this machine. What is measured is the time from where the page's parser meets the script to an input that is on the screen and takes
keys. Middle of ${rounds} rounds, all forms in each of them, Chromium ${browser}; milliseconds are of this machine, ratios are what counts.

${table(rows)}

Until the module is there, ours is typed into all the same; it came after ${ms(first.whole)}, and ${ms(again.whole)} at the next visit.
The module is made, drawn and put in the early form's place in a task each, and each list of countries, currencies or
languages is filled in one of its own.
"Longest task afterwards" is what blocks the page for 50 ms or more once a person could type, as the browser tells it (\`longtask\`); 0 ms is none.
Layout shift is the browser's sum for the page. Each form stands in a place of 900 pixels that the page keeps.

## What is compared

All of them come from one server on the same machine: brotli 11, done before; five minutes of cache for what is named by no content,
and for ever for what is. Pages are on another origin than forms and APIs, as in real life, so API calls cost a preflight.
"Next visit" is the same browser profile again, with what it has in its cache.

- **Doorstep**: the script tag and a sign-up token. First name, last name and e-mail.
- **Hanko elements**: its published file, as a module. It asks its API twice before there is
  something to type into; here both answers are there at once. One field, e-mail.
- **Auth0 Lock**: bundled by esbuild with its options for sign-up. It loads the tenant's settings before it
  shows the form; here they are on our server. E-mail and password. It shows itself with an animation, which is not waited for.

Not compared is what happens after the press on the button.
`;
}
