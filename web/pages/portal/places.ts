// On a phone the places are a row that scrolls: the one that is open is in sight.
export function showPlace(): void {
  const row = document.querySelector<HTMLElement>('.places');
  const place = row?.querySelector<HTMLElement>('[aria-current]');
  if (row && place) {
    row.scrollLeft = place.offsetLeft - (row.clientWidth - place.offsetWidth) / 2;
  }
}
