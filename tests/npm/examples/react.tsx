import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { DoorstepSignup } from "doorstep-signup/react";

function Page({ token }: { token: string }) {
  const [current, setCurrent] = useState(token);
  const [name, setName] = useState<string>();
  if (name) return <p>Welcome, {name}.</p>;
  return (
    <DoorstepSignup
      server="https://signup.example.com"
      token={current}
      fields="company_name country"
      values={{ email: "ada@example.com" }}
      theme="auto"
      className="card"
      onCredential={(credential) => console.log(credential.username)}
      onSuccess={({ detail }) => setName(detail.user?.fname)}
      onTokenNeeded={async (event) => {
        event.preventDefault();
        const form = event.currentTarget;
        const answer = await fetch("/panel/sign-up-token", { method: "POST" });
        if (answer.ok) setCurrent(await answer.text());
        else form.decline();
      }}
    />
  );
}

/** The element itself, for pages that bring the script in another way. */
export function Bare() {
  return <doorstep-signup token="sgn_…" provider-server="panel.example.com" value-email="ada@example.com" ondoorstep:ready={(event) => event.currentTarget.decline()} />;
}

export function Wrong() {
  return (
    <>
      {/* @ts-expect-error: the server must be named */}
      <DoorstepSignup token="sgn_…" />
      {/* @ts-expect-error: there is no such mode */}
      <doorstep-signup mode="popup" />
    </>
  );
}

createRoot(document.body).render(
  <StrictMode>
    <Page token="sgn_…" />
  </StrictMode>,
);
