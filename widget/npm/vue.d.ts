// Made from widget/description.json by generate.mjs: change it there.

import type { DefineComponent, HTMLAttributes } from "vue";

import type { DoorstepAttributes, DoorstepErrorEvent, DoorstepOptions, DoorstepOrderEvent, DoorstepReadyEvent, DoorstepSubmitEvent, DoorstepSuccessEvent, DoorstepTokenNeededEvent, LoadOptions } from "./index.js";

/** The events, as `@token-needed` and so on. */
export type DoorstepSignupEmits = {
  "ready": (event: DoorstepReadyEvent) => void;
  "submit": (event: DoorstepSubmitEvent) => void;
  "success": (event: DoorstepSuccessEvent) => void;
  "error": (event: DoorstepErrorEvent) => void;
  "order": (event: DoorstepOrderEvent) => void;
  "token-needed": (event: DoorstepTokenNeededEvent) => void;
};

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" :token="token" @success="(event) => console.log(event.detail)" />
 */
export const DoorstepSignup: DefineComponent<
  LoadOptions & DoorstepOptions,
  {},
  {},
  {},
  {},
  {},
  {},
  DoorstepSignupEmits
>;

declare module "vue" {
  interface IntrinsicElementAttributes {
    "doorstep-signup": HTMLAttributes & DoorstepAttributes;
  }
}
