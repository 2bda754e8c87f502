// Passkeys: asks the server for a challenge, the browser for an answer, and hands it on.
"use strict";

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
};
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

async function post(address, fields) {
  const response = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields),
  });
  if (!(response.headers.get("content-type") || "").startsWith("application/json")) {
    throw new Error("refused");
  }
  return response.json();
}

function readable(options) {
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    for (const each of options[list] || []) each.id = toBytes(each.id);
  }
  return options;
}

function answerOf(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

async function run(form) {
  const said = form.querySelector("[data-says]");
  const csrf = form.elements.csrf.value;
  const label = form.elements.label ? form.elements.label.value : "";
  said.textContent = "";
  try {
    const publicKey = readable(await post(form.dataset.options, { csrf }));
    const credential = form.dataset.makes
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    const reply = await post(form.action, { csrf, label, answer: answerOf(credential) });
    if (reply.to) {
      window.location.assign(reply.to);
      return;
    }
    said.textContent = reply.error;
  } catch {
    said.textContent = form.dataset.failed;
  }
}

document.querySelectorAll("form[data-options]").forEach((form) => {
  if (!window.PublicKeyCredential) return;
  form.classList.remove("hidden");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    run(form);
  });
});
