// The form that sends a new lead, and how fast it was answered.

import { $, call, fill, h } from "./dom.js";

const NAMES = ["Avery", "Jordan", "Riley", "Casey", "Morgan", "Quinn", "Rowan", "Skyler", "Emerson", "Hayden"];
const SURNAMES = ["Sample", "Example", "Placeholder", "Specimen", "Demo"];
const AREAS = { Store094: ["619", "858", "760"], Store201: ["602", "480", "623"] };
const SHOPS = [["Store094", "Sample Tint San Diego"], ["Store201", "Sample Tint Phoenix"]];
const VEHICLES = [
  [2021, "Honda", "Civic", "LightDuty"],
  [2022, "Tesla", "Model 3", "LightDuty"],
  [2019, "Ford", "F-150", "MediumDuty"],
  [2020, "Toyota", "RAV4", "LightDuty"],
  [2023, "Chevrolet", "Tahoe", "MediumDuty"],
];
const SERVICES = ["window tint", "ceramic window tint", "windshield tint", "paint protection film"];

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const digits = (count) => String(Math.floor(Math.random() * 10 ** count)).padStart(count, "0");
let latest = null;

function invent(form) {
  const first = pick(NAMES);
  const last = pick(SURNAMES);
  form.first_name.value = first;
  form.last_name.value = last;
  form.email.value = `${first}.${last}.${digits(4)}@example.com`.toLowerCase();
  form.phone.value = `+1${pick(AREAS[form.location.value])}55501${digits(2)}`;
}

function leadOf(form) {
  const [year, make, model, size] = VEHICLES[Number(form.vehicle.value)];
  const text = (name) => form[name].value.trim() || null;
  return {
    location: form.location.value,
    first_name: text("first_name"),
    last_name: text("last_name"),
    email: text("email"),
    phone: text("phone")?.replace(/[^\d+]/g, "") ?? null,
    vehicle: { year, make, model, size },
    service: form.service.value,
  };
}

export function wireLeadForm(refresh) {
  const form = $("lead-form");
  const fields = form.elements;
  fill(fields.location, SHOPS.map(([code, name]) => h("option", { value: code }, name)));
  fill(fields.vehicle, VEHICLES.map(([year, make, model], at) => h("option", { value: at }, `${year} ${make} ${model}`)));
  fill(fields.service, SERVICES.map((name) => h("option", { value: name }, name)));
  invent(fields);
  $("another").addEventListener("click", () => invent(fields));
  fields.location.addEventListener("change", () => invent(fields));
  form.addEventListener("submit", (event) => send(event, fields, refresh));
}

async function send(event, fields, refresh) {
  event.preventDefault();
  $("send").disabled = true;
  $("outcome").textContent = "Sending…";
  try {
    latest = await call("POST", "/control/leads", leadOf(fields));
    invent(fields);
  } catch {
    $("outcome").textContent = "The sandbox did not answer.";
  }
  $("send").disabled = false;
  await refresh();
}

export function showOutcome(world) {
  const lead = latest && world.leads.find((row) => row.order_id === latest.order_id);
  if (!lead) { if (latest) $("outcome").textContent = ""; return; }
  const { answered_ms: ms, answered_status: status } = lead;
  const sent = ms === null ? `Nobody answered at ${world.gateway_url}. Is the system up?` : status < 300 ? `Webhook answered in ${round(ms)} ms` : `Webhook refused with ${status} after ${round(ms)} ms`;
  const mail = lead.email_ms === null ? "" : `, e-mail after ${lead.email_ms} ms`;
  const text = lead.sms_ms === null ? "" : `, text after ${lead.sms_ms} ms`;
  $("outcome").className = `outcome ${ms === null || status >= 300 ? "bad" : "good"}`;
  $("outcome").textContent = `${sent}${mail}${text}.`;
}

const round = (ms) => Math.max(1, Math.round(ms));

export function showTiming(person) {
  const steps = person.order_id ? [["webhook answered", person.answered_ms], ["e-mail", person.email_ms], ["text", person.sms_ms]] : [];
  const known = steps.filter(([, ms]) => ms !== null && ms !== undefined);
  fill($("timing"), known.map(([name, ms]) => h("span", { className: ms < 1000 ? "fast" : "" }, h("b", {}, ms < 10000 ? `${round(ms)} ms` : `${Math.round(ms / 1000)} s`), ` ${name}`)));
}
