import { el, time } from './dom.js';

const shownMost = 60;

/**
 * The list of patients as they arrive. A bulk upload brings thousands within a second: what arrives between two frames is
 * drawn at once, and of more than fit only the last.
 */
export function createArrivals(list, { chosen }) {
  let waiting = [];
  let frame = 0;

  function draw() {
    frame = 0;
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
    add(patient) {
      waiting.push(patient);
      if (waiting.length > shownMost) waiting.shift();
      frame ||= requestAnimationFrame(draw);
    },
    clear() {
      waiting = [];
      list.replaceChildren();
    },
  };
}
