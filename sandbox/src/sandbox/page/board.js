// The shop's board: workflow columns with order cards, and a drawer with one order.

import { $, call, clock, fill, h, linked } from "./dom.js";

let world = null;
let openId = null;
let drawn = "";

export function showBoard(latest, person) {
  world = latest;
  const orders = [...world.orders].reverse();
  fill($("board"), world.columns.map((column) => columnOf(column, orders.filter((order) => column.ids.includes(order.workflowStatusId)), person)));
  if ($("drawer").open) drawOrder();
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
    h("h3", {}, "Appointments"),
    order.appointments.length ? order.appointments.map((row) => appointment(row, order)) : h("p", { className: "empty" }, "None yet."),
    h("h3", {}, "Messages and notes"),
    order.messages.length ? order.messages.map(message) : h("p", { className: "empty" }, "None yet. What the assistant and the customer say is written here."),
  );
}

function facts(order) {
  const { emails = [], phoneNumbers = [] } = order.customer ?? {};
  const rows = [["Vehicle", order.generatedVehicleName], ["E-mail", emails[0]?.email], ["Phone", phoneNumbers[0]?.number], ["Asked for", order.complaint], ["Note", order.note]];
  return h("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function appointment(row, order) {
  const off = row.confirmationStatus === "Declined";
  return h("div", { className: `entry appointment${off ? " off" : ""}` }, h("b", {}, when(row.startDate, order.timezone)), h("p", {}, row.name), off && h("p", {}, "Cancelled"), row.note && h("p", { className: "entry-note" }, row.note));
}

function message(row) {
  const who = row.internal ? "Note" : row.authorType === "Customer" ? "Customer" : "Staff";
  return h("div", { className: `entry ${row.internal ? "note" : row.authorType.toLowerCase()}` }, h("small", {}, `${who}, ${clock(row.createdDate)}`), h("p", {}, linked(row.text)));
}

export function wireBoard(refresh, choosePerson) {
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
