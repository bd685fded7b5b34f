// Made from widget/description.json by generate.mjs: change it there.

import type { CSSProperties, DetailedHTMLProps, HTMLAttributes, ReactElement } from "react";

import type { DoorstepAttributes, DoorstepListeners, DoorstepSignupElement, DoorstepSignupProps } from "./index.js";

export interface DoorstepSignupReactProps extends DoorstepSignupProps {
  /** Of the `<div>` around the form, as the next two. */
  className?: string | undefined;
  style?: CSSProperties | undefined;
  id?: string | undefined;
}

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" token={token} onSuccess={(event) => console.log(event.detail)} />
 */
export function DoorstepSignup(props: DoorstepSignupReactProps): ReactElement;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "doorstep-signup": DetailedHTMLProps<HTMLAttributes<DoorstepSignupElement>, DoorstepSignupElement> &
        DoorstepAttributes &
        DoorstepListeners;
    }
  }
}
