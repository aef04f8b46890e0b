// An upload in pieces: what broke off goes on from what the engine has, now or tomorrow.
const PIECE = 4 << 20;
const WAITS = [500, 1000, 2000, 4000, 8000, 15000];

interface Upload {
  readonly id: string;
  readonly offset: number;
  readonly piece_bytes: number;
}

/** The connection, not the engine, said no: it can be tried again. */
class Broken extends Error {}

/** The address of the new design, or an error in words. */
export async function sendPieces(form: HTMLFormElement, file: File, sha256: string, told: (sent: number) => void, says: (words: string) => void): Promise<string> {
  const fields = new FormData(form);
  const token = String(fields.get('__RequestVerificationToken'));
  let upload = await again(() => ask<Upload>('POST', '/designs/uploads', token, { bytes: file.size, sha256 }), says);
  const address = `/designs/uploads/${upload.id}`;
  while (upload.offset < file.size) {
    upload = await again(async (fresh) => {
      // After something broke the engine is asked what it has: part of a piece may have arrived.
      const from = fresh ? upload.offset : (await ask<Upload>('GET', address, token)).offset;
      const piece = file.slice(from, Math.min(file.size, from + Math.min(PIECE, upload.piece_bytes)));
      return piece.size === 0 ? { ...upload, offset: from } : patch(address, token, piece, from, (sent) => { told(from + sent); });
    }, says);
  }
  told(file.size);
  const design = await again(() => ask<{ readonly id: string }>('POST', `${address}/design`, token, { name: fields.get('name'), description: fields.get('description') }), says);
  return `/designs/${design.id}`;
}

async function again<T>(act: (fresh: boolean) => Promise<T>, says: (words: string) => void): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act(attempt === 0);
    } catch (error) {
      const wait = WAITS[attempt];
      if (!(error instanceof Broken)) {
        throw error;
      }
      if (wait === undefined) {
        throw new Error('The connection broke off. What arrived is kept for a day: press Upload to go on.');
      }
      says('The connection broke off; it goes on by itself …');
      await new Promise((over) => { setTimeout(over, wait); });
    }
  }
}

async function ask<T>(method: string, address: string, token: string, body?: object): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address, { method, headers: { requestverificationtoken: token, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  } catch {
    throw new Broken();
  }
  return read<T>(answer.status, answer.redirected ? '' : await answer.text());
}

function patch(address: string, token: string, piece: Blob, from: number, told: (sent: number) => void): Promise<Upload> {
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', (event) => { told(event.loaded); });
    request.addEventListener('load', () => {
      try {
        resolve(read<Upload>(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.addEventListener('error', () => { reject(new Broken()); });
    request.open('PATCH', address);
    request.setRequestHeader('requestverificationtoken', token);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('upload-offset', String(from));
    request.send(piece);
  });
}

function read<T>(status: number, text: string): T {
  let body: { readonly code?: string; readonly detail?: string; readonly fix?: string } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // A page, as of the sign-in, or a proxy's own words: the status says what there is to say.
    status = status === 200 ? 401 : status;
  }
  if (status >= 200 && status < 300) {
    return body as T;
  }
  if (status >= 502 || status === 408 || status === 429 || body.code === 'UPLOAD_OFFSET') {
    throw new Broken();
  }
  throw new Error(status === 401 ? 'You are signed out. Sign in on another tab, then press Upload: what arrived is kept.' : `${body.detail ?? `The engine answered with status ${status}.`} ${body.fix ?? ''}`);
}
