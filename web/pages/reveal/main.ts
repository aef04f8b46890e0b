// For a regulator: asks for a sealed identity with the key of its certificate, and opens it here. Key and identity stay in this page.
import { base64, decodeBase64, encodeUtf8 } from '../../verifier/bytes.js';
import { readPartId } from '../../verifier/part-id.js';
import { derOf, keyOf, open } from '../../custodian/seal.js';
import { Refused, ask } from '../custody/desk.js';
import { h, facts, mono } from '../verify/dom.js';

const P256 = 'P-256';
const MAX_FILE = 64 * 1024;

const form = document.querySelector<HTMLFormElement>('#reveal');
if (form) {
  const problem = h('div', { role: 'alert' });
  const result = h('section', { role: 'status' });
  const button = form.querySelector('button')!;
  button.disabled = false;
  form.querySelector('[data-without]')?.remove();
  button.before(problem);
  form.after(result);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    problem.replaceChildren();
    result.replaceChildren();
    button.disabled = true;
    reveal(form)
      .then((shown) => result.replaceChildren(shown))
      .catch((failure: Error & { todo?: string }) => problem.replaceChildren(h('div', { class: 'note-bad' }, h('p', {}, h('strong', {}, failure.message), ' ', failure.todo ?? 'Try again.'))))
      .finally(() => (button.disabled = false));
  });
}

async function reveal(form: HTMLFormElement): Promise<HTMLElement> {
  const data = new FormData(form);
  const written = (name: string): string => String(data.get(name) ?? '').trim();
  const reading = readPartId(written('part'));
  if (!('id' in reading)) {
    throw new Refused(reading.words, 'Compare it with the label.');
  }
  const part = reading.id;
  const pseudonym = written('pseudonym').replace(/[\s-]/g, '').toUpperCase();
  const reason = written('reason');
  const [certificate, key] = await Promise.all([read(data.get('certificate')), read(data.get('key'))]);
  const der = derOf(certificate);
  const ownKey = der && keyOf(der);
  const pkcs8 = decodeBase64((/-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(key)?.[1] ?? '').replace(/\s/g, ''));
  if (ownKey === null) {
    throw new Refused('The certificate cannot be read, or has no P-256 key.', 'Choose the certificate that was issued to you, PEM.');
  }
  const keys = pkcs8 === null || pkcs8.length === 0 ? null : await importKeys(pkcs8 as Uint8Array<ArrayBuffer>).catch(() => null);
  if (keys === null) {
    throw new Refused('The key is no P-256 private key (PKCS #8, PEM, not encrypted).', 'openssl pkcs8 -topk8 -nocrypt makes one.');
  }
  const { challenge } = await ask<{ challenge: string }>('/api/regulators/challenges', {});
  const request = encodeUtf8(`touchmark regulator reveal v1\n${challenge}\n${part}\n${pseudonym}\n${reason}`);
  const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.sign, request as BufferSource));
  const answer = await ask<{ sealed: string }>(`/api/parts/${part}/custodians/${encodeURIComponent(pseudonym)}/identity`, { certificate, challenge, reason, signature: base64(signature) });
  const identity = await open(decodeBase64(answer.sealed) ?? new Uint8Array(), keys.agree, ownKey, part, pseudonym);
  if (identity === null) {
    throw new Refused('What the registry handed out does not open with this key.', 'It may have been sealed for somebody else, or altered: ask the custodian. That it was handed out is written down.');
  }
  form.querySelectorAll<HTMLInputElement>('input[type=file]').forEach((input) => (input.value = ''));
  return h('div', { class: 'panel' }, h('h2', {}, 'Opened in this browser'), facts([['Part', mono(part)], ['Custodian', mono(pseudonym)], ['Identity', identity]]),
    h('p', { class: 'note' }, 'The registry could not read it. It has written down, signed, that your certificate asked for it, and why.'));
}

async function importKeys(pkcs8: Uint8Array<ArrayBuffer>): Promise<{ readonly sign: CryptoKey; readonly agree: CryptoKey }> {
  try {
    return {
      sign: await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: P256 }, false, ['sign']),
      agree: await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDH', namedCurve: P256 }, false, ['deriveBits']),
    };
  } finally {
    pkcs8.fill(0);
  }
}

async function read(file: FormDataEntryValue | null): Promise<string> {
  return file instanceof File && file.size > 0 && file.size <= MAX_FILE ? file.text() : '';
}
