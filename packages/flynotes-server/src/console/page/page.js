import { createDesk, createOperator } from './api.js';
import { createArrivals } from './arrivals.js';
import { el, figures, replace, time } from './dom.js';
import { createPassPanel } from './pass-panel.js';
import { showRollout } from './rollout-panel.js';
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
const passPanel = createPassPanel();
const arrivals = createArrivals($('arrivals'), { chosen: (patientCode) => void openRecord(patientCode) });
let asked = 0;

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
    await choosePractice();
    sessionStorage.setItem('operator-token', token);
    form.hidden = true;
    $('sign-in-problem').textContent = '';
    $('practice').hidden = false;
  } catch (error) {
    signedOut(error.message);
  }
}

function signedOut(problem) {
  following.abort();
  sessionStorage.removeItem('operator-token');
  $('board').hidden = true;
  $('practice').hidden = true;
  $('no-practice').hidden = true;
  $('sign-in').hidden = false;
  $('sign-in-problem').textContent = problem;
  connection('signed out', '');
}

/** Lists the practices and opens the one that was open before, else the first; looks again while there is none. */
async function choosePractice() {
  const { practices } = await operator.practices();
  replace($('practice'), ...practices.map((one) => el('option', { value: one.id, text: one.name })));
  $('practice').onchange = () => void open($('practice').value);
  if (practices.some((one) => one.id === practice)) $('practice').value = practice;
  $('board').hidden = practices.length === 0;
  $('no-practice').hidden = practices.length > 0;
  if (practices.length > 0) return open($('practice').value);
  connection('no practice yet', 'warn');
  setTimeout(() => void choosePractice().catch((error) => signedOut(error.message)), 3000);
}

function open(practiceId) {
  following.abort();
  following = new AbortController();
  practice = practiceId;
  // Nothing of the practice before may stand under this one's name.
  arrivals.clear();
  replace($('results').tBodies[0]);
  replace($('results').tFoot);
  replace($('vitals'));
  replace($('record'), el('p', { class: 'faint', text: 'Choose a patient who arrived, or find one.' }));
  $('commands').elements.patientCode.value = '';
  passPanel.show(undefined);
  if (config.deskUrl) openDesk();
  connection('connecting', '');
  const { signal } = following;
  void operator.events(practice, (name, event) => signal.aborted || onEvent(name, event), signal);
}

/** Runs work again when asked while it runs, and at most five times a second, however often it is asked for. */
function coalesced(work) {
  let running = false;
  let again = false;
  return async function run() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      // What failed is asked for again with the next event.
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    running = false;
  };
}

/** A bulk upload may be over before anybody has opened the page. */
async function showLatestArrivals() {
  const of = practice;
  const { arrivals: latest } = await operator.arrivals(of);
  if (of === practice) arrivals.beginWith(latest);
}

/** The figures are the server's own: counting events here would go wrong with every event that was missed. */
const refreshPass = coalesced(async () => {
  const of = practice;
  const { passes } = await operator.passes(of);
  if (of === practice) passPanel.show(passes[0]);
});

const refreshResults = coalesced(async () => {
  const of = practice;
  const { commands } = await operator.results(of);
  if (of !== practice) return;
  for (const command of commands.toReversed()) showResult(command.result ?? { ...command, outcome: 'waiting' });
});

/** The percentiles of patient-sync are the server's own too. */
const refreshTimes = coalesced(async () => {
  const of = practice;
  const times = await operator.times(of);
  if (of === practice) showTimes(times);
});

/** What runs where changes with heartbeats and licence answers, of other practices too: asked for, not counted. */
const refreshRollout = coalesced(async () => showRollout(await operator.rollout()));

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
    passPanel.expect(state.patientsInR4);
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
  if (name === 'open' || name === 'missed') {
    connection('live', 'good');
    void refreshPass();
    void refreshRollout();
    void refreshTimes();
    // What is not to be had now is there when the events come again.
    void showLatestArrivals().catch(() => undefined);
    return void refreshResults();
  }
  if (name === 'closed') return connection('reconnecting', 'warn');
  if (name === 'unauthorised') return signedOut('The operator token is no longer the right one.');
  if (name === 'gone') return void choosePractice().catch((error) => signedOut(error.message));
  const { body, at } = event;
  if (['pass-started', 'batch-accepted', 'pass-completed'].includes(name)) {
    void refreshPass();
  } else if (name === 'patient-changed') {
    arrivals.add({ ...body, at });
  } else if (name === 'command-sent') {
    showResult({
      messageId: body.messageId,
      type: body.messageType,
      patientCode: body.patientCode,
      outcome: 'waiting',
      legs: {},
    });
  } else if (name === 'command-result') {
    showResult(body.result);
    if (body.result.type === 'patient-sync') void refreshTimes();
    if (body.result.outcome === 'done' && body.result.patientCode) void openRecord(body.result.patientCode);
  } else if (name === 'licence-opened') {
    void refreshRollout();
  } else if (name === 'heartbeat') {
    showVitals(body.heartbeat);
    void refreshRollout();
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

async function openRecord(patientCode) {
  $('commands').elements.patientCode.value = patientCode;
  // An answer that was overtaken, by another patient or another practice, is not shown.
  const [mine, of] = [++asked, practice];
  const show = (draw) => void (mine === asked && of === practice && draw());
  try {
    const patient = await operator.patient(of, patientCode);
    show(() => showRecord($('record'), patient));
  } catch (error) {
    show(() => replace($('record'), el('p', { class: 'problem', text: error.message })));
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

function showTimes({ window: { results }, legs }) {
  const row = (name) =>
    el(
      'tr',
      {},
      el('td', { text: `patient-sync ${name}` }),
      el('td', { class: 'faint', text: `${results} in 24 h` }),
      ...legNames.map((leg) => el('td', { text: legs[leg] ? `${legs[leg][name].toFixed(1)} ms` : '' })),
    );
  replace($('results').tFoot, ...(results > 0 ? ['p50', 'p95', 'p99'].map(row) : []));
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
  const field = $('commands').elements.patientCode;
  const patientCode = Number(field.value);
  if (type === 'patient-sync' && !(Number.isInteger(patientCode) && patientCode > 0)) {
    $('command-problem').textContent = 'Which patient? Type a patient number, as R4 shows it.';
    field.focus();
    return;
  }
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
  const { patients } = await operator.find(practice, query).catch(() => ({ patients: [] }));
  $('find-said').textContent = patients.length === 0 ? 'Nobody found.' : '';
  for (const patient of patients.toReversed()) {
    arrivals.add({ patientCode: patient.patientCode, name: patient.name, kind: 'found', at: Date.now() });
  }
};
