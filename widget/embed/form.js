// The form's module as the loader starts it: what the glue has beside these is left out.
import { mount as make } from "doorstep-widget";

export { default } from "doorstep-widget";

/** Makes the form and draws it, each in a task of its own: on a slow phone one would hold up a key for too long. */
export async function mount(box, element, options) {
  const handle = make(box, element, options);
  await new Promise((resolve) => setTimeout(resolve));
  handle.draw();
  // For a place of that height at the next visit; the loader reads it. Before anything is said to be wrong.
  const keep = () => {
    try {
      sessionStorage["doorstep-place" + innerWidth + location.pathname] = box.offsetHeight + "px";
    } catch {
      // A page in a sandbox has no storage.
    }
  };
  box.addEventListener("change", keep, { once: true });
  return handle;
}
