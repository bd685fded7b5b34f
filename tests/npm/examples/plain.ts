import { loadDoorstep, type DoorstepCredential, type DoorstepHandle } from "doorstep-signup";

export async function show(token: string, keep: (credential: DoorstepCredential) => void): Promise<DoorstepHandle | undefined> {
  const doorstep = await loadDoorstep({ server: "https://signup.example.com" });
  const form = doorstep?.mount("#signup", {
    token,
    fields: "company_name country",
    values: { email: "ada@example.com" },
    order: "",
    onCredential(credential) {
      keep(credential);
      this.update({ theme: "dark compact plesk", locale: null });
    },
  });
  form?.element.addEventListener("doorstep:success", ({ detail, currentTarget }) => {
    if (detail.user) console.log(detail.user.api.username, currentTarget.id);
    else console.log(detail.status);
  });
  return form;
}

/** An element that stands in the page, and its events where they bubble to. */
export function listen(): void {
  const element = document.querySelector("doorstep-signup");
  if (element) element.onCredential = ({ username, claimCode }) => console.log(username, claimCode?.length);
  document.addEventListener("doorstep:error", ({ detail }) => console.warn(detail.code, detail.fields.join(" ")));
  window.addEventListener("doorstep:token-needed", (event) => event.preventDefault());
  document.createElement("doorstep-signup").decline();
  globalThis.Doorstep?.mount(document.body);
}

/** What is no option, or no value of one, is a fault. */
export function refused(form: DoorstepHandle): void {
  // @ts-expect-error: there is no such theme
  form.update({ theme: "dark blue" });
  // @ts-expect-error: there is no such option
  form.update({ colour: "blue" });
  // @ts-expect-error: there is no such field
  form.update({ values: { pets: "cat" } });
  // @ts-expect-error: no event has the password
  form.element.addEventListener("doorstep:success", ({ detail }) => detail.user?.api.password);
  // @ts-expect-error: the server must be named
  void loadDoorstep({});
}
