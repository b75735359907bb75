/** The operator API and the reception desk, as the page needs them. */

/** A refusal that a person can read. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function read(response) {
  const text = await response.text();
  let body = {};
  try {
    if (text !== '') body = JSON.parse(text);
  } catch {
    // A proxy's page, not the server's answer.
    throw new Refusal(response.status, `The server cannot be reached (${response.status}).`);
  }
  if (response.ok) return body;
  throw new Refusal(response.status, [body.title, body.detail, body.message].filter(Boolean).join(' – ') || 'Refused.');
}

const json = (body) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** Calls under the operator's token. */
export function createOperator(token) {
  const call = async (method, path, body) => {
    const { headers, ...rest } = body === undefined ? {} : json(body);
    return read(await fetch(path, { method, headers: { ...headers, authorization: `Bearer ${token}` }, ...rest }));
  };
  const at = (practice) => `/v1/operator/practices/${encodeURIComponent(practice)}`;
  return {
    practices: () => call('GET', '/v1/operator/practices'),
    patient: (practice, code) => call('GET', `${at(practice)}/patients/${code}`),
    arrivals: (practice) => call('GET', `${at(practice)}/arrivals?limit=60`),
    find: (practice, query) => call('GET', `${at(practice)}/patients?search=${encodeURIComponent(query)}&limit=30`),
    send: (practice, message) => call('POST', `${at(practice)}/messages`, message),
    passes: (practice) => call('GET', `${at(practice)}/passes?limit=1`),
    results: (practice) => call('GET', `${at(practice)}/command-results?limit=20`),
    times: (practice) => call('GET', `${at(practice)}/patient-sync-times`),
    rollout: () => call('GET', '/v1/operator/rollout'),
    events: (practice, onEvent, signal) =>
      follow(`/v1/operator/events?practice=${encodeURIComponent(practice)}`, token, {
        onEvent,
        signal,
      }),
  };
}

/** The sandbox's reception desk; absent in production. */
export function createDesk(url) {
  const call = async (method, path, body) => read(await fetch(url + path, { method, ...(body ? json(body) : {}) }));
  return {
    state: () => call('GET', '/desk/state'),
    rollbar: () => call('GET', '/desk/rollbar'),
    open: (code) => call('GET', `/desk/patients/${code}`),
    add: (form) => call('POST', '/desk/patients', form),
    edit: (code, form) => call('PUT', `/desk/patients/${code}`, form),
    act: (name) => call('POST', `/desk/actions/${name}`),
    events: (onEvent) => {
      const source = new EventSource(`${url}/desk/events`);
      for (const name of ['rollbar-item', 'agent', 'r4']) {
        source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)));
      }
    },
  };
}

/**
 * Server-sent events over fetch, so that the token travels in a header and never in an address. Goes on from the last event
 * after a break.
 */
async function follow(path, token, { onEvent, signal }) {
  let last;
  for (;;) {
    try {
      const headers = { authorization: `Bearer ${token}`, ...(last ? { 'last-event-id': last } : {}) };
      const response = await fetch(path, { headers, signal });
      if (!response.ok) throw new Refusal(response.status, 'no events');
      onEvent('open', null);
      let buffer = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        buffer += decoder.decode(chunk, { stream: true });
        const blocks = buffer.split('\n\n');
        buffer = blocks.pop();
        for (const block of blocks) {
          if (signal.aborted) return;
          const fields = Object.fromEntries(
            block
              .split('\n')
              .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
          );
          if (fields.id) last = fields.id;
          if (fields.event && fields.data) onEvent(fields.event, JSON.parse(fields.data));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status === 401) return onEvent('unauthorised', null);
      if (error instanceof Refusal && error.status === 404) return onEvent('gone', null);
    }
    onEvent('closed', null);
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}
