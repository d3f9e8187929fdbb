/** Invented sample data for the mock: no person, shop or price in it is real. */

const ZONE = "America/Los_Angeles";
const DAY = 24 * 3600 * 1000;
const now = Date.now();
const at = (days, hourUtc, minutes = 0) => {
  const day = new Date(now + days * DAY);
  day.setUTCHours(hourUtc, minutes, 0, 0);
  return day.toISOString();
};
const ago = (minutes) => new Date(now - minutes * 60_000).toISOString();

const LOCATION = {
  name: "Sample Tint San Diego",
  timezone: ZONE,
  address: "100 Sample Street, San Diego, CA 92101",
  phone: "+1 619 555 0142",
};

const LABEL = new Intl.DateTimeFormat("en-US", { timeZone: ZONE, weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" });
const slot = (days, hourUtc) => {
  const start = at(days, hourUtc);
  return { start, end: at(days, hourUtc + 3), label: LABEL.format(new Date(start)), action: `slot:${days}-${hourUtc}` };
};
const SLOTS = [slot(2, 17), slot(2, 21), slot(3, 18)];
const ALL_SLOTS = [2, 3, 4, 5, 8, 9, 10].flatMap((days) => [16, 17, 18, 20, 21, 22, 23].map((hour) => slot(days, hour)));

const CAR = { year: 2021, make: "Tesla", model: "Model 3", vehicle_class: "sedan" };

const QUOTE = {
  id: "q1",
  vehicle: CAR,
  lines: [
    { label: "Ceramic film, full car (sedan)", amount_cents: 49900 },
    { label: "Windshield strip", amount_cents: 6000 },
  ],
  total_cents: 55900,
  kind: "exact",
  valid_until: at(14, 20),
};

const APPOINTMENT = {
  id: "a1",
  number: "A-1042",
  status: "booked",
  start: at(2, 17),
  end: at(2, 20),
  timezone: ZONE,
  service: { code: "ceramic-full", name: "Ceramic film, full car" },
  vehicle: CAR,
  total_cents: 55900,
  price: { kind: "exact", amount_cents: 55900 },
  location: LOCATION,
  manage_url: "/m/sample",
};

const ACTIONS = [
  { id: "see_prices", label: "See prices" },
  { id: "pick_time", label: "Pick a time" },
  { id: "ask", label: "Ask something" },
  { id: "person", label: "Talk to a person" },
];
const BOOKED_ACTIONS = [
  { id: "move", label: "Move" },
  { id: "cancel", label: "Cancel" },
  { id: "person", label: "Talk to a person" },
];

const GREETING =
  "Hi Jordan, this is the virtual assistant (AI) of Sample Tint San Diego. You asked about window tint for your 2021 Tesla Model 3. I can show prices and book a time right here, and a person can step in whenever you like.";

const HISTORY = [
  { author: "assistant", text: GREETING, created_at: ago(1460) },
  { author: "customer", text: "How much is ceramic for all windows?", created_at: ago(12) },
  { author: "assistant", text: "Here is your price for the sedan, film and labor included.", created_at: ago(12), parts: [{ kind: "quote", quote: QUOTE }] },
  { author: "customer", text: "Looks good. What times do you have?", created_at: ago(2) },
  { author: "assistant", text: "These are the next open times. Which one suits you?", created_at: ago(2), parts: [{ kind: "slots", timezone: ZONE, quote_id: "q1", slots: SLOTS }] },
];
const BOOKING = [
  { author: "customer", text: SLOTS[0].label, created_at: ago(1) },
  { author: "assistant", text: "You are booked. We have sent you a confirmation.", created_at: ago(1), parts: [{ kind: "appointment", appointment: APPOINTMENT }] },
];
const HANDOFF = [
  { author: "customer", text: "Can I talk to somebody about the warranty?", created_at: ago(1) },
  { author: "system", text: "Sam from the shop joined the conversation.", created_at: ago(1) },
  { author: "staff", text: "Hi Jordan, Sam here. Happy to help: what would you like to know?\nHere is our page: https://example.com/warranty.", created_at: ago(0) },
];

const TIERS = [
  { action: "service:classic-full", name: "Classic film, full car", price: { kind: "exact", amount_cents: 24900 }, duration_minutes: 150, differs: "Blocks glare, does not fade." },
  { action: "service:carbon-full", name: "Carbon film, full car", price: { kind: "exact", amount_cents: 34900 }, duration_minutes: 180, differs: "Keeps half of the heat out." },
  { action: "service:ceramic-full", name: "Ceramic film, full car", price: { kind: "exact", amount_cents: 49900 }, duration_minutes: 210, differs: "Keeps most of the heat out." },
];
const COMPARED = [
  { author: "customer", text: "See prices", created_at: ago(1) },
  { author: "assistant", text: "These are the options for your sedan.", created_at: ago(1), parts: [{ kind: "tiers", vehicle: CAR, tiers: TIERS }] },
];
const ES = [
  { author: "assistant", text: "¡Hola Jordan! Somos Sample Tint San Diego. ¿En qué le ayudo?", created_at: ago(4) },
  { author: "customer", text: "¿Cuánto cuesta?", created_at: ago(3) },
  { author: "assistant", text: "Su precio, con película y mano de obra.", created_at: ago(3), parts: [{ kind: "quote", quote: QUOTE }] },
  { author: "assistant", text: "Estas horas están libres.", created_at: ago(2), parts: [{ kind: "slots", timezone: ZONE, quote_id: "q1", slots: SLOTS }] },
];

const HISTORIES = {
  tiers: [...HISTORY.slice(0, 1), ...COMPARED],
  es: ES,
  new: HISTORY.slice(0, 1),
  booked: [...HISTORY, ...BOOKING],
  human: [...HISTORY.slice(0, 3), ...HANDOFF],
};

function scene(token) {
  const history = HISTORIES[token] ?? HISTORY;
  const booked = token === "booked";
  return {
    lead: { id: "l1", first_name: "Jordan", vehicle: { year: 2021, make: "Tesla", model: "Model 3", class: "sedan" }, interest: "Window tint" },
    location: LOCATION,
    conversation: {
      id: "c1",
      state: booked ? "booked" : "offer",
      owner: token === "human" ? "human" : "assistant",
      assistant: token === "basic" ? "offline" : "claude",
      language: token === "es" ? "es" : "en",
    },
    messages: history.map((message, index) => ({ seq: index + 1, id: `m${index + 1}`, ...message })),
    actions: booked ? BOOKED_ACTIONS : token === "human" ? [] : ACTIONS,
    ...(booked ? { appointment: APPOINTMENT } : {}),
  };
}

function manage(token) {
  const status = token === "cancelled" ? "cancelled" : "booked";
  const contact = { name_masked: "Jordan S.", email_masked: "j•••@example.com", phone_masked: "••• ••• 0123" };
  return { appointment: { ...APPOINTMENT, status, contact }, chat_url: "/c/booked" };
}

const labelOf = (action) =>
  [...ACTIONS, ...BOOKED_ACTIONS].find(({ id }) => id === action)?.label ?? SLOTS.find((one) => one.action === action)?.label ?? action;

const openTimes = () => ({ timezone: ZONE, slots: ALL_SLOTS.map(({ start, end, label }) => ({ start, end, label })) });

export const fixtures = { scene, manage, labelOf, openTimes };
