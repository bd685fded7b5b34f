// The form's module as the loader starts it: what the glue has beside these is left out.
export { default, mount } from "doorstep-widget";
