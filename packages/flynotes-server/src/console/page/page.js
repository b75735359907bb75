import { createDesk, createOperator } from './api.js';
import { el, figures, replace } from './dom.js';
import { showRecord } from './record.js';
import { createDeskPanel } from './desk.js';

const $ = (id) => document.getElementById(id);
const messageTypes = [
  'patient-sync',
  'bulk-upload-patients',
  'test',
  'questionnaire-questions-upload',
  'questionnaire-answers-upload',
  'restart',
];
const legNames = ['queuedMs', 'dispatchedMs', 'readMs', 'mappedMs', 'uploadedMs'];

const config = await (await fetch('/console/config.json')).json().catch(() => ({ deskUrl: null }));
const fromAddress = new URLSearchParams(location.hash.slice(1)).get('token');
if (fromAddress) {
  sessionStorage.setItem('operator-token', fromAddress);
  history.replaceState(null, '', location.pathname);
}

let operator;
let practice;
let following = new AbortController();
const pass = { id: null, seen: 0, refused: 0, changed: 0, removed: 0, batches: 0, expected: 0 };
const sent = new Map();

await signIn(sessionStorage.getItem('operator-token'));

async function signIn(token) {
  const form = $('sign-in');
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    void signIn(new FormData(form).get('token'));
  };
  if (!token) return;
  operator = createOperator(token);
  try {
    const { practices } = await operator.practices();
    sessionStorage.setItem('operator-token', token);
    form.hidden = true;
    $('board').hidden = false;
    replace($('practice'), ...practices.map((one) => el('option', { value: one.id, text: one.name })));
    $('practice').onchange = () => void open($('practice').value);
    await open($('practice').value);
  } catch (error) {
    $('sign-in-problem').textContent = error.message;
  }
}

async function open(practiceId) {
  following.abort();
  following = new AbortController();
  practice = practiceId;
  if (!practice) return;
  replace($('arrivals'));
  const [passes, results] = await Promise.all([operator.passes(practice), operator.results(practice)]);
  const last = passes.passes[0];
  if (last) showStoredPass(last);
  for (const command of results.commands.toReversed()) {
    showResult(command.result ?? { ...command, outcome: 'waiting' });
  }
  if (config.deskUrl) openDesk();
  void operator.events(practice, onEvent, following.signal);
}

function openDesk() {
  if (!$('desk').hidden) return;
  const desk = createDesk(config.deskUrl);
  $('desk').hidden = false;
  $('machine').hidden = false;
  createDeskPanel(desk, {
    saved: (code) => {
      $('commands').elements.patientCode.value = code;
    },
  });
  const refresh = async () => {
    const state = await desk.state();
    pass.expected = state.patientsInR4;
    replace(
      $('machine-figures'),
      ...figures({
        dialect: state.dialect,
        'patients in R4': state.patientsInR4,
        'agent process': state.agent.pid ?? '–',
        starts: state.agent.starts,
        'last exit codes':
          state.agent.exits
            .slice(-5)
            .map((exit) => exit ?? 'killed')
            .join(', ') || '–',
        'refused queue requests': state.queue.refused,
        'Rollbar items': state.rollbar.items,
      }),
    );
    showPass();
  };
  void refresh();
  void desk.rollbar().then((items) => items.forEach(showRollbar));
  desk.events((name, data) => {
    if (name === 'rollbar-item') showRollbar(data);
    void refresh();
  });
  for (const button of document.querySelectorAll('[data-action]')) {
    button.onclick = () => void desk.act(button.dataset.action).then(refresh);
  }
}

function onEvent(name, event) {
  if (name === 'open') return connection('live', 'good');
  if (name === 'closed') return connection('reconnecting', 'warn');
  if (name === 'unauthorised') return connection('token refused', 'bad');
  const { body, at } = event;
  if (name === 'pass-started') {
    Object.assign(pass, {
      id: body.passId,
      reason: body.reason,
      outcome: null,
      seen: 0,
      refused: 0,
      changed: 0,
      removed: 0,
      batches: 0,
    });
    showPass();
  } else if (name === 'batch-accepted') {
    pass.seen += body.changed + body.unchanged + body.stale + body.refused;
    pass.changed += body.changed;
    pass.removed += body.removed;
    pass.refused += body.refused;
    pass.batches += 1;
    showPass();
  } else if (name === 'pass-completed') {
    Object.assign(pass, { outcome: body.outcome, code: body.code, held: body.patients, at });
    showPass();
  } else if (name === 'patient-changed') {
    showArrival(body, at);
  } else if (name === 'command-sent') {
    sent.set(body.messageId, body);
    showResult({
      messageId: body.messageId,
      type: body.messageType,
      patientCode: body.patientCode,
      outcome: 'waiting',
      legs: {},
    });
  } else if (name === 'command-result') {
    showResult(body.result);
    if (body.result.outcome === 'done' && body.result.patientCode) void openRecord(body.result.patientCode);
  } else if (name === 'heartbeat') {
    showVitals(body.heartbeat);
  }
}

function connection(text, kind) {
  $('connection').textContent = text;
  $('connection').className = `pill ${kind}`;
}

function showVitals(heartbeat) {
  const mb = (bytes) => `${Math.round(bytes / 1_048_576)} MB`;
  replace(
    $('vitals'),
    ...figures({
      version: heartbeat.version,
      'up since': time(heartbeat.startedAt),
      'equal at': heartbeat.lastEqualAt ? time(heartbeat.lastEqualAt) : 'not yet',
      memory: mb(heartbeat.memory.rssBytes),
      warnings: heartbeat.warnings.join(', ') || 'none',
    }),
  );
}

function showStoredPass(stored) {
  Object.assign(pass, {
    id: stored.passId,
    reason: stored.reason,
    outcome: stored.status === 'running' ? null : stored.status,
    code: stored.code,
    changed: stored.changed,
    removed: stored.removed,
    refused: stored.refused,
    seen: stored.changed + stored.unchanged + stored.stale + stored.refused,
    batches: stored.batches,
    held: stored.patients ?? undefined,
    at: stored.endedAt ?? stored.startedAt,
  });
  showPass();
}

function showPass() {
  const done = pass.outcome === 'equal';
  const whole = Math.max(pass.expected, pass.seen, 1);
  const percent = done ? 100 : Math.min(99, Math.round((pass.seen / whole) * 100));
  $('pass-fill').style.width = `${pass.id ? percent : 0}%`;
  $('pass-bar').setAttribute('aria-valuenow', String(percent));
  $('pass-state').textContent = !pass.id
    ? 'none yet'
    : done
      ? `equal at ${time(pass.at)}`
      : (pass.outcome ?? 'running');
  $('pass-state').className = `pill ${done ? 'good' : pass.outcome ? 'bad' : ''}`;
  replace(
    $('pass-figures'),
    ...figures({
      'asked for by': pass.reason ?? '–',
      'patients at Flynotes': pass.held ?? '–',
      travelled: pass.seen,
      'new or changed': pass.changed,
      removed: pass.removed,
      refused: pass.refused,
      batches: pass.batches,
      ...(pass.code ? { code: pass.code } : {}),
    }),
  );
}

function showArrival(body, at) {
  const list = $('arrivals');
  const name = body.name ?? 'no longer held';
  list.prepend(
    el(
      'li',
      {},
      el('button', {
        type: 'button',
        class: 'plain',
        text: `${name} · ${body.patientCode}`,
        onclick: () => void openRecord(body.patientCode),
      }),
      el('span', { class: `kind ${body.kind}`, text: body.kind.replace('-', ' ') }),
      el('time', { class: 'faint', text: time(at) }),
    ),
  );
  while (list.children.length > 60) list.lastChild.remove();
}

async function openRecord(patientCode) {
  $('commands').elements.patientCode.value = patientCode;
  try {
    showRecord($('record'), await operator.patient(practice, patientCode));
  } catch (error) {
    replace($('record'), el('p', { class: 'problem', text: error.message }));
  }
}

function showResult(result) {
  const rows = $('results').tBodies[0];
  const id = `result-${result.messageId}`;
  const legs = result.legs ?? {};
  const row = el(
    'tr',
    { id },
    el('td', { text: [result.type, result.patientCode].filter(Boolean).join(' ') }),
    el('td', { class: `outcome ${result.outcome}`, text: [result.outcome, result.code].filter(Boolean).join(' ') }),
    ...legNames.map((leg) => el('td', { text: legs[leg] === undefined ? '' : `${legs[leg].toFixed(1)} ms` })),
  );
  const old = document.getElementById(id);
  if (old && result.outcome === 'waiting') return;
  if (old) old.replaceWith(row);
  else rows.prepend(row);
  while (rows.children.length > 12) rows.lastChild.remove();
}

function showRollbar(item) {
  const list = $('rollbar');
  const { event: _event, practice: _practice, ...fields } = item.fields;
  list.prepend(
    el(
      'li',
      {},
      el('span', { class: 'kind', text: item.level }),
      el(
        'details',
        { class: 'report' },
        el('summary', { text: item.title }),
        el('pre', { text: JSON.stringify(fields, null, 2) }),
      ),
      el('time', { class: 'faint', text: time(item.at) }),
    ),
  );
  while (list.children.length > 40) list.lastChild.remove();
}

replace(
  $('command-buttons'),
  ...messageTypes.map((type) => el('button', { type: 'button', text: type, onclick: () => void send(type) })),
);

async function send(type) {
  $('command-problem').textContent = '';
  const patientCode = Number($('commands').elements.patientCode.value);
  try {
    await operator.send(practice, type === 'patient-sync' ? { type, patientCode } : { type });
  } catch (error) {
    $('command-problem').textContent = error.message;
  }
}

$('commands').onsubmit = (event) => {
  event.preventDefault();
  void send('patient-sync');
};

$('find').onsubmit = async (event) => {
  event.preventDefault();
  const query = new FormData(event.target).get('query').trim();
  if (query === '') return;
  const { patients } = await operator.find(practice, query);
  for (const patient of patients.toReversed()) {
    showArrival({ patientCode: patient.patientCode, name: patient.name, kind: 'found' }, new Date().toISOString());
  }
};

function time(instant) {
  return new Date(instant).toLocaleTimeString('en-GB');
}
