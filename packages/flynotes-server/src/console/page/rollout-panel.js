import { el, replace, time } from './dom.js';

const practicesMost = 50;
const $ = (id) => document.getElementById(id);

/** What runs where, and what was undone with the reasons that the hosts gave. */
export function showRollout({ installed, canaryVersion, floor, practices, undone }) {
  const differing = practices.filter(({ running, dictated }) => running !== null && running !== dictated).length;
  $('releases-state').textContent =
    differing === 0 ? 'all as they should be' : `${differing} not yet as they should be`;
  $('releases-state').className = `pill ${differing === 0 && undone.length === 0 ? 'good' : 'warn'}`;
  $('releases').title = [`installed ${installed}`, `canaries ${canaryVersion ?? installed}`, `floor ${floor}`].join(
    ', ',
  );
  // Whoever differs stands first: thousands of others are not what an operator looks for.
  const order = practices.toSorted((left, right) => Number(isSettled(left)) - Number(isSettled(right)));
  replace($('releases').tBodies[0], ...order.slice(0, practicesMost).map(rowOf));
  replace($('undone'), ...undone.map(undoneItem));
}

function isSettled({ running, dictated, update }) {
  return running === dictated && (update?.quarantined ?? []).length === 0;
}

function rowOf({ name, running, dictated, canary, pinnedVersion, heartbeatAt, update }) {
  const why = pinnedVersion ? ' (pinned)' : canary ? ' (canary)' : '';
  const state = !update
    ? 'no heartbeat yet'
    : [update.role === 'candidate' ? 'on trial' : update.state, update.code].filter(Boolean).join(' ');
  return el(
    'tr',
    heartbeatAt ? { title: `heartbeat at ${time(heartbeatAt)}` } : {},
    el('td', { text: name }),
    el('td', { text: running ?? '–' }),
    el('td', { text: dictated + why }),
    el('td', { class: `outcome ${update?.state === 'refused' ? 'failed' : ''}`, text: state }),
  );
}

function undoneItem({ releaseSha512, version, practices, reasons }) {
  const where = `undone at ${practices} ${practices === 1 ? 'practice' : 'practices'}`;
  return el(
    'li',
    {},
    el('span', { class: 'kind', text: version ?? releaseSha512.slice(0, 8) }),
    el('span', { text: `${where}: ${reasons.join('; ')}` }),
  );
}
