// What comes after a sign-up, as the loader starts it: what the glue has beside these is left out.
export { default, start } from "doorstep-widget-order";
