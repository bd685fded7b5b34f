// The panel's own script. It stands before the form's script tag, so that it
// listens before the form can exist.
(() => {
  'use strict';

  const say = (text) => {
    const status = document.getElementById('cloud-status');
    status.textContent = text;
    status.hidden = false;
  };

  const connected = (text) => {
    const badge = document.getElementById('cloud-badge');
    badge.textContent = 'Connected';
    badge.dataset.state = 'connected';
    // The choice of how is over.
    document.querySelector('.delivery')?.remove();
    say(text);
  };

  // The one place where the page sees the password: it goes on to the panel's
  // own back end and is not kept.
  // With claim delivery it sees only a code, which is worth nothing to anybody
  // but the back end.
  const keep = async ({ username, password, claimCode }) => {
    try {
      const answer = await fetch(claimCode ? '/panel/claim' : '/panel/credential', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(claimCode ? { claimCode } : { username, password }),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error);
      connected(`Connected as ${body.name} (${body.email}).`);
    } catch {
      say('Your account exists. The panel could not connect it yet: keep the details that the form shows.');
    }
  };

  document.addEventListener('doorstep:ready', (event) => {
    event.target.onCredential = keep;
  });
  document.addEventListener('doorstep:success', (event) => {
    connected(`Connected. API user ${event.detail.user.api.username}.`);
  });
})();
