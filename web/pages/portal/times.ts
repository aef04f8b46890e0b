// Times in the reader's own zone; the server writes them in UTC, which stays readable on hovering.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function localTimes(within: ParentNode): void {
  for (const time of within.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) {
      time.title = time.textContent ?? '';
      time.textContent = format.format(at);
    }
  }
}
