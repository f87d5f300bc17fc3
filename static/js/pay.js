// The provider's form inside our page: card, Apple Pay and Google Pay in one element. The number never comes near us.
const form = document.querySelector("[data-stripe]");
const { stripe: key, secret, kind, back, away } = form.dataset;
const said = form.querySelector("[data-said]"), button = form.querySelector("button");
const intent = kind === "setup" ? "SetupIntent" : "PaymentIntent";
const confirm = kind === "setup" ? "confirmSetup" : "confirmPayment";
const dark = matchMedia("(prefers-color-scheme: dark)").matches ? document.documentElement.dataset.theme !== "light"
  : document.documentElement.dataset.theme === "dark";

function say(text) {
  said.textContent = text;
  said.hidden = !text;
}

// What the customer can do something about, the provider says in his language; the rest is not for him.
function refused(error) {
  say(error.type === "card_error" || error.type === "validation_error" ? error.message : away);
}

function leave() {
  location.assign(back);
}

// A saved card whose bank wants to hear it from its owner; true where nothing is left to ask for.
async function approved(stripe) {
  const found = await stripe[`retrieve${intent}`](secret);
  const status = (found.paymentIntent || found.setupIntent || {}).status;
  if (status === "requires_action") {
    const { error } = await stripe.handleNextAction({ clientSecret: secret });
    if (error) refused(error);
    return !error;
  }
  return ["processing", "requires_capture", "succeeded", "canceled"].includes(status);
}

async function ask() {
  const stripe = Stripe(key, { locale: document.documentElement.lang });
  if (await approved(stripe)) return leave();
  const elements = stripe.elements({ clientSecret: secret, appearance: { theme: dark ? "night" : "stripe" } });
  const element = elements.create("payment", { layout: "tabs" });
  element.on("ready", () => { button.disabled = false; });
  element.on("loaderror", ({ error }) => refused(error));
  element.mount(form.querySelector("[data-element]"));
  form.addEventListener("submit", async event => {
    event.preventDefault();
    button.disabled = true;
    say("");
    const { error } = await stripe[confirm]({ elements, confirmParams: { return_url: back }, redirect: "if_required" });
    if (!error) return leave();
    refused(error);
    button.disabled = false;
  });
}

if (window.Stripe) ask();
else say(away);
