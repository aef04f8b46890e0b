// An upload with drag and drop: a look at the model before it is sent, its progress, and its end in words. It goes in pieces, so that what broke off goes on; without a look (the browser has no workers, say)
// it goes as the form would send it.
import { sendPieces } from './pieces';

type Preview = typeof import('./model/preview');

export function uploads(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-upload]')) {
    prepare(form);
  }
}

function prepare(form: HTMLFormElement): void {
  const file = form.querySelector<HTMLInputElement>('input[type=file]')!;
  const drop = form.querySelector<HTMLElement>('[data-drop]')!;
  const name = form.querySelector<HTMLInputElement>('[data-name]')!;
  const hint = form.querySelector<HTMLElement>('[data-drop-hint]')!;
  const place = document.querySelector<HTMLElement>('[data-model-view]');
  let looking: Promise<Preview | null> = Promise.resolve(null);
  hint.textContent = `Drop the file here, or choose it. ${hint.textContent ?? ''}`;

  const chosen = (): void => {
    const model = file.files?.[0];
    if (model === undefined) {
      return;
    }
    if (name.value === '') {
      name.value = model.name.replace(/\.[^.]*$/, '').slice(0, 100);
    }
    if (place !== null) {
      looking = import('./model/preview').then((loaded) => {
        loaded.preview(place, model);
        return loaded;
      }).catch(() => null);
    }
  };
  file.addEventListener('change', chosen);
  for (const kind of ['dragenter', 'dragover']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  for (const kind of ['dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.remove('over');
    });
  }
  drop.addEventListener('drop', (event) => {
    if (event.dataTransfer !== null && event.dataTransfer.files.length > 0) {
      file.files = event.dataTransfer.files;
      chosen();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form, file.files![0]!, looking);
  });
}

async function send(form: HTMLFormElement, file: File, looking: Promise<Preview | null>): Promise<void> {
  const bar = form.querySelector<HTMLProgressElement>('[data-upload-progress]')!;
  const said = form.querySelector<HTMLElement>('[data-upload-said]')!;
  const button = form.querySelector('button')!;
  const told = (sent: number): void => {
    const percent = Math.floor((100 * sent) / file.size);
    bar.value = percent;
    said.textContent = percent < 100 ? `${percent} % uploaded` : 'The engine checks and seals it …';
  };
  button.disabled = true;
  bar.hidden = false;
  said.textContent = 'Reading the file …';
  try {
    const sha256 = await (await looking)?.fingerprint();
    location.assign(sha256 ? await sendPieces(form, file, sha256, told, (words) => { said.textContent = words; }) : await sendWhole(form, told));
  } catch (error) {
    button.disabled = false;
    bar.hidden = true;
    said.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** Sends the form as it is; the address of the new design, or an error with the engine's words. */
function sendWhole(form: HTMLFormElement, told: (sent: number) => void): Promise<string> {
  // Nothing else than this tells how much has left: fetch has no progress of what it sends.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', (event) => { told(event.loaded); });
    request.addEventListener('load', () => {
      if (request.status === 200 && !request.responseURL.endsWith(form.getAttribute('action')!)) {
        resolve(request.responseURL);
        return;
      }
      const problem = new DOMParser().parseFromString(request.responseText, 'text/html').querySelector('.note-bad');
      reject(new Error(problem?.textContent?.trim().replace(/\s+/g, ' ') ?? `The engine answered with status ${request.status}. Try again.`));
    });
    request.addEventListener('error', () => { reject(new Error('The connection broke off. Nothing was kept; press Upload to send it again.')); });
    request.open('POST', form.action);
    request.send(new FormData(form));
  });
}
