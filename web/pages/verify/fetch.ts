// Reading from this site, never more than was asked for.

/** The bytes of an answer, or null where there is none, or a longer one. */
export async function fetchBytes(url: string, most: number): Promise<Uint8Array | null> {
  try {
    const response = await fetch(url, { credentials: 'same-origin', redirect: 'error' });
    return response.ok ? await readBytes(response, most) : null;
  } catch {
    return null;
  }
}

export async function readBytes(response: Response, most: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body!.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    length += value.length;
    if (length > most) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.length), 0);
  return whole;
}
