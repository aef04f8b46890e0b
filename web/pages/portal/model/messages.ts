// What the worker says.
import type { Look } from './look.js';

export type Said =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'problem'; readonly text: string };
