/** Makes an element. Text goes in as text: nothing that a patient or a practice typed is ever read as HTML. */
export function el(name, { text, ...properties } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) element[key] = value;
    else element.setAttribute(key, value);
  }
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** Puts these children in place of all others. */
export function replace(parent, ...children) {
  parent.replaceChildren(...children);
}

/** Names with their figures, as pairs of a description list. */
export function figures(values) {
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'number' ? value.toLocaleString('en-GB') : String(value);
    return el('div', {}, el('dt', { text: name }), el('dd', { text }));
  });
}

/** The time of day of an instant. */
export function time(instant) {
  return new Date(instant).toLocaleTimeString('en-GB');
}
