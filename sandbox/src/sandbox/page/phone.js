// The customer's phone: texts as bubbles, and an answer field.

import { $, call, clock, fill, h, initials, linked } from "./dom.js";

let shown = "";

export function showPhone(world, person) {
  const mine = (number) => !person.phone || number === person.phone;
  const got = world.inbox.filter((item) => item.channel === "sms" && mine(item.to)).map((item) => ({ ...item, at: item.received_at, side: "in" }));
  const written = world.written.filter((item) => item.channel === "sms" && mine(item.from)).map((item) => ({ ...item, side: "out" }));
  const texts = [...got, ...written].sort((a, b) => a.at.localeCompare(b.at));
  $("clock").textContent = clock(Date.now());
  head(world, got.at(-1));
  const key = JSON.stringify([person.order_id, texts.length, texts.at(-1)?.at]);
  if (key === shown) return;
  shown = key;
  fill($("bubbles"), texts.length ? texts.map((text) => bubble(text, !person.phone)) : empty(person));
  $("bubbles").scrollTop = $("bubbles").scrollHeight;
  $("sms-form").inert = !person.phone;
}

function head(world, last) {
  const shop = last && world.locations.find((location) => location.phone === last.from);
  const name = shop?.name ?? last?.from ?? "Messages";
  $("phone-name").textContent = name;
  $("phone-number").textContent = shop ? last.from : "";
  $("phone-avatar").textContent = initials(name.replace(/^\+/, "#"));
}

function bubble(text, named) {
  const whom = named ? `${text.side === "in" ? "to" : "from"} ${text.side === "in" ? text.to : text.from}, ` : "";
  return h("div", { className: `bubble ${text.side}` }, h("p", {}, linked(text.text)), h("time", {}, whom + clock(text.at)));
}

function empty(person) {
  const words = person.order_id && !person.phone ? "This customer left no phone number." : "No texts yet. Send a new lead, and the shop's first text shows up here.";
  return h("p", { className: "empty" }, words);
}

export function wirePhone(person, refresh) {
  $("sms-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = event.target.elements.body;
    const body = field.value;
    field.value = "";
    const sent = call("POST", "/control/sms", { from: person().phone, body });
    await refresh();
    await sent;
    await refresh();
  });
}
