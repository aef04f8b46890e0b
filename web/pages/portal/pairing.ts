// A printer that is being enrolled: how far it is, on the page that shows its code.
import { write } from './live';

interface Pairing {
  readonly step: number;
  readonly said: string;
  readonly page?: string | null;
}

const READY = 2;

export function livePairing(): void {
  const place = document.querySelector<HTMLElement>('[data-pairing]');
  const address = place?.dataset['pairing'];
  if (!place || !address) {
    return;
  }
  // The code was made by a form and is shown once: back and reload lead to the list instead of making another one.
  history.replaceState(null, '', '/printers');
  const offline = place.querySelector<HTMLElement>('[data-offline]')!;
  const link = place.querySelector<HTMLAnchorElement>('[data-pairing-page]')!;
  const source = new EventSource(address);
  source.addEventListener('open', () => { offline.hidden = true; });
  source.addEventListener('error', () => { offline.hidden = false; });
  source.addEventListener('pairing', (event) => {
    const pairing = JSON.parse((event as MessageEvent<string>).data) as Pairing;
    place.hidden = false;
    for (const item of place.querySelectorAll<HTMLElement>('[data-step]')) {
      const step = Number(item.dataset['step']);
      item.toggleAttribute('data-done', step < pairing.step || pairing.step === READY);
      step === pairing.step && step !== READY ? item.setAttribute('aria-current', 'step') : item.removeAttribute('aria-current');
    }
    write(place.querySelector<HTMLElement>('[data-pairing-said]')!, pairing.said);
    link.hidden = !pairing.page;
    link.href = pairing.page ?? '';
  });
}
