// The form's module as the loader starts it: what the glue has beside these is left out.
import { mount as make } from "doorstep-widget";

export { default } from "doorstep-widget";

/** Makes the form and draws it, each in a task of its own: on a slow phone one would hold up a key for too long. */
export async function mount(box, element, options) {
  const handle = make(box, element, options);
  await new Promise((resolve) => setTimeout(resolve));
  handle.draw();
  return handle;
}
