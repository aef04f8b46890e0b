// Elements, made of text and of each other: nothing is ever read as HTML.

export type Child = Node | string | null | false;

export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Readonly<Record<string, string | boolean>> = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) {
      element.setAttribute(key, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** Terms and what they mean; those without a value are left out. */
export const facts = (entries: readonly (readonly [string, Child])[]): HTMLDListElement =>
  h('dl', { class: 'facts' }, ...entries.filter(([, value]) => value).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** A time of RFC 3339, for people, with the exact one behind it. */
export const moment = (time: string): HTMLTimeElement => h('time', { datetime: time, title: time }, `${dateFormat.format(new Date(time))} UTC`);

/** An id that is compared by eye. */
export const mono = (text: string): HTMLElement => h('code', {}, text);
