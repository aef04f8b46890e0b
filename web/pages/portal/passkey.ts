// Passkeys: asks the engine for a challenge, the browser for its answer, and sends the form with it. The engine judges; here only what happens is said.
type Options = PublicKeyCredentialCreationOptionsJSON & PublicKeyCredentialRequestOptionsJSON;

export function passkeys(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) {
    const without = form.nextElementSibling as HTMLElement;
    const reason = missing(form);
    without.textContent = reason ?? '';
    without.hidden = reason === null || reason === '';
    form.hidden = reason !== null;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void run(form);
    });
    // The browser's own back brings the page as it was left.
    const button = form.querySelector('button')!;
    const name = button.textContent;
    addEventListener('pageshow', () => { [button.disabled, button.textContent] = [false, name]; });
  }
}

/** Why there are no passkeys here; null when there are. A browser that knows none has nothing to be told at the sign-in. */
function missing(form: HTMLFormElement): string | null {
  const making = form.dataset['passkey'] === 'make';
  const origin = form.dataset['origin'] ?? '';
  if (origin !== location.origin) {
    return `Passkeys belong to ${origin}: open the page there.`;
  }
  if (!isSecureContext) {
    return making ? 'Browsers offer passkeys over HTTPS alone.' : '';
  }
  if (typeof PublicKeyCredential === 'undefined' || typeof PublicKeyCredential.parseRequestOptionsFromJSON !== 'function') {
    return making ? 'This browser is too old for passkeys.' : '';
  }
  return null;
}

async function run(form: HTMLFormElement): Promise<void> {
  const button = form.querySelector('button')!;
  const problem = form.querySelector<HTMLElement>('[data-passkey-problem]')!;
  const name = button.textContent;
  button.disabled = true;
  button.textContent = 'Your device asks you now …';
  problem.textContent = '';
  try {
    const options = await begin(form);
    const credential = form.dataset['passkey'] === 'make'
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.querySelector<HTMLInputElement>('input[name=password-credential]')!.value = JSON.stringify(credential);
    // It was asked for to get the challenge, and has done its work.
    const password = form.querySelector<HTMLInputElement>('input[name=password]');
    if (password !== null) {
      password.value = '';
    }
    form.submit();
  } catch (error) {
    button.disabled = false;
    button.textContent = name;
    problem.textContent = said(error);
  }
}

async function begin(form: HTMLFormElement): Promise<Options> {
  const answer = await fetch(`${form.action}/begin`, { method: 'POST', body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>) });
  const type = answer.headers.get('content-type') ?? '';
  if (!type.includes('json')) {
    throw new Error('This page is too old. Load it again.');
  }
  const body = await answer.json() as Options & { detail?: string; fix?: string };
  if (!answer.ok) {
    throw new Error(`${body.detail ?? 'It was refused.'} ${body.fix ?? ''}`);
  }
  return body;
}

function said(error: unknown): string {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError': return 'It was called off, or took too long. Try again.';
    case 'InvalidStateError': return 'This device has a passkey of your account already.';
    case 'TypeError': return 'The engine did not answer. Try again.';
    default: return error instanceof Error ? error.message : String(error);
  }
}
