// What every page of somebody signed in has. Each part looks for its own marks in the page and does nothing where there are none; without it every page still works.
import { holdButtons } from './hold';
import { layers } from './layers';
import { livePrint } from './live';
import { onceForms } from './once';
import { livePairing } from './pairing';
import { showPlace } from './places';
import { livePrinter } from './printer';
import { localTimes } from './times';
import { uploads } from './upload';
import { watchHead } from './watch';

localTimes(document);
showPlace();
holdButtons();
onceForms();
uploads();
watchHead();
livePrint();
livePairing();
livePrinter();
layers();
if (document.querySelector('form[data-passkey]') !== null) {
  void import('./passkey').then(({ passkeys }) => { passkeys(); });
}
