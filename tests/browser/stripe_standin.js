// In place of https://js.stripe.com/v3/: the part of Stripe.js that a Payment Element needs, as docs.stripe.com/js describes it. What
// the real one refuses (an option it does not know, an intent that is over, a second mount) this one refuses too.
(() => {
  const API = "https://api.stripe.com/v1", FRAME = "https://js.stripe.com/v3/elements-inner-payment.html";
  const OVER = ["succeeded", "canceled", "requires_capture"];

  class IntegrationError extends Error {}
  const insist = (holds, what) => { if (!holds) throw new IntegrationError(what); };
  const only = (given, names, where) => Object.keys(given).forEach(
    name => insist(names.includes(name), `${where}: unknown parameter ${name}`));

  function Stripe(key, options = {}) {
    insist(/^pk_(test|live)_/.test(key || ""), "Please call Stripe() with your publishable key.");
    only(options, ["locale", "apiVersion", "stripeAccount", "betas", "developerTools"], "Stripe()");

    const call = async (method, path, body) => {
      const answer = await fetch(`${API}/${path}`, {
        method, body: body && new URLSearchParams(body), headers: { Authorization: `Bearer ${key}` },
      });
      const said = await answer.json();
      return answer.ok ? { intent: said } : { error: said.error };
    };
    const kindOf = secret => secret.startsWith("seti_") ? "setup_intents" : "payment_intents";
    const idOf = secret => secret.split("_secret_")[0];
    const named = (secret, { intent, error }) =>
      error ? { error } : { [secret.startsWith("seti_") ? "setupIntent" : "paymentIntent"]: intent };
    const retrieve = secret => call("GET", `${kindOf(secret)}/${idOf(secret)}?client_secret=${secret}`);

    const bank = () => new Promise(resolve => {
      const dialog = document.createElement("dialog");
      for (const [word, yes] of [["Approve", true], ["Refuse", false]]) {
        const button = Object.assign(document.createElement("button"), { textContent: word, type: "button" });
        button.addEventListener("click", () => { dialog.remove(); resolve(yes); });
        dialog.append(button);
      }
      document.body.append(dialog);
      dialog.showModal();
    });
    const act = async secret => {
      const success = await bank();
      return call("POST", `${kindOf(secret)}/${idOf(secret)}/_authenticate`, { client_secret: secret, success });
    };

    class Stripe {
      #elements = new WeakMap();  // what only works when it is called on the object itself

      elements(given) {
        only(given, ["clientSecret", "appearance", "locale", "fonts", "loader"], "elements()");
        insist(/_secret_/.test(given.clientSecret || ""), "elements() needs the clientSecret of an intent.");
        insist(!given.appearance || ["stripe", "night", "flat"].includes(given.appearance.theme), "appearance.theme");
        const group = { create: (type, options = {}) => {
          insist(type === "payment", `no element ${type}`);
          only(options, ["layout", "defaultValues", "business", "paymentMethodOrder", "fields", "terms", "wallets"], "create()");
          const heard = {};
          return {
            on(event, handler) { (heard[event] ||= []).push(handler); return this; },
            mount(where) {
              insist(where instanceof HTMLElement, "mount() needs an element of the page.");
              insist(!group.frame, "This element is mounted.");
              group.frame = Object.assign(document.createElement("iframe"), { src: FRAME, title: "Secure payment input frame" });
              group.frame.addEventListener("load", async () => {
                const { intent, error } = await retrieve(given.clientSecret);
                const wrong = error || (OVER.includes(intent.status) && { type: "invalid_request_error", message: intent.status });
                (heard[wrong ? "loaderror" : "ready"] || []).forEach(
                  handler => handler({ elementType: "payment", ...(wrong ? { error: wrong } : {}) }));
              });
              where.append(group.frame);
            },
          };
        } };
        this.#elements.set(group, given.clientSecret);
        return group;
      }

      async #confirm(options, kind) {
        only(options, ["elements", "clientSecret", "confirmParams", "redirect"], "confirm");
        insist(this.#elements.has(options.elements), "elements");
        insist(options.redirect === "if_required" || options.confirmParams?.return_url, "return_url");
        const secret = this.#elements.get(options.elements);
        insist(kindOf(secret) === kind, `${secret} is none of the ${kind}`);
        const number = await typed(options.elements.frame);
        if (number.length < 12) {
          const message = "Your card number is incomplete.";
          return { error: { type: "validation_error", code: "incomplete_number", message } };
        }
        let said = await call("POST", `${kind}/${idOf(secret)}/confirm`, { client_secret: secret, number });
        if (said.intent?.status === "requires_action") said = await act(secret);
        if (!said.error && options.redirect !== "if_required") location.assign(options.confirmParams.return_url);
        return named(secret, said);
      }

      confirmPayment(options) { return this.#confirm(options, "payment_intents"); }
      confirmSetup(options) { return this.#confirm(options, "setup_intents"); }
      async retrievePaymentIntent(secret) { return named(secret, await retrieve(secret)); }
      async retrieveSetupIntent(secret) { return named(secret, await retrieve(secret)); }

      async handleNextAction({ clientSecret }) {
        const { intent } = await retrieve(clientSecret);
        insist(intent.status === "requires_action", "handleNextAction: the intent has another status.");
        const { intent: after, error } = await act(clientSecret);
        return named(clientSecret, error || after.status !== "requires_payment_method" ? { intent: after, error }
          : { error: { type: "card_error", code: "payment_intent_authentication_failure", message: after.last_payment_error.message } });
      }
    }
    return new Stripe();
  }

  const typed = frame => new Promise(resolve => {
    addEventListener("message", ({ data }) => resolve(data.number), { once: true });
    frame.contentWindow.postMessage("number", "https://js.stripe.com");
  });

  window.Stripe = Stripe;
})();
