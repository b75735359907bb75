import { el, replace } from './dom.js';

const fields = [
  ['title', 'Title'],
  ['forename', 'Forename'],
  ['surname', 'Surname'],
  ['sex', 'Sex'],
  ['dateOfBirth', 'Date of birth'],
  ['email', 'E-mail'],
  ['mobilePhone', 'Mobile'],
  ['homePhone', 'Home phone'],
  ['line1', 'Address'],
  ['line2', 'Address, line 2'],
  ['town', 'Town'],
  ['postcode', 'Postcode'],
];

/** The form that types into R4. */
export function createDeskPanel(desk, { saved }) {
  const form = document.getElementById('desk-form');
  const said = document.getElementById('desk-said');
  let opened = {};

  replace(
    document.getElementById('desk-fields'),
    ...fields.map(([name, label]) => el('label', { text: label }, control(name))),
  );

  function control(name) {
    if (name === 'sex') {
      return el('select', { name }, ...['', 'F', 'M', 'U'].map((value) => el('option', { value, text: value })));
    }
    return el('input', { name, type: name === 'dateOfBirth' ? 'date' : 'text', maxlength: '200' });
  }

  function fill(values) {
    opened = values;
    for (const [name] of fields) form.elements[name].value = values[name] ?? '';
  }

  async function attempt(work) {
    said.className = '';
    said.textContent = '';
    try {
      said.textContent = await work();
    } catch (error) {
      said.className = 'problem';
      said.textContent = error.message;
    }
  }

  document.getElementById('desk-load').onclick = () =>
    attempt(async () => {
      fill(await desk.open(form.elements.patientCode.value || '0'));
      return 'As R4 has it now.';
    });
  document.getElementById('desk-clear').onclick = () => {
    form.elements.patientCode.value = '';
    fill({});
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt(async () => {
      const code = form.elements.patientCode.value;
      const typed = fields.map(([name]) => [name, form.elements[name].value]);
      // Only what was changed is typed in: R4 may hold what this form cannot show.
      const changed = Object.fromEntries(typed.filter(([name, value]) => value !== (opened[name] ?? '')));
      const { patientCode } = code ? await desk.edit(code, changed) : await desk.add(changed);
      form.elements.patientCode.value = patientCode;
      opened = Object.fromEntries(typed);
      saved(patientCode);
      return code ? 'Changed in R4.' : `Added to R4 as ${patientCode}.`;
    });
  };
}
