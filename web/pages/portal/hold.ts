// Buttons that do what cannot be taken back are held for a while, by pointer or key; a plain press only says so. Assistive technology and whoever asks for less motion press twice instead.
const HOLD_MS = 900;

export function holdButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-hold]')) {
    arm(button);
  }
}

function arm(button: HTMLButtonElement): void {
  const name = button.textContent ?? '';
  const bar = document.createElement('progress');
  bar.max = 1;
  bar.value = 0;
  bar.hidden = true;
  bar.setAttribute('aria-hidden', 'true');
  let timer: number | undefined;
  let pressed = false;

  const begin = (): void => {
    if (timer !== undefined || button.disabled) {
      return;
    }
    timer = setTimeout(send, HOLD_MS);
    bar.hidden = false;
    let first: number | undefined;
    const step = (now: number): void => {
      first ??= now;
      bar.value = Math.min(1, (now - first) / HOLD_MS);
      if (timer !== undefined) {
        requestAnimationFrame(step);
      }
    };
    requestAnimationFrame(step);
  };
  const end = (): void => {
    clearTimeout(timer);
    timer = undefined;
    bar.hidden = true;
    bar.value = 0;
  };
  const send = (): void => {
    end();
    button.disabled = true;
    submit(button);
  };

  button.append(bar);
  button.addEventListener('pointerdown', (event) => {
    if (event.button === 0) {
      pressed = true;
      begin();
    }
  });
  for (const kind of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) {
    button.addEventListener(kind, end);
  }
  button.addEventListener('keydown', (event) => {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      pressed = true;
      begin();
    }
  });
  button.addEventListener('keyup', () => {
    if (timer !== undefined) {
      end();
      say(button, name);
    }
  });
  button.addEventListener('click', (event) => {
    // A click that came by no pointer and no key is that of assistive technology, which cannot hold: it is asked once more.
    event.preventDefault();
    if (pressed) {
      pressed = false;
      say(button, name);
    } else if (button.dataset['asked'] === 'yes') {
      send();
    } else {
      button.dataset['asked'] = 'yes';
      button.firstChild!.textContent = `${name}: press once more`;
    }
  });
}

function submit(button: HTMLButtonElement): void {
  const form = button.form!;
  // A field that is missing is asked for, and the button comes back.
  if (form.reportValidity()) {
    form.submit();
  } else {
    button.disabled = false;
  }
}

function say(button: HTMLButtonElement, name: string): void {
  if (button.disabled) {
    return;
  }
  button.firstChild!.textContent = button.dataset['hold'] ?? name;
  setTimeout(() => { button.firstChild!.textContent = name; }, 1600);
}
