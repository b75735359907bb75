import { figures, replace, time } from './dom.js';

/** The latest bulk pass: how far it is and what came of it. */
export function createPassPanel() {
  const $ = (id) => document.getElementById(id);
  let expected = 0;
  let pass;

  function draw() {
    const done = pass?.status === 'equal';
    const travelled = pass ? pass.changed + pass.unchanged + pass.stale + pass.refused : 0;
    const percent = done ? 100 : Math.min(99, Math.round((travelled / Math.max(expected, travelled, 1)) * 100));
    $('pass-fill').style.width = `${percent}%`;
    $('pass-bar').setAttribute('aria-valuenow', String(percent));
    const state = !pass ? 'none yet' : done ? `equal at ${time(pass.endedAt)}` : pass.status;
    // Told by a screen reader when it changes, and only then.
    if ($('pass-state').textContent !== state) $('pass-state').textContent = state;
    $('pass-state').className = `pill ${done ? 'good' : !pass || pass.status === 'running' ? '' : 'bad'}`;
    replace(
      $('pass-figures'),
      ...figures({
        'asked for by': pass?.reason ?? '–',
        'patients at Flynotes': pass?.patients ?? '–',
        travelled,
        'new or changed': pass?.changed ?? 0,
        removed: pass?.removed ?? 0,
        ...refusals(pass),
        batches: pass?.batches ?? 0,
        ...(pass?.code ? { code: pass.code } : {}),
      }),
    );
  }

  return {
    /** Undefined where there was none yet. */
    show(stored) {
      pass = stored;
      draw();
    },
    /** How many patients R4 holds, where that is known. */
    expect(patients) {
      expected = patients;
      draw();
    },
  };
}

/** Who was refused: by the practice's own agent, for a reason that it names, or by Flynotes. */
function refusals(pass) {
  const byAgent = Object.entries(pass?.figures?.refusedByAgent ?? {});
  const count = byAgent.reduce((sum, [, times]) => sum + times, pass?.refused ?? 0);
  return {
    refused: count === 0 || byAgent.length === 0 ? count : `${count} (${byAgent.map(([code]) => code).join(', ')})`,
  };
}
