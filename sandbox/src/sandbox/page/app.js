// Polls the sandbox and hands each part of the page its data.

import { $, call, fill, h } from "./dom.js";
import { showBoard, wireBoard } from "./board.js";
import { showInbox, wireInbox } from "./inbox.js";
import { showOutcome, showTiming, wireLeadForm } from "./lead.js";
import { showPhone, wirePhone } from "./phone.js";

const POLL_MS = 700;
const EVERYBODY = { order_id: "", name: "Everybody", email: null, phone: null };
const FAULTS = ["none", "status", "slow", "timeout", "timeout_after_commit", "malformed", "html_403", "html_200", "drop_rows", "disconnect"];

const state = { world: null, person: EVERYBODY, follow: true };
let polling = Promise.resolve();

async function load() {
  try {
    const world = await call("GET", `/control/overview?revision=${state.world?.revision ?? -1}`);
    setLive(true);
    if (world) show(world);
  } catch {
    setLive(false);
  }
}

export function refresh() {
  polling = polling.then(load);
  return polling;
}

function setLive(on) {
  $("live").classList.toggle("on", on);
  $("live").lastElementChild.textContent = on ? "live" : "not answering";
}

function show(world) {
  state.world = world;
  showPeople();
  showFaults();
  showTiming(state.person);
  showOutcome(world);
  showPhone(world, state.person);
  showInbox(world, state.person);
  showBoard(world, state.person);
}

function showPeople() {
  const { leads } = state.world;
  const chosen = state.follow ? leads[0] : leads.find((lead) => lead.order_id === state.person.order_id);
  state.person = chosen ?? EVERYBODY;
  const options = [EVERYBODY, ...leads].map((lead) =>
    h("option", { value: lead.order_id }, lead === EVERYBODY ? lead.name : `${lead.name || "No name"} (${lead.email ?? lead.phone ?? "no contact"})`),
  );
  if (document.activeElement !== $("person")) {
    fill($("person"), options);
    $("person").value = state.person.order_id;
  }
}

function choosePerson(orderId) {
  state.follow = orderId === state.world.leads[0]?.order_id;
  state.person = state.world.leads.find((lead) => lead.order_id === orderId) ?? EVERYBODY;
  if (state.person === EVERYBODY) state.follow = false;
  $("person").blur();
  show(state.world);
}

function showFaults() {
  const faults = Object.entries(state.world.faults);
  const broken = faults.filter(([, mode]) => mode !== "none").length;
  $("fault-count").hidden = broken === 0;
  $("fault-count").textContent = String(broken);
  if ($("fault-rows").contains(document.activeElement)) return;
  fill(
    $("fault-rows"),
    faults.map(([vendor, mode]) =>
      h("label", {}, vendor, h("select", { "data-key": vendor, onchange: (event) => setFault(vendor, event.target) }, FAULTS.map((name) => h("option", { value: name, selected: name === mode }, name)))),
    ),
  );
}

async function setFault(vendor, select) {
  select.blur();
  await call("PUT", `/control/faults/${vendor}`, { mode: select.value });
  await refresh();
}

function closeOnOutsideClick(event) {
  if (!$("faults").contains(event.target)) $("faults").open = false;
}

$("person").addEventListener("change", (event) => choosePerson(event.target.value));
$("reset").addEventListener("click", async () => {
  await call("POST", "/control/reset");
  state.follow = true;
  await refresh();
});
document.addEventListener("click", closeOnOutsideClick);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") $("faults").open = false;
});
wirePhone(() => state.person, refresh);
wireInbox(refresh);
wireBoard(refresh, choosePerson);
wireLeadForm(async () => {
  state.follow = true;
  await refresh();
});
setInterval(refresh, POLL_MS);
refresh();
