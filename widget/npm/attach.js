// What the components have in common: a form in a place, and what has changed of its options.

import { loadDoorstep } from "./load.js";
import { EVENTS, FIXED, OPTIONS, TAG } from "./names.js";

/**
 * Puts a form into `place`. `tell(name, event)` hears its events, by their names without `doorstep:`. Answers with
 * `show(props)`, for changed ones, and `remove()`.
 */
export function attach(place, props, tell) {
  let isGone = false;
  let isLoaded = false;
  let element;
  let shown;

  const make = () => {
    element = document.createElement(TAG);
    for (const name of EVENTS) element.addEventListener("doorstep:" + name, (event) => tell(name, event));
  };

  const start = () => {
    // It may have been made before its definition was there.
    customElements.upgrade(element);
    shown = optionsOf(props);
    element.update(props.values ? { ...shown, values: { ...props.values } } : shown);
    element.onCredential = props.onCredential ?? null;
    place.append(element);
  };

  const show = (next) => {
    if (next.server != props.server) console.error("Doorstep: `server` cannot change while the page is there; reload the page.");
    props = next;
    if (!isLoaded) return;
    const wanted = optionsOf(props);
    if (FIXED.some((name) => wanted[name] !== shown[name])) {
      element.remove();
      make();
      start();
      return;
    }
    const changed = OPTIONS.filter((name) => wanted[name] !== shown[name]);
    shown = wanted;
    element.onCredential = props.onCredential ?? null;
    if (changed.length) element.update(Object.fromEntries(changed.map((name) => [name, wanted[name] ?? null])));
  };

  make();
  loadDoorstep(props).then(
    () => {
      if (isGone) return;
      isLoaded = true;
      start();
    },
    (error) => {
      if (isGone) return;
      console.error(error);
      // As the form says it of what it loads itself.
      place.append(element);
      const detail = { code: "asset_unavailable", fields: [] };
      element.dispatchEvent(new CustomEvent("doorstep:error", { bubbles: true, composed: true, detail }));
    },
  );

  return {
    show,
    remove() {
      isGone = true;
      isLoaded = false;
      element.remove();
    },
  };
}

/** What is said: an option that is `undefined` or `null` is not. */
const optionsOf = (props) => Object.fromEntries(OPTIONS.filter((name) => props[name] != null).map((name) => [name, props[name]]));
