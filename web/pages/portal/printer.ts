// A printer that comes and goes while its page is open.
import { celsius, write } from './live';

interface Printer {
  readonly state: string;
  readonly tone: string;
  readonly gateway: string;
  readonly nozzle_c?: number;
  readonly bed_c?: number;
}

export function livePrinter(): void {
  const place = document.querySelector<HTMLElement>('[data-live-printer]');
  const address = place?.dataset['livePrinter'];
  if (!place || !address) {
    return;
  }
  const offline = place.querySelector<HTMLElement>('[data-offline]');
  const source = new EventSource(address);
  source.addEventListener('open', () => { offline?.setAttribute('hidden', ''); });
  source.addEventListener('error', () => { offline?.removeAttribute('hidden'); });
  source.addEventListener('printer', (event) => {
    const printer = JSON.parse((event as MessageEvent<string>).data) as Printer;
    const says: Record<string, string> = { state: printer.state, gateway: printer.gateway, nozzle_c: celsius(printer.nozzle_c), bed_c: celsius(printer.bed_c) };
    for (const element of place.querySelectorAll<HTMLElement>('[data-bind]')) {
      write(element, says[element.dataset['bind']!] ?? '');
    }
    place.querySelector<HTMLElement>('.badge')!.dataset['tone'] = printer.tone;
  });
}
