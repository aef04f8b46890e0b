// What the script adds to the form that asks for a part: files, pictures of codes, the camera.
import { type Scan, isImage, onDrop, scanCamera, scanFile } from './capture.js';
import { h } from './dom.js';

export interface Finder {
  readonly scan: Scan;
  /** An evidence file. */
  takeFile(file: File): Promise<void>;
  /** The text of a code. */
  takeCode(text: string): void;
  /** Nothing came of it. */
  tell(title: string, words: string, todo: string): void;
}

export function addTools(tools: HTMLElement, finder: Finder): void {
  const { scan } = finder;
  const choose = h('input', { type: 'file', id: 'file', class: 'visually-hidden', accept: '.touchmark,image/*,application/vnd.touchmark.evidence-file+cbor' });
  choose.addEventListener('change', () => {
    const file = choose.files?.[0];
    choose.value = '';
    if (file) {
      void take(file);
    }
  });
  const label = h('label', { for: 'file', class: 'button quiet' }, 'Choose a file or a photo');
  const camera = h('button', { type: 'button', class: 'quiet' }, 'Scan with the camera');
  camera.addEventListener('click', () => {
    camera.disabled = true;
    scanCamera(tools, scan)
      .then((text) => text !== null && finder.takeCode(text))
      .catch(() => finder.tell('The camera cannot be used', 'Your browser did not let this page use it.', 'Allow it, choose a photo instead, or type the part id.'))
      .finally(() => (camera.disabled = false));
  });
  tools.append(h('p', {}, 'Or drop an evidence file, or a picture of the QR code, anywhere on this page.'),
    h('div', { class: 'row' }, choose, label, 'mediaDevices' in navigator && camera));
  tools.hidden = false;
  onDrop((file) => void take(file));

  async function take(file: File): Promise<void> {
    if (!isImage(file)) {
      await finder.takeFile(file);
      return;
    }
    const text = await scanFile(file, scan);
    if (text === null) {
      finder.tell('No code was found', 'There is no QR code in this picture that can be read.', 'Take the picture again, closer and without reflections, or type the part id that stands beside the code.');
    } else {
      finder.takeCode(text);
    }
  }
}
