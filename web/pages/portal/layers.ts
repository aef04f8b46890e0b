// The layers of a slice, one after the other as the slider moves: the next picture is asked for when the one before it is there.
export function layers(): void {
  const place = document.querySelector<HTMLElement>('[data-layers]');
  const range = place?.querySelector<HTMLInputElement>('[data-layer-range]');
  const picture = place?.querySelector<HTMLImageElement>('[data-layer-picture]');
  const said = place?.querySelector<HTMLElement>('[data-layer-said]');
  if (!place || !range || !picture || !said) {
    return;
  }
  const shown = [...place.querySelectorAll<HTMLOptionElement>('option')].map((option) => ({ number: Number(option.value), z: option.label }));
  place.querySelector('[data-layer-show]')!.setAttribute('hidden', '');
  let at = -1;
  let busy = false;
  const show = (): void => {
    const wanted = nearest(shown, Number(range.value));
    const layer = shown[wanted];
    if (busy || wanted === at || layer === undefined) {
      return;
    }
    [at, busy] = [wanted, true];
    picture.src = `${place.dataset['layers']!}${layer.number}.png`;
    picture.alt = `Layer ${layer.number} from above, ${layer.z} mm high`;
    said.textContent = `Layer ${layer.number} of ${range.max}, ${layer.z} mm`;
    range.setAttribute('aria-valuetext', `layer ${layer.number}, ${layer.z} mm`);
    const over = (): void => {
      busy = false;
      show();
    };
    picture.decode().then(over, over);
  };
  range.addEventListener('input', show);
}

function nearest(shown: readonly { readonly number: number }[], wanted: number): number {
  return shown.reduce((best, layer, i) => (Math.abs(layer.number - wanted) < Math.abs(shown[best]!.number - wanted) ? i : best), 0);
}
