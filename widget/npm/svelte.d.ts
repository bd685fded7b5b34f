// Made from widget/description.json by generate.mjs: change it there.

import type { Component } from "svelte";
import type { HTMLAttributes } from "svelte/elements";

import type { DoorstepAttributes, DoorstepListeners, DoorstepSignupElement, DoorstepSignupProps } from "./index.js";

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" {token} onSuccess={(event) => console.log(event.detail)} />
 */
declare const DoorstepSignup: Component<DoorstepSignupProps>;
export default DoorstepSignup;

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "doorstep-signup": HTMLAttributes<DoorstepSignupElement> & DoorstepAttributes & DoorstepListeners;
  }
}
