// The customer's inbox: the list, the mail that is open, its attachments, and an answer.

import { $, call, clock, fill, h } from "./dom.js";

const PLAIN_STYLE = "font:15px/1.55 system-ui,sans-serif;color:#1c2524;margin:18px;white-space:pre-wrap;overflow-wrap:anywhere";
const READ = new Set();

let open = null;
let chosen = null;
let listed = "";

export function showInbox(world, person) {
  const mails = world.inbox.filter((item) => item.channel === "email" && (!person.order_id || item.to === person.email)).reverse();
  $("mail-count").textContent = mails.length ? `${mails.length} ${mails.length === 1 ? "mail" : "mails"}` : "";
  const current = mails.find((mail) => mail.id === chosen) ?? mails[0] ?? null;
  read(current);
  const key = JSON.stringify([person.order_id, current?.id, mails.map((mail) => mail.id)]);
  if (key === listed) return;
  listed = key;
  const again = () => { listed = ""; showInbox(world, person); };
  fill($("mail-list"), mails.length ? mails.map((mail) => row(mail, current, again)) : h("p", { className: "empty" }, emptyWords(person)));
}

function emptyWords(person) {
  if (person.order_id && !person.email) return "This customer left no e-mail address.";
  return "Nothing here yet. Press “Send the lead”: the mail with the chat link arrives in well under a second.";
}

function row(mail, current, again) {
  const choose = () => { chosen = mail.id; again(); };
  return h("div", { role: "listitem" },
    h("button", { type: "button", className: `mail-row${READ.has(mail.id) ? "" : " unread"}`, "aria-current": mail === current ? "true" : null, "data-key": mail.id, onclick: choose },
      h("span", { className: "mail-row-from" }, mail.from_name || mail.from || "Unknown sender"),
      h("time", {}, clock(mail.received_at)),
      h("span", { className: "mail-row-subject" }, mail.subject || "(no subject)", mail.attachments.length ? h("i", { className: "clip", title: "has an attachment" }, mail.attachments[0].filename) : null),
    ));
}

function read(mail) {
  $("mail").hidden = !mail;
  if (mail?.id === open?.id) return;
  open = mail;
  if (!mail) return;
  READ.add(mail.id);
  $("mail-subject").textContent = mail.subject || "(no subject)";
  $("mail-from").textContent = mail.from_name ? `${mail.from_name} <${mail.from}>` : mail.from;
  $("mail-time").textContent = new Date(mail.received_at).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
  $("mail-body").srcdoc = '<base target="_blank">' + (mail.html ?? `<body style="${PLAIN_STYLE}">${withLinks(escaped(mail.text ?? ""))}`);
  fill($("attachments"), mail.attachments.map((file) => h("button", { type: "button", className: "chip", onclick: () => view(file) }, h("b", {}, file.filename), h("small", {}, file.content_type))));
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const withLinks = (html) => html.replace(/https?:\/\/[^\s<]*[^\s<.,;!?)]/g, (url) => `<a href="${url}">${url}</a>`);

function view(file) {
  $("viewer-title").textContent = file.filename;
  $("viewer-text").textContent = file.text || "(not text)";
  $("viewer").showModal();
}

export function wireInbox(refresh) {
  $("mail-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    const answer = { from: open.to, to: address(open.headers["Reply-To"]) ?? open.from, subject: `Re: ${open.subject}`, text: field.value };
    field.value = "";
    const { status } = await call("POST", "/control/email", answer);
    field.placeholder = status && status < 300 ? "Sent. Reply again" : `Not taken (${status ?? "no answer"})`;
    await refresh();
  });
}

const address = (header) => header && (/<([^>]+)>/.exec(header)?.[1] ?? header);
