// The shop's board: workflow columns with order cards, and a drawer with one order.

import { $, call, clock, fill, h, linked } from "./dom.js";

let world = null;
let openId = null;
let drawn = "";
let drawnCalendar = "";
let refreshPage = async () => {};

export function showBoard(latest, person) {
  world = latest;
  const orders = [...world.orders].reverse();
  fill($("board"), world.columns.map((column) => columnOf(column, orders.filter((order) => column.ids.includes(order.workflowStatusId)), person)));
  if ($("drawer").open) drawOrder();
  showCalendar();
}

function columnOf(column, orders, person) {
  const cards = orders.length ? orders.map((order) => card(order, person)) : h("p", { className: "column-empty" }, "No orders");
  return h("section", { className: "column", "aria-label": column.name }, h("h3", {}, column.name, h("span", {}, String(orders.length))), h("div", { className: "cards" }, cards));
}

function card(order, person) {
  const notes = order.messages.length;
  const next = order.appointments.find((appointment) => appointment.confirmationStatus !== "Declined");
  return h("button", { type: "button", className: `card${order.id === person.order_id ? " mine" : ""}`, "data-key": order.id, onclick: () => openOrder(order.id) },
    h("span", { className: "card-top" }, h("b", {}, order.generatedCustomerName ?? "No name")),
    h("span", { className: "card-car" }, order.generatedVehicleName ?? "No vehicle"),
    h("span", { className: "card-shop" }, `#${order.number}, ${order.shop}`),
    (notes || next) && h("span", { className: "badges" },
      next && h("span", { className: "badge booked" }, when(next.startDate, order.timezone)),
      notes > 0 && h("span", { className: "badge" }, `${notes} ${notes === 1 ? "message" : "messages"}`)),
  );
}

export const when = (iso, timeZone) =>
  new Date(iso).toLocaleString([], { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short", timeZone: timeZone ?? undefined });

function openOrder(orderId) {
  openId = orderId;
  drawn = "";
  drawOrder();
  $("drawer").showModal();
}

function drawOrder() {
  const order = world.orders.find((candidate) => candidate.id === openId);
  if (!order) { $("drawer").close(); return; }
  const key = JSON.stringify(order);
  if (key === drawn) return;
  drawn = key;
  fill($("drawer-body"),
    h("p", { className: "drawer-kicker" }, `Order #${order.number} · ${order.status} · ${order.shop}`),
    h("h2", { id: "drawer-title" }, order.generatedCustomerName ?? "No name"),
    h("p", { className: "drawer-name" }, order.name),
    facts(order),
    order.customer && consents(order.customer),
    h("h3", {}, "Appointments"),
    order.appointments.length ? order.appointments.map((row) => appointment(row, { timezone: order.timezone })) : h("p", { className: "empty" }, "None yet."),
    h("h3", {}, "Messages and notes"),
    order.messages.length ? order.messages.map(message) : h("p", { className: "empty" }, "None yet. What the assistant and the customer say is written here."),
  );
}

function facts(order) {
  const { emails = [], phoneNumbers = [] } = order.customer ?? {};
  const rows = [["Vehicle", order.generatedVehicleName], ["E-mail", emails[0]?.email], ["Phone", phoneNumbers[0]?.number], ["Asked for", order.complaint], ["Note", order.note]];
  return h("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

const FLAGS = [
  ["Marketing", "marketingOptIn", (customer) => customer.marketingOptIn],
  ["E-mail", "subscribed", (customer) => customer.emails[0]?.subscribed],
  ["Texts", "optIn", (customer) => customer.phoneNumbers[0]?.optIn],
];
const MEANINGS = [["not asked", null], ["yes", true], ["no", false]];

function consents(customer) {
  const shown = FLAGS.filter(([, , read]) => read(customer) !== undefined);
  return h("fieldset", { className: "consents" }, h("legend", {}, "May be written to"), shown.map(([name, flag, read]) => consent(customer, name, flag, read(customer))));
}

function consent(customer, name, flag, now) {
  const choose = (event) => call("PUT", `/control/shopmonkey/customers/${customer.id}/flags`, { [flag]: MEANINGS[event.target.value][1] });
  return h("label", {}, name, h("select", { onchange: choose, "data-key": flag }, MEANINGS.map(([meaning, value], at) => h("option", { value: at, selected: value === now }, meaning))));
}

const HOUR = 3_600_000;

// What staff do to an appointment with the mouse: each button is one change in ShopMonkey.
function appointment(row, { timezone, shop }) {
  const off = row.confirmationStatus === "Declined";
  const change = (body) => act("PATCH", `/control/shopmonkey/appointments/${row.id}`, body);
  const by = (ms) => () => change({ start: shifted(row.startDate, ms), end: shifted(row.endDate, ms) });
  const button = (label, onclick) => h("button", { type: "button", className: "plain", onclick }, label);
  const repeats = row.rruleset?.match(/FREQ=([A-Z]+)/)?.[1].toLowerCase();
  return h("div", { className: `entry appointment${off ? " off" : ""}` },
    h("b", {}, row.allDay ? `${day(row.startDate, timezone)}, all day` : `${when(row.startDate, timezone)} to ${time(row.endDate, timezone)}`),
    h("p", {}, [row.name, repeats, shop].filter(Boolean).join(", ")), off && h("p", {}, "Cancelled"), row.note && h("p", { className: "entry-note" }, row.note),
    h("div", { className: "staff", role: "group", "aria-label": "As staff" },
      !off && [button("1 h earlier", by(-HOUR)), button("1 h later", by(HOUR)), button("Next day", by(24 * HOUR)), button("30 min shorter", () => change({ end: shifted(row.endDate, -HOUR / 2) }))],
      button(off ? "Restore" : "Cancel", () => change({ cancelled: !off })),
      button("Delete", () => act("DELETE", `/control/shopmonkey/appointments/${row.id}`))),
  );
}

const shifted = (iso, ms) => new Date(Date.parse(iso) + ms).toISOString();
const day = (iso, timeZone) => new Date(iso).toLocaleDateString([], { weekday: "short", month: "short", day: "numeric", timeZone: timeZone ?? undefined });
const time = (iso, timeZone) => new Date(iso).toLocaleTimeString([], { hour: "numeric", minute: "2-digit", timeZone: timeZone ?? undefined });

async function act(method, path, body) {
  await call(method, path, body);
  await refreshPage();
}

function showCalendar() {
  const key = JSON.stringify(world.calendar);
  if (key === drawnCalendar) return;
  drawnCalendar = key;
  const zones = new Map(world.locations.map((location) => [location.id, location.timezone]));
  fill($("calendar"), world.calendar.length ? world.calendar.map((row) => appointment(row, { timezone: zones.get(row.locationId), shop: row.shop })) : h("p", { className: "empty" }, "Nothing of the shop's own."));
}

function message(row) {
  const who = row.internal ? "Note" : row.authorType === "Customer" ? "Customer" : "Staff";
  return h("div", { className: `entry ${row.internal ? "note" : row.authorType.toLowerCase()}` }, h("small", {}, `${who}, ${clock(row.createdDate)}`), h("p", {}, linked(row.text)));
}

export function wireBoard(refresh, choosePerson) {
  refreshPage = refresh;
  $("calendar-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { location, name, start, hours, kind } = event.target.elements;
    const begins = new Date(start.value);
    await act("POST", "/control/shopmonkey/appointments", {
      location: location.value,
      name: name.value,
      start: begins.toISOString(),
      end: shifted(begins.toISOString(), Number(hours.value) * HOUR),
      all_day: kind.value.startsWith("all day"),
      repeats: kind.value.match(/daily|weekly/)?.[0] ?? "never",
    });
  });
  $("shop-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { author, text } = event.target.elements;
    const body = { order_id: openId, author: author.value, text: text.value };
    text.value = "";
    await call("POST", "/control/shopmonkey/messages", body);
    await refresh();
  });
  $("drawer").addEventListener("close", () => choosePerson(openId));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
}
