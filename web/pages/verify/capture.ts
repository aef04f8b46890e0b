// Where a record comes from when it is not typed: a file, a picture of a QR code, the camera.
import { h } from './dom.js';

/** Between two looks through the camera, ms. */
const LOOK = 200;

/** Reads the QR code of an image; null when there is none. */
export type Scan = (image: ImageBitmap) => Promise<string | null>;

export const isImage = (file: File): boolean => file.type.startsWith('image/');

/** The text of the code in a picture; null when it is no picture, or has no code. */
export async function scanFile(file: File, scan: Scan): Promise<string | null> {
  try {
    return await scan(await createImageBitmap(file));
  } catch {
    return null;
  }
}

/** Files that are dropped anywhere on the page. */
export function onDrop(take: (file: File) => void): void {
  const over = (active: boolean) => document.documentElement.classList.toggle('dropping', active);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    over(true);
  });
  addEventListener('dragleave', (event) => event.relatedTarget === null && over(false));
  addEventListener('drop', (event) => {
    event.preventDefault();
    over(false);
    const file = event.dataTransfer?.files[0];
    if (file) {
      take(file);
    }
  });
}

/** Looks through the camera until a code is in sight, or the reader has had enough. */
export async function scanCamera(place: HTMLElement, scan: Scan): Promise<string | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  const video = h('video', { muted: true, playsinline: true, 'aria-label': 'What the camera sees' });
  const stop = h('button', { type: 'button', class: 'quiet' }, 'Stop the camera');
  const frame = h('div', { class: 'camera' }, video, h('p', {}, 'Hold the QR code of the part in front of the camera.'), stop);
  let looking = true;
  stop.addEventListener('click', () => (looking = false));
  place.append(frame);
  try {
    video.srcObject = stream;
    await video.play();
    while (looking) {
      const text = await scan(await createImageBitmap(video));
      if (text !== null) {
        return text;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return null;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    frame.remove();
  }
}
