import { el, figures, replace } from './dom.js';

/** Shows one patient: basics, alerts, and each completed questionnaire, newest first. */
export function showRecord(parent, answer) {
  const basics = answer.basics ?? {};
  const record = answer.fullRecord;
  const name = [basics.title, basics.forename, basics.surname].filter(Boolean).join(' ');
  const known = {
    'patient number': String(answer.patientCode),
    'date of birth': basics.dateOfBirth ?? basics.dateOfBirthText,
    sex: basics.sex ?? basics.sexText,
    'NHS number': basics.nhsNumber,
    'e-mail': basics.emails?.join(', '),
    phones: basics.phones?.map((phone) => `${phone.kind}: ${phone.number}`).join(', '),
    address: [...(basics.addressLines ?? []), basics.postcode].filter(Boolean).join(', '),
    archived: basics.archived === undefined ? undefined : basics.archived ? 'yes' : 'no',
  };
  const present = Object.fromEntries(Object.entries(known).filter(([, value]) => value));
  replace(
    parent,
    el('h3', { text: name || 'A patient without a name' }),
    ...(answer.state === 'removed' ? [el('p', { class: 'problem', text: 'Removed: no longer in R4.' })] : []),
    ...(answer.state === 'refused'
      ? [
          el('p', {
            class: 'problem',
            text: 'R4 now holds something that cannot be stored; this is the last good record.',
          }),
        ]
      : []),
    el('dl', { class: 'person' }, ...figures(present)),
    el('p', {}, ...(basics.marks ?? []).map((mark) => el('span', { class: 'mark', text: mark }))),
    ...history(record),
  );
}

function history(record) {
  if (!record) {
    return [el('p', { class: 'faint', text: 'Basic details only: send patient-sync for the medical history.' })];
  }
  const unavailable = (record.unavailable ?? []).map((part) =>
    el('p', { class: 'faint', text: `This practice’s R4 holds no ${part.replaceAll('-', ' ')}.` }),
  );
  const alerts = record.medicalAlerts.map((alert) => el('p', { class: 'alert', text: alert.text }));
  const questionnaires = record.questionnaires
    .toReversed()
    .map((questionnaire, index) =>
      el(
        'details',
        index === 0 ? { open: '' } : {},
        el('summary', { text: title(questionnaire) }),
        el('dl', { class: 'answers' }, ...questionnaire.answers.flatMap(answerOf)),
        ...(questionnaire.notes ? [el('p', { class: 'own-words', text: questionnaire.notes })] : []),
      ),
    );
  const none = questionnaires.length === 0 ? [el('p', { class: 'faint', text: 'No completed questionnaire.' })] : [];
  return [el('h3', { text: 'Medical history' }), ...unavailable, ...alerts, ...questionnaires, ...none];
}

function title(questionnaire) {
  const at = questionnaire.completedAt;
  const when = at ? at.local.replace('T', ' ').slice(0, 16) : 'no date';
  return [when, at?.mark, questionnaire.name, `${questionnaire.answers.length} answers`].filter(Boolean).join(' · ');
}

function answerOf(answer) {
  return [
    el('dt', { text: answer.question }),
    el(
      'dd',
      {},
      ...(answer.preset ? [el('span', { text: answer.preset })] : []),
      ...(answer.ownWords ? [el('span', { class: 'own-words', text: ` ${answer.ownWords}` })] : []),
    ),
  ];
}
