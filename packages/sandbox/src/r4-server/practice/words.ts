/** Words from which the practice's people and places are made up. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/u);
const lines = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim());

export const femaleForenames =
  words(`Amelia Olivia Isla Ava Emily Sophie Grace Freya Charlotte Alice Ruby Lucy Hannah Ellie Chloe
  Margaret Susan Patricia Jean Dorothy Sheila Brenda Maureen Janet Carol Linda Anne Mary Elizabeth Julie Karen Tracey Sharon Nicola Claire
  Sarah Emma Rachel Rebecca Laura Gemma Kelly Stacey Zoe Priya Aisha Fatima Meera Siobhan Niamh Zoë Renée`);
export const maleForenames =
  words(`Oliver Harry George Noah Jack Leo Oscar Charlie Henry Freddie Arthur Alfie Theo Archie William
  John David Michael Peter Robert James Brian Alan Derek Keith Colin Trevor Graham Stephen Paul Mark Andrew Ian Kevin Gary Simon
  Matthew Daniel Christopher Thomas Adam Luke Ryan Connor Imran Mohammed Arjun Sanjay Sean Declan René Jürgen`);
export const middleNames = words(
  'Jane Marie Louise Rose May Anne Catherine John James William Alexander Edward Lee Thomas Ray',
);
export const surnames =
  words(`Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White
  Roberts Green Hall Wood Jackson Clarke Clark Harrison Scott Turner Hill Moore Cooper Ward Morris King Watson Harris Morgan Baker
  Young Allen Anderson Mitchell Phillips James Campbell Bell Lee Kelly Parker Davis Bennett Miller Shaw Cook Simpson Price Marshall
  Collins Carter Bailey Gray Cox Adams Wilkinson Foster Chapman Mason Russell Powell Webb Rogers Hunt Mills Holmes Palmer Matthews
  Fisher Barnes Knight Lloyd Butler Barker Begum Khan Ahmed Singh Kaur Hussain Ali Sharma Shah Stevens Jenkins Murray Dixon Reid
  Hamilton Graham Fletcher Andrews Ford Fox Richards Reynolds Burton Lawrence Pearce Francis Berry Bishop Perry Hopkins Dawson
  Müller Gonçalves Håkansson Peña Lefèvre Brontë`);
export const apostropheSurnames = words("O'Brien O'Neill O'Connor D'Souza O'Reilly O'Sullivan M'Bala D'Arcy O'Keeffe");
export const doubleSurnames = words('Smith-Jones Taylor-Green Brown-Lee Ap-Rhys Hughes-Parry');

export const welshNames = {
  female: words('Siân Angharad Ffion Nerys Eleri Llŷr-Ann Mŵena Tegwen'),
  male: words('Llŷr Huŵ Gruffydd Rhŷs Emrys Siôn Iestyn Môrgan'),
  surnames: words('Gŵynfor Llewelyn Prŷs ap-Rhŷs Bŵen Ŵyn-Jones Llŷwd Ellis'),
};
export const polishNames = {
  female: words('Małgorzata Agnieszka Łucja Żaneta Bożena Święta Zofia Wioleta'),
  male: words('Łukasz Paweł Michał Józef Zdzisław Grzegorz Wacław Błażej'),
  surnames: words('Wójcik Kowalczyk Żółkiewska Woźniak Wiśniewski Dąbrowska Gołębiewski Ślusarczyk'),
};
export const greekNames = {
  female: words('Ελένη Μαρία Σοφία Αικατερίνη'),
  male: words('Γιώργος Νίκος Δημήτρης Φώτιος'),
  surnames: words('Παπαδόπουλος Νικολάου Θεοδώρου Ωραιόπουλος'),
};
export const testPatients = lines(`Test|Patient
  TEST|TEST
  Mickey|Mouse
  ZZ Do Not Use|ZZTEST
  Dummy|Record`).map((line) => line.split('|') as [string, string]);

export const streets = words(
  'Station Church Mill Park Victoria Albert Queens Kings Manor Grange School Chapel Orchard Meadow Castle Abbey York Windsor',
);
export const streetKinds = words('Road Street Lane Avenue Close Drive Way Terrace Gardens Crescent');
export const houseNames = lines(`The Old Rectory
  Rose Cottage
  Ty Gwyn
  Hillside
  St Mary's House
  Café Buildings
  The Coach House`);
export const localities = words('Netherfield Upperton Oldham-Green Westbrook Easthope Northcote Southwell-End Ashby');
export const towns = words(
  'Harbourton Millchester Stonebridge Wexcombe Ashford-Regis Llanfair Aberwen Northwick Kingsmere Fordham Marlow-Vale Redcliffe',
);
export const counties = words('Wexshire Northmarch Eastland Glanmorfa Midshire');
export const postcodeAreas = words('AB B BA BN BS CF CT DE EX GL HR IP LE LL LN M NR OX PE PL SA SY TQ WR YO');
export const occupations = words(
  'Teacher Nurse Retired Driver Engineer Student Builder Chef Farmer Accountant Electrician Clerk',
);
export const titles = {
  female: words('Mrs Mrs Mrs Mrs Miss Miss Miss Ms Ms Dr'),
  male: words('Mr Mr Mr Mr Mr Mr Mr Mr Dr Master'),
};

export const phoneRemarks = words('(mum) (work) (dad) wife ex-directory (neighbour)');
export const phoneWords = lines(`do not call
  none
  see notes
  ask daughter`);

export const noteSentences = lines(`Prefers morning appointments.
  Very nervous, allow extra time.
  Needs step-free access.
  Carer attends with patient.
  Discussed treatment options and costs, patient will think about it.
  Allergic to nickel, use alternative clasp.
  Sensitive to cold at upper left.
  Moved here from another practice, records requested.
  Reminder by text message only.
  Wears partial denture, fits well.
  Patient reports grinding at night.
  Recall set to six months.`);
export const quotedSentences = lines(`Patient said “it hurts when chewing” – advised soft diet.
  Doesn’t want x-rays unless necessary…
  Fiancé(e) attends too; café opposite is the meeting point.
  Quoted £85 – accepted.`);
