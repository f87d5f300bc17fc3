// The provider's form inside our page: card, Apple Pay and Google Pay in one element. The number never comes near us.
const form = document.querySelector("[data-stripe]");
const { stripe: key, secret, kind, back } = form.dataset;
const said = form.querySelector("[data-said]"), button = form.querySelector("button");
const dark = matchMedia("(prefers-color-scheme: dark)").matches ? document.documentElement.dataset.theme !== "light"
  : document.documentElement.dataset.theme === "dark";
const stripe = Stripe(key, { locale: document.documentElement.lang });
const elements = stripe.elements({ clientSecret: secret, appearance: { theme: dark ? "night" : "stripe" } });
const element = elements.create("payment", { layout: "tabs" });
element.on("ready", () => { button.disabled = false; });
element.mount(form.querySelector("[data-element]"));
form.addEventListener("submit", async event => {
  event.preventDefault();
  button.disabled = true;
  said.hidden = true;
  const confirm = kind === "setup" ? stripe.confirmSetup : stripe.confirmPayment;
  const { error } = await confirm({ elements, confirmParams: { return_url: back } });  // without an error we are gone by now
  said.textContent = error.message;
  said.hidden = false;
  button.disabled = false;
});
