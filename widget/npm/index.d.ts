// Made from widget/description.json by generate.mjs: change it there.

/** Answers that a form can ask for, by their API names. */
export type DoorstepField =
  | "fname"
  | "lname"
  | "email"
  | "phone"
  | "company_name"
  | "address1"
  | "address2"
  | "city"
  | "state"
  | "zip"
  | "country"
  | "currency"
  | "locale"
  | "c_sftp_pass";

/** A word of `theme`. */
export type DoorstepThemeWord =
  | "auto"
  | "light"
  | "dark"
  | "compact"
  | "cpanel"
  | "plesk"
  | "whmcs"
  | "wordpress"
  | "cockpit";

/** Up to three of them, parted by blanks. */
export type DoorstepTheme =
  | DoorstepThemeWord
  | `${DoorstepThemeWord} ${DoorstepThemeWord}`
  | `${DoorstepThemeWord} ${DoorstepThemeWord} ${DoorstepThemeWord}`;

/** A custom property of the theme, for the element's style. */
export type DoorstepProperty =
  | "--doorstep-font"
  | "--doorstep-font-size"
  | "--doorstep-radius"
  | "--doorstep-padding"
  | "--doorstep-space"
  | "--doorstep-width"
  | "--doorstep-surface"
  | "--doorstep-outline"
  | "--doorstep-text"
  | "--doorstep-muted"
  | "--doorstep-field"
  | "--doorstep-border"
  | "--doorstep-accent"
  | "--doorstep-on-accent"
  | "--doorstep-fault"
  | "--doorstep-fault-surface"
  | "--doorstep-notice"
  | "--doorstep-notice-surface";

/** A name for `::part()`. */
export type DoorstepPart =
  | "root"
  | "form"
  | "brand"
  | "logo"
  | "title"
  | "lead"
  | "summary"
  | "faults"
  | "row"
  | "label"
  | "terms"
  | "input"
  | "check"
  | "hint"
  | "fault"
  | "button"
  | "submit"
  | "retry"
  | "done"
  | "once"
  | "show"
  | "copy"
  | "download"
  | "next"
  | "start"
  | "choice"
  | "digest"
  | "back"
  | "credential"
  | "progress"
  | "stage"
  | "ended"
  | "link";

/** What `onCredential` gets: the password, or with claim delivery the code that the page's back end exchanges. */
export type DoorstepCredential =
  | { username: string; password: string; claimCode?: undefined }
  | { username: string; claimCode: string; password?: undefined };

/** The new account, without its password. */
export type DoorstepUser = {
  id: number;
  fname: string;
  lname: string;
  email: string;
  locale: string;
  currency: string;
  country: string | null;
  company_name: string | null;
  labels: Record<string, unknown>;
  api: { username: string };
};

/** Nothing more is to be said. */
export type DoorstepReadyDetail = Record<string, never>;

/** The account, or that it waits for the provider's yes. */
export type DoorstepSuccessDetail =
  | { user: DoorstepUser; status?: undefined }
  | { status: "pending"; user?: undefined };

/** The stable code, and the API names of the fields at fault. */
export type DoorstepErrorDetail = { code: string; fields: string[] };

/** Where an order stands. */
export type DoorstepOrderDetail = {
  order: { id: string; status: string };
  project: { id: number; name: string; link: string | null } | null;
  failure: { code: string; message: string } | null;
};

/** An event of the form. It bubbles, and carries no secret. */
export interface DoorstepEvent<Detail> extends CustomEvent<Detail> {
  readonly currentTarget: DoorstepSignupElement;
}

/**
 * The form can be used.
 *
 * @example
 * form.addEventListener("doorstep:ready", () => console.log("the form is there"));
 */
export type DoorstepReadyEvent = DoorstepEvent<DoorstepReadyDetail>;

/**
 * The person sends; `preventDefault()` keeps the form from sending.
 *
 * @example
 * form.addEventListener("doorstep:submit", (event) => {
 *   if (!confirm("Create an account?")) event.preventDefault();
 * });
 */
export type DoorstepSubmitEvent = DoorstepEvent<null>;

/**
 * The account is there, or the sign-up waits for the provider's yes.
 *
 * @example
 * form.addEventListener("doorstep:success", ({ detail }) => {
 *   if (detail.user) console.log("signed up as", detail.user.api.username);
 *   else console.log("the provider will decide");
 * });
 */
export type DoorstepSuccessEvent = DoorstepEvent<DoorstepSuccessDetail>;

/**
 * What went wrong: the server's code, or `unreachable`, or `asset_unavailable`, or `wasm_forbidden` where the page's policy allows none, or `frame_unavailable` when the frame does not come: the page's origin is not registered, or its policy forbids the frame.
 *
 * @example
 * form.addEventListener("doorstep:error", ({ detail }) => console.warn(detail.code, detail.fields.join(" ")));
 */
export type DoorstepErrorEvent = DoorstepEvent<DoorstepErrorDetail>;

/**
 * An order is placed, and whenever its status changes; `project` is `{id, name, link}` once it is there, `failure` is `{code, message}` if it failed, else both are null.
 *
 * @example
 * form.addEventListener("doorstep:order", ({ detail: { order, project, failure } }) => {
 *   if (project) console.log("it runs:", project.link);
 *   else if (failure) console.warn(failure.message);
 *   else console.log(order.id, order.status);
 * });
 */
export type DoorstepOrderEvent = DoorstepEvent<DoorstepOrderDetail>;

/**
 * There is no sign-up token, or it is no good; set a new `token` and the answers go out. `preventDefault()` says that one is coming, and the person waits up to 30 s for it. Also when the form starts with a sign-up token that is no good: then a new one is taken and nothing is sent.
 *
 * @example
 * form.addEventListener("doorstep:token-needed", async (event) => {
 *   event.preventDefault();
 *   const answer = await fetch("/panel/sign-up-token", { method: "POST" });
 *   if (answer.ok) form.update({ token: await answer.text() });
 *   else form.decline();
 * });
 */
export type DoorstepTokenNeededEvent = DoorstepEvent<null>;

/** Every event by its name. */
export interface DoorstepEventMap {
  "doorstep:ready": DoorstepReadyEvent;
  "doorstep:submit": DoorstepSubmitEvent;
  "doorstep:success": DoorstepSuccessEvent;
  "doorstep:error": DoorstepErrorEvent;
  "doorstep:order": DoorstepOrderEvent;
  "doorstep:token-needed": DoorstepTokenNeededEvent;
}

/** What a form can be told by name and text. */
export interface DoorstepTextOptions {
  /**
   * The sign-up token; without one, `doorstep:token-needed` asks for it when the person sends.
   *
   * @example
   * <doorstep-signup token="sgn_…"></doorstep-signup>
   */
  token?: string | undefined;
  /**
   * On a page without a back end, in place of `token`: the id of a publishable client. With `provider-username`, as the person claims it. With `mode="frame"`, whose origins may show the frame; not needed where the page that embeds it is the only page around it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider-username="ada"></doorstep-signup>
   */
  client?: string | undefined;
  /**
   * Which provider the account is of, where the token does not say it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider="Example Hosting"></doorstep-signup>
   */
  provider?: string | undefined;
  /**
   * Which of the provider's servers the person is on, where the token does not say it.
   *
   * @example
   * <doorstep-signup provider-server="panel.example.com"></doorstep-signup>
   */
  providerServer?: string | undefined;
  /**
   * What the person is called there, where the token does not say it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider-username="ada"></doorstep-signup>
   */
  providerUsername?: string | undefined;
  /**
   * Optional fields by API name, parted by blanks, in place of the operator's; first and last name and e-mail are always there.
   *
   * @example
   * <doorstep-signup fields="company_name country phone"></doorstep-signup>
   */
  fields?: string | undefined;
  /**
   * `inline`, or `frame` for the isolated form.
   *
   * @example
   * <doorstep-signup mode="frame" token="sgn_…"></doorstep-signup>
   */
  mode?: "inline" | "frame" | undefined;
  /**
   * Words, parted by blanks: `light` or `dark`, else the `color-scheme` of the place where the form stands; `compact`; and the look of a host: `cpanel`, `plesk`, `whmcs`, `wordpress`, `cockpit`.
   *
   * @example
   * <doorstep-signup theme="dark compact"></doorstep-signup>
   */
  theme?: DoorstepTheme | undefined;
  /**
   * BCP 47: the language, and how numbers and names are written; else the page's `lang`, else the browser's.
   *
   * @example
   * <doorstep-signup locale="pt-BR"></doorstep-signup>
   */
  locale?: string | undefined;
  /**
   * `ltr` or `rtl`, where it is not to be the language's own.
   *
   * @example
   * <doorstep-signup locale="en" dir="rtl"></doorstep-signup>
   */
  dir?: "ltr" | "rtl" | undefined;
  /**
   * Draws into the page itself instead of an open shadow root.
   *
   * @example
   * <doorstep-signup shadow="none"></doorstep-signup>
   */
  shadow?: "none" | undefined;
  /**
   * Where the server's own form leads back to, if the page's policy forbids wasm and the person goes on there.
   *
   * @example
   * <doorstep-signup token="sgn_…" return-to="https://panel.example.com/"></doorstep-signup>
   */
  returnTo?: string | undefined;
  /**
   * The steps, parted by blanks: `product` (place and size), `project` (name, and what runs in it), `settings`, `progress`. Empty for all of them; without the attribute there is nothing after the credential.
   *
   * @example
   * <doorstep-signup order="product project"></doorstep-signup>
   */
  order?: string | undefined;
  /**
   * Id of the place in the catalogue that is chosen at first, or taken where the step is left out. What is gone gives way to the first that there is.
   *
   * @example
   * <doorstep-signup order="" order-location="1"></doorstep-signup>
   */
  orderLocation?: string | undefined;
  /**
   * Id of the size in the catalogue, likewise.
   *
   * @example
   * <doorstep-signup order="" order-product="3"></doorstep-signup>
   */
  orderProduct?: string | undefined;
  /**
   * Id of what runs in the project, likewise.
   *
   * @example
   * <doorstep-signup order="" order-image="12"></doorstep-signup>
   */
  orderImage?: string | undefined;
  /**
   * The project's name, likewise; else "My project".
   *
   * @example
   * <doorstep-signup order="" order-name="Shop"></doorstep-signup>
   */
  orderName?: string | undefined;
}

/** What `Doorstep.mount` can be told. */
export interface DoorstepOptions extends DoorstepTextOptions {
  /**
   * What the page knows already; `values: {email: "…"}` in options. Read when the form starts.
   */
  values?: Partial<Record<DoorstepField, string>> | undefined;
  /**
   * Gets `{username, password}` once; with claim delivery `{username, claimCode}`, which the page's back end exchanges. Nothing else on the page gets either.
   */
  onCredential?: ((this: DoorstepSignupElement, credential: DoorstepCredential) => void) | null | undefined;
}

/** What can be changed of a form; `null` takes an option back. */
export type DoorstepChanges = { [Name in keyof DoorstepOptions]?: DoorstepOptions[Name] | null };

/** The attributes of `<doorstep-signup>`. */
export interface DoorstepAttributes {
  /**
   * The sign-up token; without one, `doorstep:token-needed` asks for it when the person sends.
   *
   * @example
   * <doorstep-signup token="sgn_…"></doorstep-signup>
   */
  "token"?: string | undefined;
  /**
   * On a page without a back end, in place of `token`: the id of a publishable client. With `provider-username`, as the person claims it. With `mode="frame"`, whose origins may show the frame; not needed where the page that embeds it is the only page around it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider-username="ada"></doorstep-signup>
   */
  "client"?: string | undefined;
  /**
   * Which provider the account is of, where the token does not say it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider="Example Hosting"></doorstep-signup>
   */
  "provider"?: string | undefined;
  /**
   * Which of the provider's servers the person is on, where the token does not say it.
   *
   * @example
   * <doorstep-signup provider-server="panel.example.com"></doorstep-signup>
   */
  "provider-server"?: string | undefined;
  /**
   * What the person is called there, where the token does not say it.
   *
   * @example
   * <doorstep-signup client="cli_…" provider-username="ada"></doorstep-signup>
   */
  "provider-username"?: string | undefined;
  /**
   * Optional fields by API name, parted by blanks, in place of the operator's; first and last name and e-mail are always there.
   *
   * @example
   * <doorstep-signup fields="company_name country phone"></doorstep-signup>
   */
  "fields"?: string | undefined;
  /**
   * `inline`, or `frame` for the isolated form.
   *
   * @example
   * <doorstep-signup mode="frame" token="sgn_…"></doorstep-signup>
   */
  "mode"?: "inline" | "frame" | undefined;
  /**
   * Words, parted by blanks: `light` or `dark`, else the `color-scheme` of the place where the form stands; `compact`; and the look of a host: `cpanel`, `plesk`, `whmcs`, `wordpress`, `cockpit`.
   *
   * @example
   * <doorstep-signup theme="dark compact"></doorstep-signup>
   */
  "theme"?: DoorstepTheme | undefined;
  /**
   * BCP 47: the language, and how numbers and names are written; else the page's `lang`, else the browser's.
   *
   * @example
   * <doorstep-signup locale="pt-BR"></doorstep-signup>
   */
  "locale"?: string | undefined;
  /**
   * `ltr` or `rtl`, where it is not to be the language's own.
   *
   * @example
   * <doorstep-signup locale="en" dir="rtl"></doorstep-signup>
   */
  "dir"?: "ltr" | "rtl" | undefined;
  /**
   * Draws into the page itself instead of an open shadow root.
   *
   * @example
   * <doorstep-signup shadow="none"></doorstep-signup>
   */
  "shadow"?: "none" | undefined;
  /**
   * Where the server's own form leads back to, if the page's policy forbids wasm and the person goes on there.
   *
   * @example
   * <doorstep-signup token="sgn_…" return-to="https://panel.example.com/"></doorstep-signup>
   */
  "return-to"?: string | undefined;
  /**
   * The steps, parted by blanks: `product` (place and size), `project` (name, and what runs in it), `settings`, `progress`. Empty for all of them; without the attribute there is nothing after the credential.
   *
   * @example
   * <doorstep-signup order="product project"></doorstep-signup>
   */
  "order"?: string | undefined;
  /**
   * Id of the place in the catalogue that is chosen at first, or taken where the step is left out. What is gone gives way to the first that there is.
   *
   * @example
   * <doorstep-signup order="" order-location="1"></doorstep-signup>
   */
  "order-location"?: string | undefined;
  /**
   * Id of the size in the catalogue, likewise.
   *
   * @example
   * <doorstep-signup order="" order-product="3"></doorstep-signup>
   */
  "order-product"?: string | undefined;
  /**
   * Id of what runs in the project, likewise.
   *
   * @example
   * <doorstep-signup order="" order-image="12"></doorstep-signup>
   */
  "order-image"?: string | undefined;
  /**
   * The project's name, likewise; else "My project".
   *
   * @example
   * <doorstep-signup order="" order-name="Shop"></doorstep-signup>
   */
  "order-name"?: string | undefined;
  /**
   * What the page knows already; `values: {email: "…"}` in options. Read when the form starts.
   *
   * @example
   * <doorstep-signup value-email="ada@example.com"></doorstep-signup>
   */
  [name: `value-${string}`]: string | undefined;
}

/** Listeners as attributes, where a framework takes them so: `ondoorstep:ready`. */
export interface DoorstepListeners {
  "ondoorstep:ready"?: ((event: DoorstepReadyEvent) => void) | undefined;
  "ondoorstep:submit"?: ((event: DoorstepSubmitEvent) => void) | undefined;
  "ondoorstep:success"?: ((event: DoorstepSuccessEvent) => void) | undefined;
  "ondoorstep:error"?: ((event: DoorstepErrorEvent) => void) | undefined;
  "ondoorstep:order"?: ((event: DoorstepOrderEvent) => void) | undefined;
  "ondoorstep:token-needed"?: ((event: DoorstepTokenNeededEvent) => void) | undefined;
}

/** `<doorstep-signup>`. */
export interface DoorstepSignupElement extends HTMLElement {
  /**
   * Gets `{username, password}` once; with claim delivery `{username, claimCode}`, which the page's back end exchanges. Nothing else on the page gets either.
   *
   * @example
   * form.onCredential = ({ username, password, claimCode }) => {
   *   void fetch("/panel/credential", { method: "POST", body: JSON.stringify({ username, password, claimCode }) });
   * };
   */
  onCredential?: ((this: DoorstepSignupElement, credential: DoorstepCredential) => void) | null | undefined;
  /**
   * Sets options; `null` takes one back.
   *
   * @example
   * form.update({ theme: "dark", locale: null });
   */
  update(options: DoorstepChanges): void;
  /**
   * Takes back the `preventDefault()` on `doorstep:token-needed`: no token comes, and the person is told at once.
   *
   * @example
   * form.decline();
   */
  decline(): void;
  addEventListener<Name extends keyof DoorstepEventMap>(
    type: Name,
    listener: (this: DoorstepSignupElement, event: DoorstepEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: DoorstepSignupElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** A form that `Doorstep.mount` made. */
export interface DoorstepHandle {
  readonly element: DoorstepSignupElement;
  /** Sets options; `null` takes one back. */
  update(options: DoorstepChanges): void;
  /** Takes the form off the page. */
  unmount(): void;
}

/** The one global of the server's script. */
export interface DoorstepApi {
  readonly version: string;
  /**
   * Puts a form at the end of `target`, an element or a selector.
   *
   * @example
   * const form = Doorstep.mount("#signup", { token: "sgn_…", fields: "company_name country" });
   * form.update({ theme: "dark" });
   * form.unmount();
   */
  mount(target: string | Element, options?: DoorstepOptions): DoorstepHandle;
}

export interface LoadOptions {
  /** The server's origin, such as `https://signup.example.com`. */
  server: string;
  /**
   * One version of the script and no other: what stands before `/doorstep.js` in the address that `doorstep embed`
   * prints. With the server's next version it is gone, so the page has to follow each update.
   */
  pin?: string | undefined;
  /** That version's hash (SRI), which `doorstep embed` prints as well. */
  integrity?: string | undefined;
  /** For a Content-Security-Policy that names one. */
  nonce?: string | undefined;
}

/**
 * Adds the server's script tag, unless one is there, and answers with `Doorstep`; with `null` where there is no
 * document, as on a server that renders. A load that failed can be tried again.
 *
 * @example
 * const doorstep = await loadDoorstep({ server: "https://signup.example.com" });
 * doorstep?.mount("#signup", { token: "sgn_…" });
 */
export function loadDoorstep(options: LoadOptions): Promise<DoorstepApi | null>;

/** What the components take: the server, every option, and a handler for every event. */
export interface DoorstepSignupProps extends LoadOptions, DoorstepOptions {
  /**
   * The form can be used.
   */
  onReady?: ((event: DoorstepReadyEvent) => void) | undefined;
  /**
   * The person sends; `preventDefault()` keeps the form from sending.
   */
  onSubmit?: ((event: DoorstepSubmitEvent) => void) | undefined;
  /**
   * The account is there, or the sign-up waits for the provider's yes.
   */
  onSuccess?: ((event: DoorstepSuccessEvent) => void) | undefined;
  /**
   * What went wrong: the server's code, or `unreachable`, or `asset_unavailable`, or `wasm_forbidden` where the page's policy allows none, or `frame_unavailable` when the frame does not come: the page's origin is not registered, or its policy forbids the frame.
   */
  onError?: ((event: DoorstepErrorEvent) => void) | undefined;
  /**
   * An order is placed, and whenever its status changes; `project` is `{id, name, link}` once it is there, `failure` is `{code, message}` if it failed, else both are null.
   */
  onOrder?: ((event: DoorstepOrderEvent) => void) | undefined;
  /**
   * There is no sign-up token, or it is no good; set a new `token` and the answers go out. `preventDefault()` says that one is coming, and the person waits up to 30 s for it. Also when the form starts with a sign-up token that is no good: then a new one is taken and nothing is sent.
   */
  onTokenNeeded?: ((event: DoorstepTokenNeededEvent) => void) | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "doorstep-signup": DoorstepSignupElement;
  }
  // Elements, documents and windows take theirs from here.
  interface GlobalEventHandlersEventMap {
    "doorstep:ready": CustomEvent<DoorstepReadyDetail>;
    "doorstep:submit": CustomEvent<null>;
    "doorstep:success": CustomEvent<DoorstepSuccessDetail>;
    "doorstep:error": CustomEvent<DoorstepErrorDetail>;
    "doorstep:order": CustomEvent<DoorstepOrderDetail>;
    "doorstep:token-needed": CustomEvent<null>;
  }
  /** There once the server's script has run. */
  var Doorstep: DoorstepApi | undefined;
}
