import { el, time } from './dom.js';

const shownMost = 60;
const gatherMs = 50;

/**
 * The list of patients as they arrive. A bulk upload brings thousands within a second: what arrives close together is drawn at once, and
 * of more than fit only the last. Not by frames: a page that nobody looks at has none, and would wait with what it was told.
 */
export function createArrivals(list, { chosen }) {
  let waiting = [];
  let timer = 0;

  function draw() {
    timer = 0;
    const rows = waiting.toReversed().map(row);
    waiting = [];
    list.prepend(...rows);
    while (list.children.length > shownMost) list.lastChild.remove();
  }

  function row({ patientCode, name, kind, at }) {
    return el(
      'li',
      {},
      el('button', {
        type: 'button',
        class: 'plain',
        text: `${name ?? 'no longer held'} · ${patientCode}`,
        onclick: () => chosen(patientCode),
      }),
      el('span', { class: `kind ${kind}`, text: kind.replace('-', ' ') }),
      el('time', { class: 'faint', text: time(at) }),
    );
  }

  return {
    /** Who arrived before the page was there, newest first. Where somebody has arrived since, the list has begun already. */
    beginWith(patients) {
      if (timer === 0 && list.children.length === 0) list.prepend(...patients.map(row));
    },
    add(patient) {
      waiting.push(patient);
      if (waiting.length > shownMost) waiting.shift();
      timer ||= setTimeout(draw, gatherMs);
    },
    clear() {
      waiting = [];
      list.replaceChildren();
    },
  };
}
