// An upload with drag and drop, its progress, and its end in words.
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
  hint.textContent = `Drop the file here, or choose it. ${hint.textContent ?? ''}`;

  const suggest = (): void => {
    const chosen = file.files?.[0];
    if (chosen !== undefined && name.value === '') {
      name.value = chosen.name.replace(/\.[^.]*$/, '').slice(0, 100);
    }
  };
  file.addEventListener('change', suggest);
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
      suggest();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(form);
  });
}

function send(form: HTMLFormElement): void {
  const bar = form.querySelector<HTMLProgressElement>('[data-upload-progress]')!;
  const said = form.querySelector<HTMLElement>('[data-upload-said]')!;
  const button = form.querySelector('button')!;
  // Nothing else than this tells how much has left: fetch has no progress of what it sends.
  const request = new XMLHttpRequest();
  button.disabled = true;
  bar.hidden = false;
  request.upload.addEventListener('progress', (event) => {
    const percent = event.lengthComputable ? Math.floor((100 * event.loaded) / event.total) : 0;
    bar.value = percent;
    said.textContent = percent < 100 ? `${percent} % uploaded` : 'The engine checks and seals it …';
  });
  request.addEventListener('load', () => {
    if (request.status === 200 && !request.responseURL.endsWith(form.getAttribute('action')!)) {
      location.assign(request.responseURL);
      return;
    }
    const problem = new DOMParser().parseFromString(request.responseText, 'text/html').querySelector('.note-bad');
    again(problem?.textContent?.trim().replace(/\s+/g, ' ') ?? `The engine answered with status ${request.status}. Try again.`);
  });
  request.addEventListener('error', () => { again('The connection broke off. Nothing was kept; press Upload to send it again.'); });
  request.open('POST', form.action);
  request.send(new FormData(form));

  function again(words: string): void {
    button.disabled = false;
    bar.hidden = true;
    said.textContent = words;
  }
}
